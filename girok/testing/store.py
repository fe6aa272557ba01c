"""The store of a test: SQLite in its folder or, with GIROK_TEST_DATABASE=postgres, a schema that is the folder's."""

import hashlib
from pathlib import Path

from girok.db.database import Store
from girok.db.postgres import PostgresDatabase
from girok.db.sqlite import SQLiteDatabase
from girok.servers.process import ServerProcess
from girok.testing.postgres import execute

__all__ = ["store_in", "store_url", "use_postgres"]

_servers: list[ServerProcess] = []


def use_postgres(server: ServerProcess) -> None:
    """From now on stores are schemas of this server's database."""
    _servers.append(server)


async def store_url(folder: Path) -> str:
    """`database.url` for the store of `folder`, empty for SQLite; what was stored there is still there."""
    for server in _servers:
        schema = f"test_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
        await execute(server, f"CREATE SCHEMA IF NOT EXISTS {schema}")
        return f"{server.url}?search_path={schema}"
    return ""


async def store_in(folder: Path) -> Store:
    """The store of `folder`, open."""
    url = await store_url(folder)
    db = PostgresDatabase(url, connections=5) if url else SQLiteDatabase(folder / "girok.db")
    await db.open()
    return db
