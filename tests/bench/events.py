"""Events in a cluster: from a commit to the consumer while nothing else happens, and how many go through in a second.

NATS runs as `girok up` starts it: it flushes to its disk before it acknowledges. PostgreSQL runs with its defaults.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import uvloop

from girok.clock import SystemClock, Uuid7Factory
from girok.db.database import Database
from girok.db.migrations import migrate
from girok.db.postgres import PostgresDatabase
from girok.db.unit import Unit, emit
from girok.events.consumer import Batch, Batched, Consumer, Delivery
from girok.events.event import Event
from girok.events.jetstream_bus import JetStreamBus
from girok.events.relay_outbox import RelayOutbox
from girok.events.streams import event_stream
from girok.nats import NatsConnection
from girok.sections import Events
from girok.servers.nats import nats
from girok.servers.postgres import postgres
from girok.testing.postgres import new_schema
from girok.testing.servers import started

Make = Callable[[Database, "Arrivals"], Consumer]
ROUNDS = 5
ONE_BY_ONE = 300
MANY = 5_000
AT_ONCE = 250
"""Events of one unit, when many are emitted."""


class Happened(Event, frozen=True):
    subject: ClassVar[str] = "bench.it.happened"
    number: int


class Arrivals:
    """When which event was done."""

    def __init__(self) -> None:
        self.at: dict[int, float] = {}
        self.news = asyncio.Event()

    def note(self, numbers: Sequence[int]) -> None:
        now = time.perf_counter()
        self.at.update((number, now) for number in numbers)
        self.news.set()

    async def until(self, count: int) -> None:
        while len(self.at) < count:
            self.news.clear()
            await self.news.wait()


def one_by_one(db: Database, arrivals: Arrivals) -> Consumer:
    """Notes when its handler is called."""

    async def handle(event: Happened, delivery: Delivery) -> None:
        arrivals.note([event.number])

    return Consumer("bench.note", Happened, handle)


def in_batches(db: Database, arrivals: Arrivals) -> Consumer:
    """Marks each batch as done, in one unit, and notes when that is durable."""

    async def handle(batch: Batch) -> None:
        def unit() -> Unit[list[int]]:
            return [event.number for event, _ in (yield from batch.once())]

        arrivals.note(await db.run(unit))

    return Consumer("bench.note", Happened, Batched(handle, 500), in_flight=2)


def happen(numbers: Sequence[int]) -> Unit[None]:
    for number in numbers:
        yield from emit(Happened(number))


@asynccontextmanager
async def bus(store: str, url: str, consumer: Make) -> AsyncIterator[tuple[PostgresDatabase, JetStreamBus, Arrivals]]:
    """A process with one consumer, which does not deliver yet."""
    clock, arrivals = SystemClock(), Arrivals()
    db = PostgresDatabase(store, alone=False)
    await db.open()
    await migrate(db, ["girok"])
    connection = NatsConnection(url)
    await connection.open()
    db.outbox = outbox = RelayOutbox(clock, Uuid7Factory(clock))
    streams = [event_stream("bench")]
    made = JetStreamBus(
        connection, db, outbox, [consumer(db, arrivals)], clock=clock, settings=Events(), streams=streams
    )
    yield db, made, arrivals
    await made.drain()
    await connection.close()
    await db.close()


async def latency(store: str, url: str) -> list[float]:
    """Milliseconds from the end of the unit to the call of the handler, event after event."""
    took: list[float] = []
    async with bus(store, url, one_by_one) as (db, delivering, arrivals):
        await delivering.start()
        await db.run(lambda: happen([-1]))
        await arrivals.until(1)
        for number in range(ONE_BY_ONE):
            await db.run(lambda number=number: happen([number]))
            begin = time.perf_counter()
            await arrivals.until(number + 2)
            took.append(max(arrivals.at[number] - begin, 0.0) * 1e3)
    return sorted(took)


async def throughput(store: str, url: str) -> float:
    """Events a second that relay and consumer, both in this process, take from the outbox to a durable effect."""
    async with bus(store, url, in_batches) as (db, delivering, arrivals):
        for start in range(0, MANY, AT_ONCE):
            await db.run(lambda start=start: happen(range(start, start + AT_ONCE)))
        begin = time.perf_counter()
        await delivering.start()
        await arrivals.until(MANY)
        return MANY / (time.perf_counter() - begin)


async def _bench() -> None:
    middles: list[float] = []
    tails: list[float] = []
    rates: list[float] = []
    async with started(nats) as messages, started(postgres) as server:
        for _ in range(ROUNDS):
            async with new_schema(server) as store:
                took = await latency(store, messages.url)
                middles.append(took[len(took) // 2])
                tails.append(took[len(took) * 99 // 100])
                rates.append(await throughput(store, messages.url))
    middle, tail, rate = (statistics.median(each) for each in (middles, tails, rates))
    print(f"\nevents: median of {ROUNDS}, load {os.getloadavg()[0]:.1f}, a flush takes {_flush() * 1e3:.2f} ms")
    print(f"  commit to handler, NATS idle   p50 {middle:6.2f} ms, p99 {tail:6.2f}   p50 at most 5")
    print(f"  outbox to effect, in batches   {rate:8,.0f}/s   at least 5,000")


def _flush() -> float:
    """Seconds that the disk takes to keep some bytes: what no part of the way can be faster than."""
    with tempfile.NamedTemporaryFile(dir=Path.cwd()) as file:
        begin = time.perf_counter()
        for _ in range(100):
            file.write(b"x" * 300)
            file.flush()
            os.fsync(file.fileno())
        return (time.perf_counter() - begin) / 100


def main() -> None:
    """Run it."""
    uvloop.run(_bench())
