"""What the suites of ports share."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from girok.servers.nats import nats
from girok.servers.process import ServerProcess
from girok.testing.postgres import new_schema
from girok.testing.servers import started
from tests.kernel.events.consumers import Open
from tests.kernel.events.stage import stage

Place = tuple[Path | str, str]
"""Where the store is, and the URL of NATS, empty in one box."""


@asynccontextmanager
async def _on_sqlite(folder: Path) -> AsyncGenerator[Place, None]:
    yield folder, ""


@asynccontextmanager
async def _on_postgres(server: ServerProcess) -> AsyncGenerator[Place, None]:
    async with new_schema(server) as database:
        yield database, ""


@asynccontextmanager
async def _cluster(server: ServerProcess) -> AsyncGenerator[Place, None]:
    async with new_schema(server) as database, started(nats) as messages:
        yield database, messages.url


@pytest.fixture(params=["sqlite", "postgres", "cluster"])
def place(request: pytest.FixtureRequest) -> AbstractAsyncContextManager[Place]:
    """Each place of a bus in turn: one box on either store, and a cluster."""
    if request.param == "sqlite":
        return _on_sqlite(request.getfixturevalue("tmp_path"))
    server = request.getfixturevalue("postgres_server")
    return _cluster(server) if request.param == "cluster" else _on_postgres(server)


@pytest.fixture
async def opened(place: AbstractAsyncContextManager[Place]) -> AsyncIterator[Open]:
    """Opens a stage with the bus under test: `opened(consumers, settings=..., start=...)`."""
    async with place as (store, url):
        yield lambda consumers, **options: stage(store, consumers, nats=url, **options)
