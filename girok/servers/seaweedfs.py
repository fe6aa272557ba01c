"""SeaweedFS as an S3 server."""

import json
import os
import secrets
import signal
from pathlib import Path

import msgspec

from girok.servers.process import ServerProcess, answers
from girok.servers.programs import script

__all__ = ["S3Keys", "keys_of", "seaweedfs"]

_OTHERS = ("master", "volume", "filer")


class S3Keys(msgspec.Struct, frozen=True):
    """`s3.access_key` and `s3.secret_key`."""

    access: str
    secret: str


def seaweedfs(folder: Path, port: int) -> ServerProcess:
    """An S3 server; `url` is `s3.endpoint`, `keys_of` the same folder has its keys. Raises ServerMissing.

    It takes eight ports: this one and the next three, and each of them plus 10000. It is killed rather than asked to
    end, for which it takes half a minute.
    """
    keys_of(folder)
    ports = {name: port + number for number, name in enumerate(_OTHERS, start=1)}
    command = [script("weed"), "-logtostderr", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    options = ["-s3", f"-s3.port={port}", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    room = ["-master.volumeSizeLimitMB=64", "-volume.max=0"]
    # A master that was there before waits for others to vote, and reports to its makers, unless told not to.
    alone = ["-master.electionTimeout=1s", "-master.telemetry=false"]
    others = ["-filer", *(f"-{name}.port={number}" for name, number in ports.items())]
    return ServerProcess(
        "SeaweedFS",
        [*command, *options, *others, *room, *alone],
        folder=folder,
        url=f"http://127.0.0.1:{port}",
        ready=lambda: answers(port, b"GET /healthz HTTP/1.0\r\n\r\n", b"HTTP/1.0 200"),
        last_signal=signal.SIGKILL,
    )


def keys_of(folder: Path) -> S3Keys:
    """The keys of the server in `folder`, made the first time and kept there."""
    path = folder / "s3.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        made = {"accessKey": "girok", "secretKey": secrets.token_hex(20)}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        text = json.dumps({"identities": [{"name": "girok", "credentials": [made], "actions": actions}]})
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
    made = json.loads(path.read_text())["identities"][0]["credentials"][0]
    return S3Keys(made["accessKey"], made["secretKey"])
