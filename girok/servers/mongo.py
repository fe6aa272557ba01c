"""A MongoDB for a developer's machine and for tests: nx-27017, which is SQLite behind MongoDB's wire.

It shows that queries and updates are what MongoDB takes, and that what is stored outlives a kill. It shows nothing of
how a MongoDB behaves under concurrent writers, without its primary or with much data: every command is run alone and
scans its collection. A real one comes by `mongo.url`, for tests by GIROK_TEST_MONGO_URL.
"""

import struct
import sys
from pathlib import Path

from girok.servers.process import ServerProcess, answers
from girok.servers.programs import within

__all__ = ["mongo"]


def mongo(folder: Path, port: int) -> ServerProcess:
    """A server that speaks MongoDB's wire protocol; `url` is `mongo.url`, its database is `girok`.

    Raises ServerMissing.
    """
    within("nx_27017", "nx_27017.py")
    files = {"--data-dir": "data", "--log-file": "nx.log", "--pid-file": "nx.pid"}
    return ServerProcess(
        "MongoDB",
        [
            *(sys.executable, "-m", "girok.servers.serial_nx", "--host", "127.0.0.1", "--port", str(port)),
            *(word for option, name in files.items() for word in (option, str(folder / name))),
        ],
        folder=folder,
        url=f"mongodb://127.0.0.1:{port}/girok",
        ready=lambda: answers(port, _hello(), b"maxWireVersion"),
    )


def _hello() -> bytes:
    """The message {hello: 1, $db: "admin"}: OP_MSG of the wire protocol with one document of BSON."""
    fields = b"\x10hello\0" + struct.pack("<i", 1) + b"\x02$db\0" + struct.pack("<i", 6) + b"admin\0"
    document = struct.pack("<i", len(fields) + 5) + fields + b"\0"
    body = struct.pack("<i", 0) + b"\0" + document
    return struct.pack("<iiii", len(body) + 16, 1, 0, 2013) + body
