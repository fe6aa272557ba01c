"""Events reach their consumers, each effect once, and the bus costs nothing while nothing happens."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from girok.context import Actor, CallContext, current, use
from girok.db.database import Database
from girok.db.statement import Sql
from girok.db.unit import Unit, emit, execute
from girok.events.consumer import Consumer, Delivery, Handler
from girok.events.event import Event
from girok.sections import Events
from girok.testing.events import settle
from tests.kernel.events.stage import HandClock, Ignored, Liked, stage, store

NEVER_AGAIN = Events(retry_seconds=3600, max_deliver=2)


def storing(db: Database) -> Sequence[Consumer]:
    """A consumer whose effect is the post's id."""

    async def handle(event: Liked, delivery: Delivery) -> None:
        await db.run(lambda: store(delivery, event.post_id))

    return [Consumer("test.store", Liked, handle)]


def with_handler(handler: Handler, **options: Any) -> Any:
    return lambda _: [Consumer("test.handle", Liked, handler, **options)]


async def until(condition: Any, seconds: float = 5.0) -> None:
    """Wait for a condition that no event announces."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.001)


class TestDelivery:
    async def test_stores_the_effect_and_removes_the_row(self, tmp_path: Path) -> None:
        async with stage(tmp_path, storing) as on:
            await on.emit(Liked("p1"), Liked("p2"))
            await settle(on.bus)
            assert await on.effects() == ["p1", "p2"]
            assert await on.rows() == []

    async def test_removes_the_row_after_a_handler_that_stores_nothing(self, tmp_path: Path) -> None:
        seen: list[str] = []

        async def handle(event: Liked, delivery: Delivery) -> None:
            seen.append(event.post_id)

        async with stage(tmp_path, with_handler(handle)) as on:
            await on.emit(Liked("p1"))
            await settle(on.bus)
            assert (seen, await on.rows()) == (["p1"], [])

    async def test_marks_only_once(self, tmp_path: Path) -> None:
        marks: list[bool] = []

        def consumers(db: Database) -> Sequence[Consumer]:
            async def handle(event: Liked, delivery: Delivery) -> None:
                marks.append(await db.run(lambda: store(delivery, event.post_id)))
                marks.append(await db.run(lambda: store(delivery, event.post_id)))

            return [Consumer("test.twice", Liked, handle)]

        async with stage(tmp_path, consumers) as on:
            await on.emit(Liked("p1"))
            await settle(on.bus)
            assert (marks, await on.effects()) == ([True, False], ["p1"])

    async def test_reaches_every_consumer_of_the_subject_and_no_other(self, tmp_path: Path) -> None:
        seen: list[str] = []

        def named(name: str, event: type[Event]) -> Consumer:
            async def handle(event: Event, delivery: Delivery) -> None:
                seen.append(name)

            return Consumer(name, event, handle)

        async with stage(tmp_path, lambda _: [named("a", Liked), named("b", Liked), named("c", Ignored)]) as on:
            await on.emit(Liked("p1"))
            await settle(on.bus)
        assert sorted(seen) == ["a", "b"]

    async def test_runs_under_the_context_of_the_event(self, tmp_path: Path) -> None:
        seen: list[CallContext] = []
        deliveries: list[Delivery] = []

        async def handle(event: Liked, delivery: Delivery) -> None:
            seen.append(current())
            deliveries.append(delivery)

        async with stage(tmp_path, with_handler(handle, timeout=5.0)) as on:
            begin = asyncio.get_running_loop().time()
            with use(CallContext(actor=Actor("u1"), request_id="r1", traceparent="00-ab-cd-01", locale="ko")):
                await on.emit(Liked("p1"))
            await settle(on.bus)
        (context,), (delivery,) = seen, deliveries
        assert context.actor is None
        assert context.request_id == delivery.envelope.id
        assert context.traceparent == "00-ab-cd-01"
        assert context.deadline is not None
        assert 5.0 <= context.deadline - begin < 10.0
        assert (delivery.envelope.actor_id, delivery.envelope.type, delivery.attempt) == ("u1", Liked.subject, 1)

    async def test_events_that_a_handler_emits_are_delivered(self, tmp_path: Path) -> None:
        def consumers(db: Database) -> Sequence[Consumer]:
            async def chain(event: Liked, delivery: Delivery) -> None:
                def unit() -> Unit[None]:
                    yield from store(delivery, event.post_id)
                    for _ in range(int(event.post_id)):
                        yield from emit(Liked(str(int(event.post_id) - 1)))

                await db.run(unit)

            return [Consumer("test.chain", Liked, chain)]

        async with stage(tmp_path, consumers) as on:
            await on.emit(Liked("4"))
            await settle(on.bus)
            effects = await on.effects()
        assert [effects.count(str(n)) for n in range(5)] == [24, 24, 12, 4, 1]

    async def test_of_many_at_once(self, tmp_path: Path) -> None:
        async with stage(tmp_path, storing) as on:
            await asyncio.gather(*(on.emit(Liked(f"p{n}")) for n in range(1000)))
            await settle(on.bus)
            assert sorted(await on.effects()) == sorted(f"p{n}" for n in range(1000))
            (stats,) = await on.bus.stats()
        assert (stats.delivered, stats.failed, stats.depth, stats.dead, stats.lag) == (1000, 0, 0, 0, 0.0)


class TestOrderAndConcurrency:
    async def test_one_in_flight_is_one_after_another(self, tmp_path: Path) -> None:
        seen: list[str] = []

        async def handle(event: Liked, delivery: Delivery) -> None:
            seen.append(event.post_id)
            await asyncio.sleep(0)
            seen.append(event.post_id)

        async with stage(tmp_path, with_handler(handle, in_flight=1)) as on:
            for n in range(30):
                await on.emit(Liked(f"{n}"))
            await settle(on.bus)
        assert seen == [f"{n}" for n in range(30) for _ in range(2)]

    async def test_in_flight_bounds_the_handlers_at_once(self, tmp_path: Path) -> None:
        gate = asyncio.Event()
        running: set[str] = set()
        most = 0

        async def handle(event: Liked, delivery: Delivery) -> None:
            nonlocal most
            running.add(event.post_id)
            most = max(most, len(running))
            await gate.wait()
            running.discard(event.post_id)

        async with stage(tmp_path, with_handler(handle, in_flight=3)) as on:
            await on.emit(*(Liked(f"{n}") for n in range(20)))
            await until(lambda: len(running) == 3)
            gate.set()
            await settle(on.bus)
        assert most == 3

    async def test_a_slow_consumer_holds_up_no_other(self, tmp_path: Path) -> None:
        gate = asyncio.Event()

        async def hold(event: Liked, delivery: Delivery) -> None:
            await gate.wait()

        async with stage(tmp_path, lambda db: [Consumer("test.slow", Liked, hold, in_flight=1), *storing(db)]) as on:
            await on.emit(*(Liked(f"{n}") for n in range(100)))
            async with asyncio.timeout(5):
                while len(await on.effects()) < 100:
                    await asyncio.sleep(0.001)
            gate.set()
            await settle(on.bus)
            assert await on.rows() == []


class TestQuiet:
    async def test_reads_nothing_while_nothing_happens(self, tmp_path: Path) -> None:
        async with stage(tmp_path, storing, settings=Events(retry_seconds=0.001)) as on:
            await on.emit(Liked("p1"))
            await settle(on.bus)
            before = on.cable.reads
            await on.emit(Ignored())
            await on.db.run(lambda: execute(Sql("INSERT INTO test_effect (value) VALUES ('unrelated')")))
            await asyncio.sleep(0.05)
            assert on.cable.reads == before

    async def test_looks_again_when_the_next_retry_is_due(self, tmp_path: Path) -> None:
        clock = HandClock()
        async with stage(tmp_path, storing, clock=clock, start=False) as on:
            await on.emit(Liked("p1"))
            clock.advance(-3)  # somebody set the clock back: the row is due in the future
            await on.bus.start()
            await settle(on.bus)
            assert await on.effects() == []
            clock.advance(3)
            on.bus.wake()
            await settle(on.bus)
            assert await on.effects() == ["p1"]


class TestStart:
    async def test_delivers_what_an_earlier_process_left(self, tmp_path: Path) -> None:
        async with stage(tmp_path, storing, start=False) as on:
            await on.emit(Liked("p1"))
        async with stage(tmp_path, storing) as on:
            await settle(on.bus)
            assert await on.effects() == ["p1"]

    async def test_reports_events_of_a_consumer_that_is_gone(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with stage(tmp_path, storing, start=False) as on:
            await on.emit(Liked("p1"))
        with caplog.at_level(logging.WARNING, "girok.events"):
            async with stage(tmp_path, lambda _: []) as on:
                await settle(on.bus)
                assert len(await on.rows()) == 1
        assert "1 events wait for the consumer test.store, which is not here" in caplog.messages


class TestDrain:
    async def test_finishes_what_runs_and_starts_nothing(self, tmp_path: Path) -> None:
        gate = asyncio.Event()
        seen: list[str] = []

        async def handle(event: Liked, delivery: Delivery) -> None:
            seen.append(f"{event.post_id} begins")
            await gate.wait()
            seen.append(f"{event.post_id} ends")

        async with stage(tmp_path, with_handler(handle, in_flight=1)) as on:
            await on.emit(Liked("p1"), Liked("p2"))
            await until(lambda: seen)
            draining = asyncio.create_task(on.bus.drain(5.0))
            await asyncio.sleep(0)
            gate.set()
            await draining
            await on.emit(Liked("p3"))
            await asyncio.sleep(0.01)
            assert seen == ["p1 begins", "p1 ends"]
            assert len(await on.rows()) == 2

    async def test_cuts_off_what_does_not_end(self, tmp_path: Path) -> None:
        begun = asyncio.Event()

        async def hang(event: Liked, delivery: Delivery) -> None:
            begun.set()
            await asyncio.Event().wait()

        async with stage(tmp_path, with_handler(hang)) as on:
            await on.emit(Liked("p1"))
            await begun.wait()
            async with asyncio.timeout(5):
                await on.bus.drain(0.01)
                await on.bus.drain(0.01)
            (row,) = await on.rows()
            assert row["attempts"] == 0

    async def test_a_cancelled_drain_cuts_off_at_once(self, tmp_path: Path) -> None:
        begun, cancelled = asyncio.Event(), asyncio.Event()

        async def hang(event: Liked, delivery: Delivery) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        async with stage(tmp_path, with_handler(hang)) as on:
            await on.emit(Liked("p1"))
            await begun.wait()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await on.bus.drain(30.0)
            async with asyncio.timeout(5):
                await cancelled.wait()
                await on.bus.drain(30.0)

    async def test_before_the_start_is_no_error(self, tmp_path: Path) -> None:
        async with stage(tmp_path, storing, start=False) as on:
            await on.bus.drain(1.0)
            assert await on.rows() == []


class TestStats:
    async def test_count_what_waits(self, tmp_path: Path) -> None:
        clock = HandClock()
        async with stage(tmp_path, storing, clock=clock, settings=NEVER_AGAIN, start=False) as on:
            await on.emit(Liked("p1"), Liked("p2"))
            clock.advance(90)
            (stats,) = await on.bus.stats()
        assert (stats.consumer, stats.depth, stats.lag) == ("test.store", 2, 90.0)
