"""Real servers for a test, each on a free port and in a temporary folder of its own."""

import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import randrange

from girok.servers.process import ServerProcess

__all__ = ["free_block", "is_free", "started"]


def free_block(size: int, step: int) -> int:
    """A port p that is free, as are p + 1 ... p + size - 1, and each of them plus `step`."""
    while True:
        first = randrange(20_000, 32_000)
        if all(is_free(first + number + far) for number in range(size) for far in (0, step)):
            return first


@asynccontextmanager
async def started(make: Callable[[Path, int], ServerProcess], *, block: int = 1) -> AsyncGenerator[ServerProcess, None]:
    """A server that answers, killed at the end: `started(nats)`, `started(seaweedfs, block=4)`."""
    folder = Path(tempfile.mkdtemp(prefix="girok-"))
    server = make(folder / "server", free_block(block, 10_000))
    try:
        await server.start()
        yield server
    finally:
        await server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of the loopback address."""
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False
