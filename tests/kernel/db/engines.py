"""Both engines, each on an empty database of its own: `@pytest.fixture(params=ENGINES)`."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from girok.db.database import Store
from girok.db.postgres import PostgresDatabase
from girok.db.sqlite import SQLiteDatabase
from girok.servers.process import ServerProcess
from girok.testing.postgres import new_schema

Opening = AbstractAsyncContextManager[Store]


@asynccontextmanager
async def on_sqlite(folder: Path) -> AsyncGenerator[SQLiteDatabase, None]:
    """A file in `folder`."""
    db = SQLiteDatabase(folder / "girok.db")
    await db.open()
    yield db
    await db.close()


@asynccontextmanager
async def on_postgres(server: ServerProcess, connections: int = 6) -> AsyncGenerator[PostgresDatabase, None]:
    """A schema of its own on `server`."""
    async with new_schema(server) as url:
        db = PostgresDatabase(url, connections=connections)
        await db.open()
        yield db
        await db.close()


ENGINES: Mapping[str, Callable[[pytest.FixtureRequest], Opening]] = {
    "sqlite": lambda request: on_sqlite(request.getfixturevalue("tmp_path")),
    "postgres": lambda request: on_postgres(request.getfixturevalue("postgres_server")),
}
