"""What fails is tried again, what keeps failing becomes a dead letter, and nothing stops the bus."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from girok.context import current
from girok.db.database import Database
from girok.db.statement import Sql
from girok.db.unit import Unit
from girok.errors import Conflict, Unavailable
from girok.events.consumer import Consumer, Delivery
from girok.events.handling import backoff
from girok.port import DeadlineExceeded
from girok.sections import Events
from girok.testing.events import settle
from tests.kernel.events.stage import HandClock, Liked, Stage, stage, store

SLOW = Events(retry_seconds=1.0, max_deliver=8)


def failing(*errors: BaseException | None, timeout: float = 30.0) -> Callable[[Database], Sequence[Consumer]]:
    """A consumer that raises these, delivery by delivery, then stores which attempt it was."""
    left = list(errors)

    def consumers(db: Database) -> Sequence[Consumer]:
        async def handle(event: Liked, delivery: Delivery) -> None:
            if left and (error := left.pop(0)):
                raise error.with_traceback(None)
            await db.run(lambda: store(delivery, f"{event.post_id} at {delivery.attempt}"))

        return [Consumer("test.fail", Liked, handle, timeout=timeout)]

    return consumers


def always(error: Exception) -> Callable[[Database], Sequence[Consumer]]:
    return failing(*[error] * 10_000)


async def finished(on: Stage, seconds: float = 5.0) -> None:
    """Wait until no row waits: delivered or dead."""
    async with asyncio.timeout(seconds):
        while any(each["dead_at"] is None for each in await on.rows()):
            await asyncio.sleep(0.002)
        await settle(on.bus)


class TestBackoff:
    def test_doubles_up_to_an_hour(self) -> None:
        assert [backoff(1.0, n, 3600.0) for n in (1, 2, 3, 12, 13, 10_000)] == [1, 2, 4, 2048, 3600, 3600]


class TestRetry:
    async def test_a_failed_delivery_comes_again(self, tmp_path: Path) -> None:
        async with stage(tmp_path, failing(ValueError("one"), Conflict())) as on:
            await on.emit(Liked("p1"))
            await finished(on)
            assert await on.effects() == ["p1 at 3"]
            (stats,) = await on.bus.stats()
        assert (stats.delivered, stats.failed) == (1, 2)

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

    async def test_the_log_names_event_consumer_and_reason(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING, "girok.events"):
            async with stage(tmp_path, failing(Conflict()), settings=SLOW) as on:
                await on.emit(Liked("p1"))
                await settle(on.bus)
                (row,) = await on.rows()
        (record,) = caplog.records
        assert record.getMessage() == (
            f"consumer test.fail, event {row['event_id']}: delivery 1 failed, again in 1 s: "
            "CONFLICT: This exists already."
        )
        assert record.__dict__["reason"] == "CONFLICT"
        assert record.__dict__["event_id"] == row["event_id"]

    async def test_others_go_on_meanwhile(self, tmp_path: Path) -> None:
        async with stage(tmp_path, failing(ValueError("one")), settings=SLOW) as on:
            await on.emit(*(Liked(f"p{n}") for n in range(50)))
            await settle(on.bus)
            assert len(await on.effects()) == 49

    async def test_a_slow_handler_has_failed(self, tmp_path: Path) -> None:
        async def hang(event: Liked, delivery: Delivery) -> None:
            await asyncio.Event().wait()

        async with stage(tmp_path, lambda _: [Consumer("test.hang", Liked, hang, timeout=0.02)]) as on:
            await on.emit(Liked("p1"))
            await finished(on)
            (letter,) = await on.bus.dead()
        assert (letter.attempts, letter.error) == (3, "TimeoutError: no end after 0.02 s")

    async def test_a_port_that_ran_out_of_the_handlers_time_is_a_slow_handler(self, tmp_path: Path) -> None:
        async def call(event: Liked, delivery: Delivery) -> None:
            try:
                async with asyncio.timeout_at(current().deadline):
                    await asyncio.Event().wait()
            except TimeoutError as error:
                raise DeadlineExceeded from error

        async with stage(tmp_path, lambda _: [Consumer("test.call", Liked, call, timeout=0.05)]) as on:
            await on.emit(Liked("p1"))
            await finished(on)
            assert len(await on.bus.dead()) == 1

    async def test_an_effect_stored_before_the_time_was_up_is_not_repeated(self, tmp_path: Path) -> None:
        def consumers(db: Database) -> Sequence[Consumer]:
            async def handle(event: Liked, delivery: Delivery) -> None:
                await db.run(lambda: store(delivery, event.post_id))
                await asyncio.Event().wait()

            return [Consumer("test.late", Liked, handle, timeout=0.02)]

        async with stage(tmp_path, consumers) as on:
            await on.emit(Liked("p1"))
            await settle(on.bus)
            assert (await on.effects(), await on.rows()) == (["p1"], [])

    async def test_a_cancelled_thing_inside_a_handler_is_a_failure(self, tmp_path: Path) -> None:
        async with stage(tmp_path, failing(asyncio.CancelledError())) as on:
            await on.emit(Liked("p1"))
            await finished(on)
            assert await on.effects() == ["p1 at 2"]

    async def test_a_handler_may_decide_to_store_nothing(self, tmp_path: Path) -> None:
        calls: list[int] = []

        def consumers(db: Database) -> Sequence[Consumer]:
            async def handle(event: Liked, delivery: Delivery) -> None:
                def unit() -> Unit[None]:
                    yield from store(delivery, event.post_id)
                    raise ZeroDivisionError

                calls.append(delivery.attempt)
                with pytest.raises(ZeroDivisionError):
                    await db.run(unit)

            return [Consumer("test.undo", Liked, handle)]

        async with stage(tmp_path, consumers) as on:
            await on.emit(Liked("p1"))
            await finished(on)
            assert (calls, await on.effects(), await on.rows()) == ([1], [], [])


class TestDeadLetter:
    async def test_is_what_failed_too_often(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        async with stage(tmp_path, always(ValueError("no"))) as on:
            await on.emit(Liked("p1"))
            await finished(on)
            (letter,) = await on.bus.dead()
            (row,) = await on.rows()
            (stats,) = await on.bus.stats()
        assert (letter.event_id, letter.consumer, letter.subject) == (row["event_id"], "test.fail", "test.post.liked")
        assert (letter.attempts, letter.error, letter.envelope) == (3, "ValueError: no", row["envelope"])
        assert letter.dead_at == row["dead_at"]
        assert (stats.failed, stats.dead, stats.depth, stats.lag) == (3, 1, 0, 0.0)
        assert f"event {letter.event_id}: delivery 3 failed, now a dead letter: ValueError: no" in caplog.messages[-1]

    async def test_can_be_delivered_again(self, tmp_path: Path) -> None:
        async with stage(tmp_path, failing(*[ValueError("no")] * 4)) as on:
            await on.emit(Liked("p1"))
            await finished(on)
            assert await on.bus.retry() == 1
            await finished(on)
            assert (await on.effects(), await on.bus.dead()) == (["p1 at 2"], [])

    async def test_can_be_chosen_by_id(self, tmp_path: Path) -> None:
        async with stage(tmp_path, failing(*[ValueError("no")] * 6)) as on:
            await on.emit(Liked("p1"), Liked("p2"))
            await finished(on)
            first, second = await on.bus.dead()
            assert await on.bus.retry([first.event_id, "unknown"]) == 1
            await finished(on)
            assert await on.bus.dead() == [second]
            assert await on.bus.retry([first.event_id]) == 0

    async def test_all_of_very_many_can_be_delivered_again(self, tmp_path: Path) -> None:
        settings = Events(retry_seconds=0.01, max_deliver=1)
        async with stage(tmp_path, failing(*[ValueError("no")] * 500), settings=settings) as on:
            await on.emit(*(Liked(f"p{n}") for n in range(500)))
            await finished(on)
            assert len(await on.bus.dead()) == 500
            assert len(await on.bus.dead(limit=7)) == 7
            assert await on.bus.retry() == 500
            await finished(on)
            assert len(await on.effects()) == 500

    async def test_retry_leaves_living_ones_alone(self, tmp_path: Path) -> None:
        async with stage(tmp_path, failing(ValueError("no")), settings=SLOW) as on:
            await on.emit(Liked("p1"))
            await settle(on.bus)
            (row,) = await on.rows()
            assert await on.bus.retry() == 0
            assert await on.bus.retry([row["event_id"]]) == 0
            assert await on.rows() == [row]

    @pytest.mark.parametrize(
        "envelope",
        [
            "",
            "no json",
            "{}",
            '{"id":"1","type":"t","occurredAt":"2026-11-05T08:00:00Z","actorId":null,"traceparent":"","data":{"postId":1}}',
            "[" * 100_000,
        ],
        ids=["empty", "text", "fields", "data", "nested"],
    )
    async def test_is_at_once_what_cannot_be_read(self, tmp_path: Path, envelope: str) -> None:
        async with stage(tmp_path, failing(), start=False) as on:
            await on.emit(Liked("p1"), Liked("p2"))
            await on.db.execute_script(
                "UPDATE event_outbox SET envelope = ? WHERE event_id = (SELECT min(event_id) FROM event_outbox)",
                [envelope],
            )
            await on.bus.start()
            await finished(on)
            (letter,) = await on.bus.dead()
            assert (letter.attempts, letter.envelope) == (1, envelope)
            assert await on.effects() == ["p2 at 1"]


class TestUnavailable:
    async def test_waits_without_counting(self, tmp_path: Path) -> None:
        settings = Events(retry_seconds=0.001, max_deliver=2)
        async with stage(tmp_path, failing(*[Unavailable()] * 8), settings=settings) as on:
            await on.emit(Liked("p1"))
            await finished(on)
            assert (await on.effects(), await on.bus.dead()) == (["p1 at 1"], [])
            (stats,) = await on.bus.stats()
        assert (stats.delivered, stats.failed) == (1, 0)

    async def test_is_found_over_by_one_delivery_at_a_time(self, tmp_path: Path) -> None:
        away = True
        calls = 0

        def consumers(db: Database) -> Sequence[Consumer]:
            async def handle(event: Liked, delivery: Delivery) -> None:
                nonlocal calls
                calls += 1
                if away:
                    raise Unavailable
                await db.run(lambda: store(delivery, event.post_id))

            return [Consumer("test.away", Liked, handle, in_flight=4)]

        async with stage(tmp_path, consumers, settings=Events(retry_seconds=0.02)) as on:
            await on.emit(*(Liked(f"p{n}") for n in range(200)))
            async with asyncio.timeout(5):
                while calls < 4 + 3:
                    await asyncio.sleep(0.001)
            assert calls < 20
            away = False
            await finished(on)
            assert len(await on.effects()) == 200
            assert await on.bus.dead() == []


class TestStoreAway:
    async def test_a_store_that_cannot_be_read_is_asked_again(self, tmp_path: Path) -> None:
        async with stage(tmp_path, failing(), start=False) as on:
            on.cable.readable = False
            await on.bus.start()
            await on.emit(Liked("p1"))
            await on.cable.unplugged.wait()
            on.cable.readable = True
            await finished(on)
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
            await finished(on)
            assert set(calls) == {1}
            assert await on.rows() == []

    async def test_a_failure_that_cannot_be_stored_stops_nothing(self, tmp_path: Path) -> None:
        async with stage(tmp_path, failing(ValueError("one"))) as on:
            on.cable.writable = False
            await on.emit(Liked("p1"))
            await on.cable.unplugged.wait()
            on.cable.writable = True
            await finished(on)
            assert await on.effects() == ["p1 at 1"]

    async def test_a_bug_of_the_store_stops_nothing(self, tmp_path: Path) -> None:
        async with stage(tmp_path, failing(), start=False) as on:
            await on.bus.start()
            await on.db.execute_script("ALTER TABLE event_outbox RENAME TO elsewhere")
            on.bus.wake()
            await asyncio.sleep(0.02)
            await on.db.execute_script("ALTER TABLE elsewhere RENAME TO event_outbox")
            await on.emit(Liked("p1"))
            await finished(on)
            assert await on.effects() == ["p1 at 1"]
            assert await on.db.fetch(Sql("SELECT 1 FROM event_outbox")) == []
