"""A stage of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from girok.db.database import Store
from girok.db.migrations import migrate
from girok.testing.mongo import new_database
from girok.testing.store import store_in
from tests.kernel.mongo.stage import Stage, opened


@pytest.fixture
async def database_url(mongo_url: str) -> AsyncIterator[str]:
    """An empty database of the MongoDB of all tests."""
    async with new_database(mongo_url) as url:
        yield url


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Store]:
    """The SQL store."""
    opened_store = await store_in(tmp_path)
    await migrate(opened_store, ["girok"])
    yield opened_store
    await opened_store.close()


@pytest.fixture
async def on(database_url: str, db: Store) -> AsyncIterator[Stage]:
    """The stage."""
    async with opened(database_url, db) as stage:
        yield stage
