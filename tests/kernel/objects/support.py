"""What the tests of the objects need: a clock that stands still, bodies, an app and a real server around the store."""

import asyncio
import hashlib
import os
import socket
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from girok.clock import SystemClock
from girok.http.body_limits import BodyLimits
from girok.http.cors import Cors, Origins
from girok.http.edge import Edge
from girok.http.problems import exception_handlers
from girok.objects.files import FileObjects
from girok.objects.http import routes
from girok.telemetry.metrics import Metrics

KEY = bytes(range(32))
BASE_URL = "http://files.test"
WEB_ORIGIN = "https://web.test"


class FixedClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def open_store(root: Path, clock: FixedClock | None = None, base_url: str = BASE_URL) -> FileObjects:
    """A store on `root`."""
    return FileObjects(root, base_url=base_url, key=KEY, clock=clock or FixedClock())


async def body(*pieces: bytes) -> AsyncGenerator[bytes, None]:
    """A body in these pieces."""
    for piece in pieces:
        yield piece


async def endless(first: bytes) -> AsyncGenerator[bytes, None]:
    """A body whose client stands still after `first`."""
    yield first
    await asyncio.Event().wait()


def content_of(key: str) -> bytes:
    """Up to 700 KB that only this key has: what is stored under it can be checked without being told."""
    digest = hashlib.sha256(key.encode()).digest()
    return digest * (int.from_bytes(digest[:2]) // 3)


async def put(store: FileObjects, bucket: Any, key: str, content: bytes, mime_type: str = "image/png") -> None:
    """Store `content` in one piece."""
    await store.put(bucket, key, body(content), mime_type=mime_type, max_size=len(content))


async def content(store: FileObjects, bucket: Any, key: str) -> bytes:
    """All that is stored there."""
    return b"".join([piece async for piece in store.read(bucket, key)])


def files_under(root: Path) -> list[str]:
    """Every file on the disk, as paths relative to `root`."""
    found: Iterable[Path] = (Path(folder) / name for folder, _, names in os.walk(root) for name in names)
    return sorted(str(path.relative_to(root)) for path in found)


def open_descriptors() -> int:
    """How many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def app_of(store: FileObjects, stall_seconds: float = 60.0) -> Edge:
    """The routes behind the edge, as girok serves them; WEB_ORIGIN may call it."""
    clock = SystemClock()
    litestar = Litestar(
        routes(store, stall_seconds=stall_seconds), openapi_config=None, exception_handlers=exception_handlers(clock)
    )
    cors = Cors(Origins([WEB_ORIGIN], development=True))
    return Edge(
        litestar, cors=cors, metrics=Metrics(version="0", roles=()), clock=clock, limits=BodyLimits(litestar, 1_048_576)
    )


def reason_of(problem: bytes) -> str:
    """The reason of an error's body."""
    return msgspec.json.decode(problem)["type"].removeprefix("urn:girok:problem:")


@asynccontextmanager
async def serving(app: Any) -> AsyncGenerator[int, None]:
    """The app behind a real server, by its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not await _answers(port):
            await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        server.stop()
        await running


async def _answers(port: int) -> bool:
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False
