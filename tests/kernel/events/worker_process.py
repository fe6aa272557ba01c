"""A process that emits and consumes as fast as it can until it is killed: `python -m tests.kernel.events.worker_process
PLACE [NATS]`, see `stage`. It writes the name of every event whose unit was acknowledged, a line each.

Each event is named by a row of `test_emitted`, stored in the unit that emits it. Every seventh delivery fails the first
time, every fifth emits an event in turn.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from piccolo.columns import Text

from girok.db.database import Database, StoreUnavailable
from girok.db.statement import Sql, prepare
from girok.db.table import Table
from girok.db.unit import Unit, emit, execute
from girok.events.consumer import Batch, Batched, Consumer, Delivery
from girok.sections import Events
from tests.kernel.events.stage import Liked, put, stage, store

EMITTERS = 8
SETTINGS = Events(retry_seconds=0.01, max_deliver=20)
"""A delivery that a kill cut off counts in a cluster, and there are many of them here."""
CREATE = "CREATE TABLE IF NOT EXISTS test_emitted (name TEXT PRIMARY KEY)"


class Emitted(Table, tablename="test_emitted"):
    name = Text(primary_key=True)


ADD = prepare(lambda p: Emitted.raw("INSERT INTO test_emitted (name) VALUES ({})", p.name))


def named(name: str) -> Unit[None]:
    """Emit the event `name`."""
    yield from execute(ADD(name=name))
    yield from emit(Liked(name))


def consumers(db: Database) -> Sequence[Consumer]:
    async def handle(event: Liked, delivery: Delivery) -> None:
        number = int(delivery.envelope.id[-4:], 16)
        if number % 7 == 0 and delivery.attempt == 1:
            raise ConnectionResetError

        def unit() -> Unit[None]:
            if (yield from store(delivery, event.post_id)) and number % 5 == 0:
                yield from named(f"{event.post_id}+")

        await db.run(unit)

    async def together(batch: Batch) -> None:
        def unit() -> Unit[None]:
            for event, _ in (yield from batch.once()):
                yield from put(f"batch {event.post_id}")

        await db.run(unit)

    async def push(event: Liked, delivery: Delivery) -> None:
        """Stores nothing."""

    return [
        Consumer("test.store", Liked, handle),
        Consumer("test.batch", Liked, Batched(together)),
        Consumer("test.push", Liked, push),
    ]


async def emit_for_ever(place: Path | str, nats: str) -> None:
    async with stage(place, consumers, start=False, nats=nats, settings=SETTINGS) as on:
        await on.db.execute_script(CREATE)
        await on.bus.start()

        async def emitter(number: int) -> None:
            count = 0
            while True:
                count += 1
                name = f"{os.getpid()}-{number}-{count}"
                try:
                    await on.db.run(partial(named, name))
                except StoreUnavailable:
                    await asyncio.sleep(0.1)
                else:
                    os.write(1, f"{name}\n".encode())

        await asyncio.gather(*(emitter(number) for number in range(EMITTERS)))


async def finish(place: Path | str, nats: str = "") -> tuple[list[str], list[str], int]:
    """Deliver what is left: names of what was emitted, of what was stored, and how many rows are left."""
    async with stage(place, consumers, nats=nats, settings=SETTINGS) as on:
        await on.settled(120)
        emitted = [each["name"] for each in await on.db.fetch(Sql("SELECT name FROM test_emitted"))]
        return emitted, await on.effects(), len(await on.rows())


if __name__ == "__main__":
    where, *rest = sys.argv[1:]
    asyncio.run(emit_for_ever(where if "://" in where else Path(where), *rest or [""]))
