"""Databases of a MongoDB for tests, so that one server is enough for all of them.

With GIROK_TEST_MONGO_URL that server is a real one; without it nx-27017, which proves queries and not concurrency.
"""

import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

from pymongo import AsyncMongoClient

from girok.servers.mongo import mongo
from girok.testing.servers import started

__all__ = ["mongo_server", "new_database"]


@asynccontextmanager
async def mongo_server() -> AsyncGenerator[str, None]:
    """The URL of a server that answers."""
    if url := os.environ.get("GIROK_TEST_MONGO_URL"):
        yield url
        return
    async with started(mongo) as server:
        yield server.url


@asynccontextmanager
async def new_database(url: str) -> AsyncGenerator[str, None]:
    """The URL of an empty database of a server; dropped at the end."""
    name = f"test_{secrets.token_hex(8)}"
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        async with AsyncMongoClient[dict[str, object]](url) as client:
            await client.drop_database(name)
