"""What every bus does with deliveries that fail, that have to wait, and that are cut off."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence

import pytest

from girok.context import current
from girok.db.database import Database
from girok.errors import Conflict, Unavailable
from girok.events.consumer import Consumer, Delivery
from girok.port import DeadlineExceeded
from girok.sections import Events
from tests.kernel.events.consumers import Open, failing, handled_by, storing, until
from tests.kernel.events.stage import HandClock, Liked, store

SLOW = Events(retry_seconds=3600, max_deliver=2)
ENVELOPE = (
    '{"id":"1","type":"t","occurredAt":"2026-11-05T08:00:00Z","actorId":null,"traceparent":"","data":{"postId":1}}'
)


class TestRetry:
    async def test_a_failed_delivery_comes_again(self, opened: Open) -> None:
        async with opened(failing(ValueError("one"), Conflict())) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            assert await on.effects() == ["p1 at 3"]
            (stats,) = await on.bus.stats()
        assert (stats.delivered, stats.failed) == (1, 2)

    async def test_the_log_names_event_consumer_and_reason(
        self, opened: Open, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING, "girok.events"):
            async with opened(failing(Conflict())) as on:
                await on.emit(Liked("p1"))
                await on.settled()
        (record,) = caplog.records
        event_id = record.__dict__["event_id"]
        assert record.getMessage() == (
            f"consumer test.fail, event {event_id}: delivery 1 failed, again in 0.01 s: CONFLICT: This exists already."
        )
        assert (len(event_id), record.__dict__["reason"]) == (36, "CONFLICT")

    async def test_an_error_that_says_when_is_not_tried_sooner(
        self, opened: Open, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING, "girok.events"):
            async with opened(failing(Conflict(retry_after=1.5))) as on:
                begin = asyncio.get_running_loop().time()
                await on.emit(Liked("p1"))
                await on.settled()
                assert await on.effects() == ["p1 at 2"]
                assert asyncio.get_running_loop().time() - begin >= 1.5
        assert "again in 1.5 s" in caplog.text

    async def test_others_go_on_meanwhile(self, opened: Open) -> None:
        async with opened(failing(ValueError("one")), settings=SLOW) as on:
            await on.emit(*(Liked(f"p{n}") for n in range(50)))
            async with asyncio.timeout(20):
                while len(await on.effects()) < 49:
                    await asyncio.sleep(0.001)
            (stats,) = await on.bus.stats()
        assert (stats.failed, stats.depth) == (1, 1)

    async def test_a_slow_handler_has_failed(self, opened: Open) -> None:
        async def hang(event: Liked, delivery: Delivery) -> None:
            await asyncio.Event().wait()

        async with opened(handled_by(hang, timeout=0.02)) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            (letter,) = await on.bus.dead()
        assert (letter.attempts, letter.error) == (3, "TimeoutError: no end after 0.02 s")

    async def test_a_port_that_ran_out_of_the_handlers_time_is_a_slow_handler(self, opened: Open) -> None:
        async def call(event: Liked, delivery: Delivery) -> None:
            try:
                async with asyncio.timeout_at(current().deadline):
                    await asyncio.Event().wait()
            except TimeoutError as error:
                raise DeadlineExceeded from error

        async with opened(handled_by(call, timeout=0.05)) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            assert len(await on.bus.dead()) == 1

    async def test_an_effect_stored_before_the_time_was_up_is_not_repeated(self, opened: Open) -> None:
        def consumers(db: Database) -> Sequence[Consumer]:
            async def handle(event: Liked, delivery: Delivery) -> None:
                await db.run(lambda: store(delivery, event.post_id))
                await asyncio.Event().wait()

            return [Consumer("test.late", Liked, handle, timeout=0.2)]

        async with opened(consumers) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            assert (await on.effects(), await on.bus.dead()) == (["p1"], [])

    async def test_a_cancelled_thing_inside_a_handler_is_a_failure(self, opened: Open) -> None:
        async with opened(failing(asyncio.CancelledError())) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            assert await on.effects() == ["p1 at 2"]


class TestDeadLetter:
    async def test_is_what_failed_too_often(self, opened: Open, caplog: pytest.LogCaptureFixture) -> None:
        async with opened(failing(*[ValueError("나쁨\nno")] * 3), start=False) as on:
            await on.emit(Liked("p1"))
            (row,) = await on.rows()
            await on.bus.start()
            await on.settled()
            (letter,) = await on.bus.dead()
            (stats,) = await on.bus.stats()
        assert (letter.event_id, letter.consumer, letter.subject) == (row["event_id"], "test.fail", "test.post.liked")
        assert (letter.attempts, letter.error, letter.envelope) == (3, "ValueError: 나쁨\nno", row["envelope"])
        assert (stats.failed, stats.dead, stats.depth, stats.lag) == (3, 1, 0, 0.0)
        assert f"event {letter.event_id}: delivery 3 failed, now a dead letter" in caplog.messages[-1]

    async def test_can_be_delivered_again_to_its_consumer_only(self, opened: Open) -> None:
        seen: list[str] = []

        async def other(event: Liked, delivery: Delivery) -> None:
            seen.append(event.post_id)

        bad = failing(*[ValueError("no")] * 4)
        async with opened(lambda db: [*bad(db), Consumer("test.other", Liked, other)]) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            assert await on.bus.retry() == 1
            await on.settled()
            assert (await on.effects(), await on.bus.dead(), seen) == (["p1 at 2"], [], ["p1"])

    async def test_can_be_chosen_by_id(self, opened: Open) -> None:
        async with opened(failing(*[ValueError("no")] * 6)) as on:
            await on.emit(Liked("p1"), Liked("p2"))
            await on.settled()
            first, second = await on.bus.dead()
            assert await on.bus.retry([first.event_id, "unknown"]) == 1
            await on.settled()
            assert await on.bus.dead() == [second]
            assert await on.bus.retry([first.event_id]) == 0

    async def test_all_of_very_many_can_be_delivered_again(self, opened: Open) -> None:
        settings = Events(retry_seconds=0.01, max_deliver=1)
        async with opened(failing(*[Conflict()] * 300), settings=settings) as on:
            await on.emit(*(Liked(f"p{n}") for n in range(300)))
            await on.settled()
            assert (len(await on.bus.dead()), len(await on.bus.dead(limit=7)), await on.bus.dead(limit=0)) == (
                300,
                7,
                [],
            )
            assert await on.bus.retry() == 300
            await on.settled()
            assert len(await on.effects()) == 300

    async def test_can_die_again(self, opened: Open) -> None:
        async with opened(failing(*[ValueError("no")] * 6)) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            (first,) = await on.bus.dead()
            await on.bus.retry()
            await on.settled()
            (second,) = await on.bus.dead()
        assert (first.event_id, first.attempts) == (second.event_id, second.attempts)
        assert first.dead_at < second.dead_at

    async def test_retry_leaves_living_ones_alone(self, opened: Open) -> None:
        async with opened(failing(ValueError("no")), settings=SLOW) as on:
            await on.emit(Liked("p1"))
            async with asyncio.timeout(20):
                while not (await on.bus.stats())[0].failed:
                    await asyncio.sleep(0.001)
            assert await on.bus.retry() == 0
            assert (await on.bus.stats())[0].depth == 1

    @pytest.mark.parametrize(
        "envelope", ["", "no json", "{}", ENVELOPE, "[" * 100_000], ids=["empty", "text", "fields", "data", "nested"]
    )
    async def test_is_at_once_what_cannot_be_read(self, opened: Open, envelope: str) -> None:
        async with opened(failing(), start=False) as on:
            await on.insert(envelope)
            await on.bus.start()
            await on.emit(Liked("p2"))
            await on.settled()
            (letter,) = await on.bus.dead()
            assert (letter.event_id, letter.attempts, letter.envelope) == ("bad", 1, envelope)
            assert await on.effects() == ["p2 at 1"]


class TestUnavailable:
    async def test_waits_without_counting(self, opened: Open) -> None:
        settings = Events(retry_seconds=0.001, max_deliver=2)
        async with opened(failing(*[Unavailable()] * 8), settings=settings) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            assert (await on.effects(), await on.bus.dead()) == (["p1 at 1"], [])
            (stats,) = await on.bus.stats()
        assert (stats.delivered, stats.failed) == (1, 0)

    async def test_counts_what_fails_in_between(self, opened: Open) -> None:
        errors = [Unavailable(), ValueError("one"), Unavailable(), Unavailable(), ValueError("two")]
        async with opened(failing(*errors)) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            assert (await on.effects(), await on.bus.dead()) == (["p1 at 3"], [])

    async def test_is_found_over_by_one_delivery_at_a_time(self, opened: Open) -> None:
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

        async with opened(consumers, settings=Events(retry_seconds=0.02)) as on:
            await on.emit(*(Liked(f"p{n}") for n in range(200)))
            await until(lambda: calls >= 4 + 3)
            assert calls < 20
            away = False
            await on.settled()
            assert len(await on.effects()) == 200
            assert await on.bus.dead() == []


class TestDrain:
    async def test_finishes_what_runs_and_starts_nothing(self, opened: Open) -> None:
        gate = asyncio.Event()
        seen: list[str] = []

        async def handle(event: Liked, delivery: Delivery) -> None:
            seen.append(f"{event.post_id} begins")
            await gate.wait()
            seen.append(f"{event.post_id} ends")

        async with opened(handled_by(handle, in_flight=1), clock=HandClock()) as on:
            await on.emit(Liked("p1"), Liked("p2"))
            await until(lambda: seen)
            draining = asyncio.create_task(on.bus.drain(5.0))
            await asyncio.sleep(0)
            gate.set()
            await draining
            await on.emit(Liked("p3"))
            assert seen == ["p1 begins", "p1 ends"]
        async with opened(handled_by(handle, in_flight=1)) as on:
            await on.settled()
        assert Counter(seen) == Counter(f"p{n} {what}" for n in (1, 2, 3) for what in ("begins", "ends"))

    async def test_cuts_off_what_does_not_end_without_counting_it(self, opened: Open) -> None:
        attempts: list[int] = []
        begun = asyncio.Event()

        async def hang(event: Liked, delivery: Delivery) -> None:
            attempts.append(delivery.attempt)
            begun.set()
            await asyncio.Event().wait()

        async with opened(handled_by(hang), clock=HandClock(), start=False) as on:
            await on.emit(Liked("p1"))
        for _ in range(4):
            begun.clear()
            async with opened(handled_by(hang)) as on:
                await begun.wait()
                async with asyncio.timeout(5):
                    await on.bus.drain(0.01)
                    await on.bus.drain(0.01)
        assert attempts == [1, 1, 1, 1]

    async def test_a_cancelled_drain_cuts_off_at_once(self, opened: Open) -> None:
        begun, cancelled = asyncio.Event(), asyncio.Event()

        async def hang(event: Liked, delivery: Delivery) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        async with opened(handled_by(hang)) as on:
            await on.emit(Liked("p1"))
            await begun.wait()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await on.bus.drain(30.0)
            async with asyncio.timeout(5):
                await cancelled.wait()
                await on.bus.drain(30.0)

    async def test_before_the_start_is_no_error(self, opened: Open) -> None:
        async with opened(storing, start=False) as on:
            await on.bus.drain(1.0)
            assert await on.effects() == []
