"""Marks of what is done are kept as long as their events may come again, and no longer."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from girok.clock import Uuid7Factory
from girok.db.database import Store
from girok.db.migrations import migrate
from girok.db.statement import Sql
from girok.db.unit import Unit, execute
from girok.events.done_marks import DoneMarks
from girok.events.statements import MARK_DONE
from tests.kernel.db.engines import ENGINES
from tests.kernel.events.stage import HandClock

WEEK, MARGIN = 7 * 86_400.0, 3 * 86_400.0


@pytest.fixture(params=ENGINES)
def opening(request: pytest.FixtureRequest) -> AbstractAsyncContextManager[Store]:
    return ENGINES[request.param](request)


@pytest.fixture
async def db(opening: AbstractAsyncContextManager[Store]) -> AsyncIterator[Store]:
    async with opening as opened:
        await migrate(opened, ["girok"])
        yield opened


async def mark(db: Store, clock: HandClock, consumer: str, count: int = 1) -> None:
    """Events that happen now, and are done now."""
    ids = [Uuid7Factory(clock).new() for _ in range(count)]

    def unit() -> Unit[None]:
        yield from execute(MARK_DONE(event_ids=ids, consumer=consumer, now=clock.now()))

    await db.run(unit)


async def kept(db: Store) -> list[str]:
    return [row["consumer"] for row in await db.fetch(Sql("SELECT consumer FROM event_done ORDER BY consumer"))]


class TestSweep:
    async def test_deletes_what_is_older_than_the_stream_keeps_events(self, db: Store) -> None:
        clock = HandClock()
        marks = DoneMarks(db, clock, {"test.week": WEEK, "test.month": 4 * WEEK})
        for consumer in ("test.week", "test.month", "test.elsewhere"):
            await mark(db, clock, consumer)
        clock.advance(WEEK + MARGIN - 1)
        assert await marks.sweep() == 0
        clock.advance(2)
        await mark(db, clock, "test.week")
        assert await marks.sweep() == 1
        assert await kept(db) == ["test.elsewhere", "test.month", "test.week"]

    async def test_deletes_very_many(self, db: Store) -> None:
        clock = HandClock()
        await mark(db, clock, "test.week", 1_200)
        clock.advance(2 * WEEK)
        assert await DoneMarks(db, clock, {"test.week": WEEK}).sweep() == 1_200
        assert await kept(db) == []

    async def test_keeps_the_mark_of_an_old_event_that_was_done_lately(self, db: Store) -> None:
        clock = HandClock()
        old = Uuid7Factory(clock).new()
        clock.time += timedelta(days=100)
        await db.run(lambda: execute(MARK_DONE(event_ids=[old], consumer="test.week", now=clock.now())))
        assert await DoneMarks(db, clock, {"test.week": WEEK}).sweep() == 0
