"""What `girok up` starts and where: servers and roles, each with its ports and its folder in the data directory."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from girok.keys import FileKeys
from girok.manifest import Manifest
from girok.sections_cluster import StoreChoice
from girok.servers.mongo import mongo
from girok.servers.nats import nats
from girok.servers.postgres import postgres
from girok.servers.process import ServerProcess, answers
from girok.servers.seaweedfs import keys_of, seaweedfs
from girok.servers.valkey import valkey

__all__ = ["Layout", "Place", "lay_out", "ports_of"]

_SERVERS: dict[str, tuple[Callable[[Path, int], ServerProcess], tuple[int, ...]]] = {
    "NATS": (nats, (4222,)),
    "Valkey": (valkey, (6379,)),
    "PostgreSQL": (postgres, (5432,)),
    "SeaweedFS": (seaweedfs, (9000, 9001, 9002, 9003, 19_000, 19_001, 19_002, 19_003)),
}
"""How each is made, and its ports: the one that its clients use first. SeaweedFS is the S3 server."""
_MONGO_PORT = 27017


class Place(msgspec.Struct, frozen=True):
    """A process and what it listens on: the port that people use first."""

    name: str
    ports: tuple[int, ...]
    process: ServerProcess


class Layout(msgspec.Struct, frozen=True):
    """All processes. Servers stand before the roles and outlast them."""

    servers: tuple[Place, ...]
    roles: tuple[Place, ...]


def lay_out(
    manifests: Mapping[str, Manifest],
    data: Path,
    *,
    offset: int = 0,
    on_mongo: bool = False,
    arguments: Sequence[str] = (),
) -> Layout:
    """The cluster in `data`, `offset` added to every port; `arguments` are given to every role's process.

    With `on_mongo` the roles that can keep their data on MongoDB do. Raises ServerMissing without the extra `cluster`.
    """
    servers = tuple(
        Place(name, tuple(port + offset for port in ports), make(data / "servers" / name.lower(), ports[0] + offset))
        for name, (make, ports) in _SERVERS.items()
    )
    env = _environment(data, *(each.process.url for each in servers))
    if on_mongo:
        port = _MONGO_PORT + offset
        process = mongo(data / "servers" / "mongo", port)
        servers = (*servers, Place("MongoDB", (port,), process))
        env |= {"GIROK_MONGO_URL": process.url, **_stored_on_mongo(manifests)}
    roles = [_role(each, data / each.name, offset, arguments, env) for each in manifests.values()]
    return Layout(servers, tuple(roles))


def ports_of(manifests: Mapping[str, Manifest], offset: int = 0) -> list[int]:
    """Every port of the cluster, MongoDB's included."""
    roles = [port for each in manifests.values() for port in (each.http_port, each.grpc_port) if port]
    servers = [port for _, ports in _SERVERS.values() for port in ports]
    return [port + offset for port in (*roles, *servers, _MONGO_PORT)]


def _environment(data: Path, nats_url: str, valkey_url: str, database_url: str, s3_url: str) -> dict[str, str]:
    """What leads a role's process to the servers and to the other roles."""
    keys = keys_of(data / "servers" / "seaweedfs")
    return {
        "GIROK_NATS_URL": nats_url,
        "GIROK_VALKEY_URL": valkey_url,
        "GIROK_DATABASE_URL": database_url,
        "GIROK_S3_ENDPOINT": s3_url,
        "GIROK_S3_ACCESS_KEY": keys.access,
        "GIROK_S3_SECRET_KEY": keys.secret,
        "GIROK_CLUSTER_SECRET": FileKeys(data / "keys").get("cluster").hex(),
    }


def _stored_on_mongo(manifests: Mapping[str, Manifest]) -> dict[str, str]:
    """What tells the roles that can do so to keep their data there."""
    sections = [each.settings for each in manifests.values() if each.settings is not None]
    return {f"GIROK_{each.section.upper()}_STORE": "mongo" for each in sections if issubclass(each, StoreChoice)}


def _role(manifest: Manifest, folder: Path, offset: int, arguments: Sequence[str], env: dict[str, str]) -> Place:
    http, grpc = manifest.http_port + offset, manifest.grpc_port + offset if manifest.grpc_port else 0
    command = [sys.executable, "-m", "girok", "run", "--roles", manifest.name, "--data", str(folder), *arguments]
    process = ServerProcess(
        manifest.name,
        [*command, "--port", str(http), *(["--grpc-port", str(grpc)] if grpc else [])],
        folder=folder,
        url=f"http://127.0.0.1:{http}",
        # "degraded" is not enough: then it does not know all the others yet.
        ready=lambda: answers(http, b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n", b'"status":"ready"'),
        env=env,
    )
    return Place(manifest.name, (http, grpc) if grpc else (http,), process)
