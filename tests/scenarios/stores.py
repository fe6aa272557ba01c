"""Every store that a girok has, searched for words: what is found, by the name of the table, collection or stream."""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import nats
from nats.js.errors import NotFoundError
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from girok.servers.process import ServerProcess
from tests.scenarios.remains import among, in_tables

__all__ = ["in_files", "in_jetstream", "in_mongo", "in_postgres", "in_sqlite", "in_valkey"]

Found = dict[str, set[str]]


async def in_sqlite(path: Path, words: Collection[str]) -> Found:
    """By table. No girok runs on the file."""
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row

        async def fetch(query: str) -> list[dict[str, Any]]:
            return [dict(row) for row in db.execute(query)]

        return await in_tables(fetch, "sqlite", words)


async def in_postgres(url: str, words: Collection[str]) -> Found:
    """By table."""
    connection = await asyncpg.connect(url)
    try:

        async def fetch(query: str) -> list[dict[str, Any]]:
            return [dict(row) for row in await connection.fetch(query)]

        return await in_tables(fetch, "postgres", words)
    finally:
        await connection.close()


async def in_mongo(url: str, words: Collection[str]) -> Found:
    """By collection."""
    async with AsyncMongoClient[dict[str, Any]](url) as client:
        database = client.get_default_database()
        names = await database.list_collection_names()
        assert names
        return _held({name: among(await database[name].find().to_list(), words) for name in names})


async def in_valkey(server: ServerProcess, words: Collection[str]) -> dict[int, set[str]]:
    """By the seconds after which they are gone; -1 for never."""
    found: dict[int, set[str]] = {}
    async with Redis.from_url(server.url.replace("valkey://", "redis://")) as valkey:
        keys = [key async for key in valkey.scan_iter()]
        assert keys
        for key in keys:
            value = await valkey.dump(key)
            found.setdefault(await valkey.ttl(key), set()).update(among([key, value], words))
    return {seconds: held for seconds, held in found.items() if held}


async def in_jetstream(server: ServerProcess, words: Collection[str]) -> dict[tuple[str, float], set[str]]:
    """By stream and the days that it keeps a message."""
    client = await nats.connect(server.url)
    try:
        jetstream = client.jetstream()
        found: dict[tuple[str, float], set[str]] = {}
        for stream in await jetstream.streams_info():
            name, days = stream.config.name or "", (stream.config.max_age or 0) / 86_400
            messages = [
                await _message(jetstream, name, number)
                for number in range(max(stream.state.first_seq, 1), stream.state.last_seq + 1)
            ]
            found[name, days] = among(messages, words)
        return {stream: held for stream, held in found.items() if held}
    finally:
        await client.close()


def in_files(folder: Path, words: Collection[str]) -> Found:
    """By folder or file directly below. Not SQLite's: what was deleted stays in there until it is overwritten."""
    found: Found = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("girok.db"):
            held = among([path.name, path.read_bytes()], words)
            found.setdefault(path.relative_to(folder).parts[0], set()).update(held)
    return _held(found)


async def _message(jetstream: Any, stream: str, number: int) -> bytes:
    try:
        return (await jetstream.get_msg(stream, number)).data or b""
    except NotFoundError:
        return b""


def _held(found: Found) -> Found:
    return {name: held for name, held in found.items() if held}
