"""The table that the engine's tests write to, their statements, and how they wait."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import TypeVar

from piccolo.columns import Boolean, Integer, Text, Timestamptz, Varchar

from girok.db.database import Database
from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import Sql, prepare
from girok.db.table import Table
from girok.db.unit import Unit, execute

T = TypeVar("T")

CREATE = """CREATE TABLE IF NOT EXISTS test_note (
    id VARCHAR(36) NOT NULL PRIMARY KEY, text TEXT NOT NULL, likes INTEGER NOT NULL DEFAULT 0,
    pinned BOOLEAN NOT NULL DEFAULT FALSE, created_at TIMESTAMPTZ)"""
NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
COUNT_TO = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT count(*) AS n FROM n"
LONG = 2_000_000
"""COUNT_TO this takes some tenths of a second."""
FOREVER = 2**62


class Note(Table, tablename="test_note"):
    id = Varchar(36, primary_key=True)
    text = Text()
    likes = Integer()
    pinned = Boolean()
    created_at = Timestamptz(null=True)


ADD = prepare(lambda p: Note.insert(Note(id=p.id, text=p.text, likes=0, pinned=False, created_at=NOON)))
GET = prepare(lambda p: Note.select().where(Note.id == p.id))
LIKE = prepare(lambda p: Note.raw("UPDATE test_note SET likes = likes + 1 WHERE id = {} RETURNING likes", p.id))
IDS = prepare(lambda _: Note.raw("SELECT id FROM test_note ORDER BY id"))


def add(note_id: object, text: object = "") -> Unit[None]:
    """A unit that adds one note."""
    return execute(ADD(id=note_id, text=text))


async def ids(db: Database) -> list[str]:
    """The notes that are stored."""
    return [row["id"] for row in await db.fetch(IDS())]


async def opened(db: SQLiteDatabase) -> SQLiteDatabase:
    """`db`, open and with the table."""
    await db.open()
    await db.execute_script(CREATE)
    return db


async def turns_while(work: Awaitable[T]) -> tuple[T, int]:
    """What `work` gives, and how often the loop turned (once a millisecond at the most) while it ran."""
    task = asyncio.ensure_future(work)
    turns = 0
    while not task.done():
        await asyncio.wait({task}, timeout=0.001)
        turns += 1
    return task.result(), turns


def count_to(limit: int) -> Sql:
    """A statement that takes as long as `limit` is high."""
    return Sql(COUNT_TO, [limit])
