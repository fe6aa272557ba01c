"""What the tests of events play on: a real database with the outbox, a table of effects and a bus.

The place is a folder (SQLite) or the URL of a PostgreSQL; with the URL of a NATS server the bus is that of a cluster.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from piccolo.columns import Text

from girok.clock import Clock, SystemClock, Uuid7Factory
from girok.db.database import Database, Store, StoreUnavailable
from girok.db.migrations import migrate
from girok.db.postgres import PostgresDatabase
from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import Row, Sql, Statement, prepare
from girok.db.table import Table
from girok.db.unit import Unit, UnitFactory, emit, execute
from girok.events.consumer import Consumer, Delivery
from girok.events.event import Event
from girok.events.jetstream_bus import JetStreamBus
from girok.events.local_bus import LocalBus
from girok.events.outbox import Outbox
from girok.events.relay_outbox import RelayOutbox
from girok.events.statements import APPEND
from girok.events.streams import event_stream
from girok.events.tables import RELAY
from girok.nats import NatsConnection
from girok.sections import Events
from girok.testing.events import settle

CREATE = {
    "sqlite": "CREATE TABLE IF NOT EXISTS test_effect (number INTEGER PRIMARY KEY, value TEXT)",
    "postgres": "CREATE TABLE IF NOT EXISTS test_effect (number SERIAL PRIMARY KEY, value TEXT)",
}


class Effect(Table, tablename="test_effect"):
    value = Text(primary_key=True)


PUT = prepare(lambda p: Effect.raw("INSERT INTO test_effect (value) VALUES ({})", p.value))
QUICK = Events(retry_seconds=0.01, max_deliver=3)


class Liked(Event, frozen=True):
    subject: ClassVar[str] = "test.post.liked"
    post_id: str


class Ignored(Event, frozen=True):
    subject: ClassVar[str] = "test.nobody.cares"


class HandClock:
    """A clock that a test sets. It is long ago: what a process that has it leaves is due at once to the next one."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 5, 8, 0, 0, 123456, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class FaultyDatabase:
    """The database behind a cable that a test can pull."""

    def __init__(self, db: Store) -> None:
        self.db = db
        self.dialect = db.dialect
        self.reads = 0
        self.unplugged = asyncio.Event()
        self.readable = True
        self.writable = True

    async def fetch(self, statement: Statement) -> list[Row]:
        self.reads += 1
        if not self.readable:
            self.unplugged.set()
            raise StoreUnavailable
        return await self.db.fetch(statement)

    async def run(self, unit: UnitFactory[Any]) -> Any:
        if not self.writable:
            self.unplugged.set()
            raise StoreUnavailable
        return await self.db.run(unit)

    async def execute_script(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        return await self.db.execute_script(sql, values)


class Stage:
    """A database and a bus with the consumers that a test gave."""

    def __init__(self, db: Store, cable: FaultyDatabase, bus: Any) -> None:
        self.db = db
        self.cable = cable
        self.bus = bus
        self.connection: Any = None
        """To NATS, in a cluster."""

    async def emit(self, *events: Event) -> None:
        """Commit the events in one unit."""
        await self.db.run(lambda: emit_all(events))

    async def rows(self) -> list[Row]:
        """The outbox."""
        return await self.db.fetch(Sql("SELECT * FROM event_outbox ORDER BY event_id, consumer"))

    async def effects(self) -> list[str]:
        """The values that consumers stored, in order."""
        return [each["value"] for each in await self.db.fetch(Sql("SELECT value FROM test_effect ORDER BY number"))]

    async def insert(self, envelope: str) -> None:
        """Store a row with this envelope, as if some process had left it."""
        (consumer,) = [RELAY] if self.connection else [each.consumer for each in await self.bus.stats()]
        values = {"event_id": "bad", "subject": Liked.subject, "due_at": datetime(2026, 11, 5, tzinfo=UTC)}
        await self.db.run(lambda: execute(APPEND(consumer=consumer, envelope=envelope, **values)))

    async def settled(self, seconds: float = 20.0) -> None:
        """Return once every event is delivered or dead."""
        async with asyncio.timeout(seconds):
            while await self._undone():
                await asyncio.sleep(0.005)
        if isinstance(self.bus, LocalBus):
            await settle(self.bus)

    async def _undone(self) -> bool:
        waiting = any(self.connection or each["dead_at"] is None for each in await self.rows())
        return waiting or any(each.depth for each in await self.bus.stats())


def emit_all(events: Sequence[Event]) -> Unit[None]:
    for each in events:
        yield from emit(each)


def store(delivery: Delivery, value: str) -> Unit[bool]:
    """The effect of a consumer: `value` once for each event."""
    new = yield from delivery.once()
    if new:
        yield from put(value)
    return new


def put(value: str) -> Unit[None]:
    """An effect, whatever was before."""
    yield from execute(PUT(value=value))


@asynccontextmanager
async def stage(
    place: Path | str,
    consumers: Callable[[Database], Sequence[Consumer]],
    *,
    clock: Clock | None = None,
    settings: Events = QUICK,
    start: bool = True,
    nats: str = "",
) -> AsyncGenerator[Stage, None]:
    """Open a stage at `place`; what an earlier one left there is still there."""
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        db: Any = (
            SQLiteDatabase(place / "girok.db") if isinstance(place, Path) else PostgresDatabase(place, alone=False)
        )
        await db.open()
        stack.push_async_callback(db.close)
        await migrate(db, ["girok"])
        await db.execute_script(CREATE[db.dialect])
        cable = FaultyDatabase(db)
        found = consumers(db)
        on = await (
            _cluster(stack, nats, cable, found, clock, settings) if nats else _box(cable, found, clock, settings)
        )
        if start:
            await on.bus.start()
        stack.push_async_callback(on.bus.drain, 1.0)
        yield on


def _store(place: Path | str) -> Any:
    return SQLiteDatabase(place / "girok.db") if isinstance(place, Path) else PostgresDatabase(place, alone=False)


async def _box(cable: FaultyDatabase, consumers: Sequence[Consumer], clock: Clock, settings: Events) -> Stage:
    cable.db.outbox = Outbox(clock, Uuid7Factory(clock), consumers)
    return Stage(cable.db, cable, LocalBus(cable, cable.db.outbox, consumers, clock, settings))


async def _cluster(
    stack: AsyncExitStack,
    url: str,
    cable: FaultyDatabase,
    consumers: Sequence[Consumer],
    clock: Clock,
    settings: Events,
) -> Stage:
    connection = NatsConnection(url)
    await connection.open()
    stack.push_async_callback(connection.close)
    cable.db.outbox = outbox = RelayOutbox(clock, Uuid7Factory(clock))
    streams = [event_stream("test")]
    bus = JetStreamBus(connection, cable, outbox, consumers, clock=clock, settings=settings, streams=streams)
    on = Stage(cable.db, cable, bus)
    on.connection = connection
    return on
