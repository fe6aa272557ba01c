"""The sections of what a cluster is made of: servers, and how its processes find and trust one another."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, cast

import msgspec
from msgspec import Meta

from girok.manifest import Manifest
from girok.settings import Section, Settings, Wrong

__all__ = [
    "CLUSTER_SECTIONS",
    "S3",
    "Cluster",
    "Database",
    "Grpc",
    "Mongo",
    "Nats",
    "Peers",
    "StoreChoice",
    "Valkey",
    "peers_section",
]

_SHORTEST_SECRET = 16
Address = Annotated[
    str, Meta(pattern=r"^(?:\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):\d{1,5}\Z", extra={"form": "an address like host:50051"})
]


class Nats(Section, frozen=True):
    """NATS JetStream: set, it makes this process a part of a cluster."""

    section: ClassVar[str] = "nats"

    url: Annotated[
        str,
        Meta(
            pattern=r"^(?:(?:nats|tls|ws|wss)://\S+)?\Z",
            extra={"form": "a URL like nats://host:4222, or empty"},
            description="The server, as nats://host:4222. Empty: one box.",
        ),
    ] = ""


class Database(Section, frozen=True):
    """PostgreSQL. Without it the store is SQLite in the data directory."""

    section: ClassVar[str] = "database"

    url: Annotated[
        str,
        Meta(
            pattern=r"^(?:postgres(?:ql)?://\S+)?\Z",
            extra={"form": "a URL like postgresql://user:password@host:5432/girok, or empty"},
            description="The server, as postgresql://user:password@host:5432/girok. A cluster needs it.",
        ),
    ] = ""
    connections: Annotated[int, Meta(ge=2, le=1000, description="Connections that this process opens at the most.")] = (
        10
    )


class Valkey(Section, frozen=True):
    """Valkey (or Redis): what a cluster's processes share and may lose."""

    section: ClassVar[str] = "valkey"

    url: Annotated[
        str,
        Meta(
            pattern=r"^(?:(?:valkey|redis)s?://\S+)?\Z",
            extra={"form": "a URL like valkey://host:6379, or empty"},
            description="The server, as valkey://host:6379. A cluster needs it.",
        ),
    ] = ""


class Mongo(Section, frozen=True):
    """MongoDB, for the roles that are told to store there (`store = "mongo"` in their sections)."""

    section: ClassVar[str] = "mongo"

    url: Annotated[
        str,
        Meta(
            pattern=r"^(?:mongodb(?:\+srv)?://\S+)?\Z",
            extra={"form": "a URL like mongodb://user:password@host:27017/girok, or empty"},
            description="The server and the database, as mongodb://user:password@host:27017/girok.",
        ),
    ] = ""


class StoreChoice(Section, frozen=True):
    """What the section of a role derives from that can keep its own data on SQL or on MongoDB."""

    store: Annotated[
        Literal["sql", "mongo"], Meta(description="Where it is stored: `sql` (SQLite, PostgreSQL) or `mongo`.")
    ] = "sql"


class S3(Section, frozen=True):
    """An S3 server for objects. Without it they are files in the data directory."""

    section: ClassVar[str] = "s3"

    endpoint: Annotated[
        str,
        Meta(
            pattern=r"^(?:https?://\S+)?\Z",
            extra={"form": "a URL like http://host:9000, or empty"},
            description="The server as girok reaches it, as http://host:9000. A cluster needs it.",
        ),
    ] = ""
    public_endpoint: Annotated[
        str,
        Meta(
            pattern=r"^(?:https?://\S+)?\Z",
            extra={"form": "a URL like https://s3.example.com, or empty"},
            description="The server as clients reach it; empty: `endpoint`.",
        ),
    ] = ""
    region: Annotated[str, Meta(min_length=1, description="The region that requests are signed for.")] = "us-east-1"
    access_key: Annotated[str, Meta(description="The access key.")] = ""
    secret_key: Annotated[str, Meta(extra={"secret": True}, description="The secret key.")] = ""


class Cluster(Section, frozen=True):
    """How the processes of a cluster trust one another."""

    section: ClassVar[str] = "cluster"

    secret: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="What every call between processes carries, the same in all of them; 16 characters or more.",
        ),
    ] = ""
    tls_cert: Annotated[str, Meta(description="PEM file: this process' certificate. All three make calls mTLS.")] = ""
    tls_key: Annotated[str, Meta(description="PEM file: the key of that certificate.")] = ""
    tls_ca: Annotated[str, Meta(description="PEM file: the authority that signed the certificates of all.")] = ""

    def check(self, settings: Settings) -> Iterator[Wrong]:
        """A cluster has a secret, and TLS in full or not at all."""
        if settings.get(Nats).url and len(self.secret) < _SHORTEST_SECRET:
            yield Wrong("secret", f"must be set in a cluster (nats.url), to {_SHORTEST_SECRET} characters or more")
        files = {"tls_cert": self.tls_cert, "tls_key": self.tls_key, "tls_ca": self.tls_ca}
        if any(files.values()):
            yield from (
                Wrong(name, "must be set, as the other tls files are") for name, each in files.items() if not each
            )


class Grpc(Section, frozen=True):
    """The gRPC listener of a process in a cluster."""

    section: ClassVar[str] = "grpc"

    host: Annotated[str, Meta(min_length=1, description="The address to listen on.")] = "127.0.0.1"
    port: Annotated[
        int, Meta(ge=0, le=65535, description="The port to listen on; 0: that of the first role with one.")
    ] = 0
    advertise: Annotated[
        str, Meta(description="The host that other processes reach this one at; empty: this machine's address.")
    ] = ""


CLUSTER_SECTIONS: tuple[type[Section], ...] = (Nats, Database, Valkey, Mongo, S3, Cluster, Grpc)
"""In the order in which people read them."""


class Peers(Section, frozen=True):
    """Where roles are, as host:port of their gRPC. A role without an entry is found through NATS."""

    section: ClassVar[str] = "peers"


def peers_section(manifests: Mapping[str, Manifest]) -> type[Peers]:
    """The type of `[peers]`: a key for each role that serves gRPC."""
    fields = [
        (name, Annotated[tuple[Address, ...], Meta(description=f"Addresses of {name}.")], ())
        for name, manifest in manifests.items()
        if manifest.grpc_port
    ]
    made = msgspec.defstruct(
        "PeersSection", fields, bases=(Peers,), namespace={"__doc__": Peers.__doc__}, frozen=True, kw_only=True
    )
    return cast("type[Peers]", made)
