"""What the tests of events play on: a real SQLite database with the outbox, a table of effects and a bus."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from girok.clock import Clock, SystemClock, Uuid7Factory
from girok.db.database import Database, StoreUnavailable
from girok.db.migrations import migrate
from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import Row, Sql, Statement
from girok.db.unit import Unit, UnitFactory, emit, execute
from girok.events.consumer import Consumer, Delivery
from girok.events.event import Event
from girok.events.local_bus import LocalBus
from girok.events.outbox import Outbox
from girok.sections import Events

QUICK = Events(retry_seconds=0.01, max_deliver=3)


class Liked(Event, frozen=True):
    subject: ClassVar[str] = "test.post.liked"
    post_id: str


class Ignored(Event, frozen=True):
    subject: ClassVar[str] = "test.nobody.cares"


class HandClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 5, 8, 0, 0, 123456, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class FaultyDatabase:
    """The database behind a cable that a test can pull."""

    def __init__(self, db: Database) -> None:
        self.dialect = db.dialect
        self.reads = 0
        self.unplugged = asyncio.Event()
        self.readable = True
        self.writable = True
        self._db = db

    async def fetch(self, statement: Statement) -> list[Row]:
        self.reads += 1
        if not self.readable:
            self.unplugged.set()
            raise StoreUnavailable
        return await self._db.fetch(statement)

    async def run(self, unit: UnitFactory[Any]) -> Any:
        if not self.writable:
            self.unplugged.set()
            raise StoreUnavailable
        return await self._db.run(unit)

    async def execute_script(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        return await self._db.execute_script(sql, values)


class Stage:
    """A database and a bus with the consumers that a test gave."""

    def __init__(self, db: SQLiteDatabase, cable: FaultyDatabase, bus: LocalBus) -> None:
        self.db = db
        self.cable = cable
        self.bus = bus

    async def emit(self, *events: Event) -> None:
        """Commit the events in one unit."""
        await self.db.run(lambda: emit_all(events))

    async def rows(self) -> list[Row]:
        """The outbox."""
        return await self.db.fetch(Sql("SELECT * FROM event_outbox ORDER BY event_id, consumer"))

    async def effects(self) -> list[str]:
        """The values that consumers stored, in order."""
        return [each["value"] for each in await self.db.fetch(Sql("SELECT value FROM test_effect ORDER BY rowid"))]


def emit_all(events: Sequence[Event]) -> Unit[None]:
    for each in events:
        yield from emit(each)


def store(delivery: Delivery, value: str) -> Unit[bool]:
    """The effect of a consumer: `value` once for each event."""
    new = yield from delivery.once()
    if new:
        yield from execute(Sql("INSERT INTO test_effect (value) VALUES (?)", [value]))
    return new


@asynccontextmanager
async def stage(
    path: Path,
    consumers: Callable[[Database], Sequence[Consumer]],
    *,
    clock: Clock | None = None,
    settings: Events = QUICK,
    start: bool = True,
) -> AsyncGenerator[Stage, None]:
    """Open a stage on the folder `path`; what an earlier one left there is still there."""
    clock = clock or SystemClock()
    db = SQLiteDatabase(path / "girok.db")
    await db.open()
    await migrate(db, ["girok"])
    await db.execute_script("CREATE TABLE IF NOT EXISTS test_effect (value TEXT)")
    cable = FaultyDatabase(db)
    found = consumers(db)
    db.outbox = Outbox(clock, Uuid7Factory(clock), found)
    bus = LocalBus(cable, db.outbox, found, clock, settings)
    if start:
        await bus.start()
    try:
        yield Stage(db, cable, bus)
    finally:
        await bus.drain(1.0)
        await db.close()
