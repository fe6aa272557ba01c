"""A database for the engine's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from girok.db.sqlite import SQLiteDatabase
from tests.kernel.db.notes import opened


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    """An open one with the table of notes."""
    found = await opened(SQLiteDatabase(tmp_path / "girok.db"))
    yield found
    await found.close()
