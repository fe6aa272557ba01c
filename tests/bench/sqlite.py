"""The SQLite engine beside Piccolo's own, same queries: selects in turn, and inserts with 32 in flight.

Everybody runs at `synchronous=FULL` on a file in WAL mode, on uvloop. Each run is a process of its own, since Piccolo
sets its value converters, and our engine other ones, for a whole process. Piccolo's engine opens a connection a query.
"""

import asyncio
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from piccolo.columns import Boolean, Integer, Text, Timestamptz, Varchar

from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import prepare
from girok.db.table import Table, bound_to
from girok.db.unit import execute

ROUNDS = 5
IN_FLIGHT = 32
ROWS = 1000
CREATE = """CREATE TABLE bench_note (
    id VARCHAR(36) NOT NULL PRIMARY KEY, author_id VARCHAR(36) NOT NULL, text TEXT NOT NULL,
    like_count INTEGER NOT NULL, pinned BOOLEAN NOT NULL, created_at TIMESTAMPTZ NOT NULL)"""
NOW = datetime(2026, 11, 24, 8, 0, 0, 123456, tzinfo=UTC)
PICCOLO, API, PREPARED = "Piccolo's SQLiteEngine", "girok under Piccolo's API", "girok, prepared statements"
GOALS = {"select": 8, "insert": 20}


class Note(Table, tablename="bench_note"):
    """What is selected and inserted."""

    id = Varchar(36, primary_key=True)
    author_id = Varchar(36)
    text = Text()
    like_count = Integer()
    pinned = Boolean()
    created_at = Timestamptz()


Read = Callable[[str], Awaitable[Any]]
Write = Callable[[str], Awaitable[Any]]

SELECT = prepare(lambda p: Note.select().where(Note.id == p.id))
INSERT = prepare(lambda p: Note.insert(note(p.id)))


def note(note_id: Any) -> Note:
    """A row."""
    return Note(id=note_id, author_id="a" * 36, text="hello world " * 8, like_count=3, pinned=True, created_at=NOW)


async def select(note_id: str) -> Any:
    """The Piccolo query, whatever engine runs it."""
    return await Note.select().where(Note.id == note_id)


async def insert(note_id: str) -> Any:
    """The Piccolo query, whatever engine runs it."""
    return await Note.insert(note(note_id))


def keys(prefix: str, count: int) -> Iterator[str]:
    """`count` ids."""
    return (f"{prefix}{number:035}" for number in range(count))


async def measure(read: Read, write: Write, scale: int) -> dict[str, float]:
    """Selects a second, one after another; inserts a second, 32 in flight. `scale` makes the fast run long enough."""
    for each in keys("0", ROWS):
        await write(each)
    begin = time.perf_counter()
    for _ in range(scale):
        for each in keys("0", ROWS):
            await read(each)
    selects = ROWS * scale / (time.perf_counter() - begin)
    waiting = keys("1", ROWS * scale)

    async def writer() -> None:
        for each in waiting:
            await write(each)

    begin = time.perf_counter()
    await asyncio.gather(*(writer() for _ in range(IN_FLIGHT)))
    return {"select": selects, "insert": ROWS * scale / (time.perf_counter() - begin)}


async def piccolo(path: Path) -> dict[str, float]:
    """Piccolo's engine as it comes; the file is in WAL mode already, and FULL is SQLite's default."""
    from piccolo.engine.sqlite import SQLiteEngine

    Note._meta.db = SQLiteEngine(path=str(path))
    return await measure(select, insert, 1)


async def api(path: Path) -> dict[str, float]:
    """Our engine, Piccolo compiling every query."""
    db = SQLiteDatabase(path)
    await db.open()
    with bound_to(db):
        measured = await measure(select, insert, 5)
    await db.close()
    return measured


async def prepared(path: Path) -> dict[str, float]:
    """Our engine, queries compiled once: what the plugins do."""
    db = SQLiteDatabase(path)
    await db.open()

    async def read(note_id: str) -> Any:
        return await db.fetch(SELECT(id=note_id))

    async def write(note_id: str) -> Any:
        return await db.run(lambda: execute(INSERT(id=note_id)))

    measured = await measure(read, write, 10)
    await db.close()
    return measured


CONTESTANTS = {PICCOLO: piccolo, API: api, PREPARED: prepared}


def contest(name: str) -> None:
    """One run of one contestant, in this process; prints what it measured as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(CREATE)
        connection.close()
        print(json.dumps(uvloop.run(CONTESTANTS[name](path))))


def main() -> None:
    """Five rounds of all three in turn, the medians, and their ratios to Piccolo's."""
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
    load = [os.getloadavg()[0]]
    for _ in range(ROUNDS):
        for name, runs in seen.items():
            command = [sys.executable, "-m", "tests.bench.sqlite", name]
            runs.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        load.append(os.getloadavg()[0])
    print(
        f"\nsqlite: select by key in turn, insert with {IN_FLIGHT} in flight; FULL, WAL; a second, median of {ROUNDS}"
    )
    print(
        f"  Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores, load "
        f"{min(load):.1f} to {max(load):.1f}"
    )
    for what, goal in GOALS.items():
        medians = {name: statistics.median(run[what] for run in runs) for name, runs in seen.items()}
        for name, rate in medians.items():
            print(f"  {what:7} {name:28} {rate:9,.0f}/s {rate / medians[PICCOLO]:6.1f} times   at least {goal}")


if __name__ == "__main__":
    contest(sys.argv[1])
