"""A process that emits and consumes as fast as it can until it is killed: `python -m tests.kernel.events.worker_process
FOLDER`. It writes the name of every event whose unit was acknowledged, a line each.

Each event is named by a row of `test_emitted`, stored in the unit that emits it. Every seventh delivery fails the first
time, every fifth emits an event in turn.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from girok.db.database import Database
from girok.db.statement import Sql
from girok.db.unit import Unit, emit, execute
from girok.events.consumer import Consumer, Delivery
from girok.testing.events import settle
from tests.kernel.events.stage import Liked, stage, store

EMITTERS = 8


def named(name: str) -> Unit[None]:
    """Emit the event `name`."""
    yield from execute(Sql("INSERT INTO test_emitted (name) VALUES (?)", [name]))
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

    async def push(event: Liked, delivery: Delivery) -> None:
        """Stores nothing."""

    return [Consumer("test.store", Liked, handle), Consumer("test.push", Liked, push)]


async def emit_for_ever(folder: Path) -> None:
    async with stage(folder, consumers, start=False) as on:
        await on.db.execute_script("CREATE TABLE IF NOT EXISTS test_emitted (name TEXT PRIMARY KEY)")
        await on.bus.start()

        async def emitter(number: int) -> None:
            count = 0
            while True:
                count += 1
                name = f"{os.getpid()}-{number}-{count}"
                await on.db.run(partial(named, name))
                os.write(1, f"{name}\n".encode())

        await asyncio.gather(*(emitter(number) for number in range(EMITTERS)))


async def finish(folder: Path) -> tuple[list[str], list[str], int]:
    """Deliver what is left: names of what was emitted, of what was stored, and how many rows are left."""
    async with stage(folder, consumers) as on:
        async with asyncio.timeout(60):
            while await on.rows():
                await settle(on.bus, 60)
                await asyncio.sleep(0.01)
        emitted = [each["name"] for each in await on.db.fetch(Sql("SELECT name FROM test_emitted"))]
        return emitted, await on.effects(), len(await on.rows())


if __name__ == "__main__":
    asyncio.run(emit_for_ever(Path(sys.argv[1])))
