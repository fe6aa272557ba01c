"""A database for the engine's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from girok.db.database import Store
from girok.db.sqlite import SQLiteDatabase
from girok.servers.process import ServerProcess
from tests.kernel.db.engines import ENGINES, Opening
from tests.kernel.db.notes import opened


@pytest.fixture(params=ENGINES)
def opening(request: pytest.FixtureRequest) -> Opening:
    """Each engine in turn."""
    return ENGINES[request.param](request)


@pytest.fixture
async def store(opening: Opening) -> AsyncIterator[Store]:
    """An open and empty one of that engine."""
    async with opening as opened:
        yield opened


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    """An open one with the table of notes."""
    found = await opened(SQLiteDatabase(tmp_path / "girok.db"))
    yield found
    await found.close()


@pytest.fixture
async def mortal_server(postgres_server: ServerProcess) -> AsyncIterator[ServerProcess]:
    """The server of all tests, for one that kills or pauses it."""
    yield postgres_server
    if postgres_server.running:
        postgres_server.go_on()
    else:
        await postgres_server.start()
