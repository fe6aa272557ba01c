"""In one box: when a row is due again, what it tells, and a store that is away; the rest is tests/contract."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from girok.db.statement import Sql
from girok.errors import Conflict
from girok.events.consumer import Consumer, Delivery
from girok.events.handling import backoff, retry_in
from girok.sections import Events
from girok.testing.events import settle
from tests.kernel.events.consumers import Consumers, failing
from tests.kernel.events.stage import HandClock, Liked, stage

SLOW = Events(retry_seconds=1.0, max_deliver=8)


def always(error: Exception) -> Consumers:
    return failing(*[error] * 10_000)


class TestBackoff:
    def test_doubles_up_to_an_hour(self) -> None:
        assert [backoff(1.0, n, 3600.0) for n in (1, 2, 3, 12, 13, 10_000)] == [1, 2, 4, 2048, 3600, 3600]

    def test_is_no_shorter_than_an_error_asks_and_no_longer_than_an_hour(self) -> None:
        asked = [None, 0.0, 7.5, 120.0, 1e9]
        assert [retry_in(1.0, 4, Conflict(retry_after=each)) for each in asked] == [8, 8, 8, 120, 3600]
        assert retry_in(1.0, 4, ValueError()) == 8


class TestRetry:
    async def test_waits_twice_as_long_each_time(self, tmp_path: Path) -> None:
        clock = HandClock()
        waits: list[timedelta] = []
        async with stage(tmp_path, always(ValueError("no")), clock=clock, settings=SLOW) as on:
            await on.emit(Liked("p1"))
            for _ in range(5):
                await settle(on.bus)
                (row,) = await on.rows()
                waits.append(row["due_at"] - clock.now())
                clock.time = row["due_at"]
                on.bus.wake()
        assert [each.total_seconds() for each in waits] == [1, 2, 4, 8, 16]

    async def test_the_row_tells_why(self, tmp_path: Path) -> None:
        error = ValueError("x\0\ud800" + "y" * 100_000)
        async with stage(tmp_path, always(error), settings=SLOW) as on:
            await on.emit(Liked("p1"))
            await settle(on.bus)
            (row,) = await on.rows()
        assert row["error"].startswith("ValueError: x?yyy")
        assert len(row["error"]) <= 1000


class TestStoreAway:
    async def test_a_store_that_cannot_be_read_is_asked_again(self, tmp_path: Path) -> None:
        async with stage(tmp_path, failing(), start=False) as on:
            on.cable.readable = False
            await on.bus.start()
            await on.emit(Liked("p1"))
            await on.cable.unplugged.wait()
            on.cable.readable = True
            await on.settled()
            assert await on.effects() == ["p1 at 1"]

    async def test_an_end_that_cannot_be_stored_is_a_delivery_again(self, tmp_path: Path) -> None:
        calls: list[int] = []

        async def handle(event: Any, delivery: Delivery) -> None:
            calls.append(delivery.attempt)

        async with stage(tmp_path, lambda _: [Consumer("test.count", Liked, handle)]) as on:
            on.cable.writable = False
            await on.emit(Liked("p1"))
            await on.cable.unplugged.wait()
            on.cable.writable = True
            await on.settled()
            assert set(calls) == {1}
            assert await on.rows() == []

    async def test_a_failure_that_cannot_be_stored_stops_nothing(self, tmp_path: Path) -> None:
        async with stage(tmp_path, failing(ValueError("one"))) as on:
            on.cable.writable = False
            await on.emit(Liked("p1"))
            await on.cable.unplugged.wait()
            on.cable.writable = True
            await on.settled()
            assert await on.effects() == ["p1 at 1"]

    async def test_a_bug_of_the_store_stops_nothing(self, tmp_path: Path) -> None:
        async with stage(tmp_path, failing(), start=False) as on:
            await on.bus.start()
            await on.db.execute_script("ALTER TABLE event_outbox RENAME TO elsewhere")
            on.bus.wake()
            await asyncio.sleep(0.02)
            await on.db.execute_script("ALTER TABLE elsewhere RENAME TO event_outbox")
            await on.emit(Liked("p1"))
            await on.settled()
            assert await on.effects() == ["p1 at 1"]
            assert await on.db.fetch(Sql("SELECT 1 FROM event_outbox")) == []
