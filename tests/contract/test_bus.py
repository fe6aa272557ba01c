"""What every bus does: the one of one box on its outbox, the one of a cluster over a real NATS server."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from girok.context import Actor, CallContext, current, use
from girok.db.database import Database
from girok.db.unit import Unit, emit
from girok.events.consumer import Batch, Batched, Consumer, Delivery
from girok.events.event import Event
from tests.kernel.events.consumers import Open, handled_by, storing, until
from tests.kernel.events.stage import HandClock, Ignored, Liked, put, store


class TestDelivery:
    async def test_stores_the_effect_and_leaves_nothing(self, opened: Open) -> None:
        async with opened(storing) as on:
            await on.emit(Liked("p1"), Liked("p2"))
            await on.settled()
            assert sorted(await on.effects()) == ["p1", "p2"]
            assert await on.rows() == []

    async def test_is_over_after_a_handler_that_stores_nothing(self, opened: Open) -> None:
        seen: list[str] = []

        async def handle(event: Liked, delivery: Delivery) -> None:
            seen.append(event.post_id)

        async with opened(handled_by(handle)) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            assert (seen, await on.rows()) == (["p1"], [])

    async def test_is_over_after_a_handler_whose_unit_was_undone(self, opened: Open) -> None:
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

        async with opened(consumers) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            assert (calls, await on.effects()) == ([1], [])

    async def test_marks_only_once(self, opened: Open) -> None:
        marks: list[bool] = []

        def consumers(db: Database) -> Sequence[Consumer]:
            async def handle(event: Liked, delivery: Delivery) -> None:
                marks.append(await db.run(lambda: store(delivery, event.post_id)))
                marks.append(await db.run(lambda: store(delivery, event.post_id)))

            return [Consumer("test.twice", Liked, handle)]

        async with opened(consumers) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            assert (marks, await on.effects()) == ([True, False], ["p1"])

    async def test_reaches_every_consumer_of_the_subject_and_no_other(self, opened: Open) -> None:
        seen: list[str] = []

        def named(name: str, event: type[Event]) -> Consumer:
            async def handle(event: Event, delivery: Delivery) -> None:
                seen.append(name)

            return Consumer(name, event, handle)

        async with opened(lambda _: [named("test.a", Liked), named("test.b", Liked), named("test.c", Ignored)]) as on:
            await on.emit(Liked("p1"))
            await on.settled()
        assert sorted(seen) == ["test.a", "test.b"]

    async def test_runs_under_the_context_of_the_event(self, opened: Open) -> None:
        seen: list[CallContext] = []
        deliveries: list[Delivery] = []

        async def handle(event: Liked, delivery: Delivery) -> None:
            seen.append(current())
            deliveries.append(delivery)

        async with opened(handled_by(handle, timeout=5.0)) as on:
            begin = asyncio.get_running_loop().time()
            with use(CallContext(actor=Actor("u1"), request_id="r1", traceparent="00-ab-cd-01", locale="ko")):
                await on.emit(Liked("p1"))
            await on.settled()
        (context,), (delivery,) = seen, deliveries
        assert context.actor is None
        assert context.request_id == delivery.envelope.id
        assert context.traceparent == "00-ab-cd-01"
        assert context.deadline is not None
        assert 5.0 <= context.deadline - begin < 15.0
        assert (delivery.envelope.actor_id, delivery.envelope.type, delivery.attempt) == ("u1", Liked.subject, 1)

    async def test_of_events_that_a_handler_emits(self, opened: Open) -> None:
        def consumers(db: Database) -> Sequence[Consumer]:
            async def chain(event: Liked, delivery: Delivery) -> None:
                def unit() -> Unit[None]:
                    yield from store(delivery, event.post_id)
                    for _ in range(int(event.post_id)):
                        yield from emit(Liked(str(int(event.post_id) - 1)))

                await db.run(unit)

            return [Consumer("test.chain", Liked, chain)]

        async with opened(consumers) as on:
            await on.emit(Liked("4"))
            await on.settled()
            assert Counter(await on.effects()) == {"4": 1, "3": 4, "2": 12, "1": 24, "0": 24}

    async def test_of_many_at_once(self, opened: Open) -> None:
        async with opened(storing) as on:
            await asyncio.gather(*(on.emit(Liked(f"p{n}")) for n in range(1000)))
            await on.settled()
            assert sorted(await on.effects()) == sorted(f"p{n}" for n in range(1000))
            (stats,) = await on.bus.stats()
        assert (stats.delivered, stats.failed, stats.depth, stats.dead, stats.lag) == (1000, 0, 0, 0, 0.0)

    async def test_of_what_an_earlier_process_left(self, opened: Open) -> None:
        async with opened(storing) as on:
            await on.emit(Liked("p1"))
            await on.settled()
        async with opened(storing, clock=HandClock(), start=False) as on:
            await on.emit(Liked("p2"))
        async with opened(storing) as on:
            await on.settled()
            assert await on.effects() == ["p1", "p2"]


class TestOrderAndConcurrency:
    async def test_one_in_flight_is_one_after_another(self, opened: Open) -> None:
        seen: list[str] = []

        async def handle(event: Liked, delivery: Delivery) -> None:
            seen.append(event.post_id)
            await asyncio.sleep(0)
            seen.append(event.post_id)

        async with opened(handled_by(handle, in_flight=1)) as on:
            for n in range(30):
                await on.emit(Liked(f"{n}"))
            await on.settled()
        assert seen == [f"{n}" for n in range(30) for _ in range(2)]

    async def test_in_flight_bounds_the_handlers_at_once(self, opened: Open) -> None:
        gate = asyncio.Event()
        running: set[str] = set()
        most = 0

        async def handle(event: Liked, delivery: Delivery) -> None:
            nonlocal most
            running.add(event.post_id)
            most = max(most, len(running))
            await gate.wait()
            running.discard(event.post_id)

        async with opened(handled_by(handle, in_flight=3)) as on:
            await on.emit(*(Liked(f"{n}") for n in range(20)))
            await until(lambda: len(running) == 3)
            gate.set()
            await on.settled()
        assert most == 3

    async def test_a_slow_consumer_holds_up_no_other(self, opened: Open) -> None:
        gate = asyncio.Event()

        async def hold(event: Liked, delivery: Delivery) -> None:
            await gate.wait()

        async with opened(lambda db: [Consumer("test.slow", Liked, hold, in_flight=1), *storing(db)]) as on:
            await on.emit(*(Liked(f"{n}") for n in range(100)))
            async with asyncio.timeout(20):
                while len(await on.effects()) < 100:
                    await asyncio.sleep(0.001)
            gate.set()
            await on.settled()


class TestBatch:
    async def test_is_marked_and_stored_in_one_unit(self, opened: Open) -> None:
        sizes: list[int] = []

        def consumers(db: Database) -> Sequence[Consumer]:
            async def handle(batch: Batch) -> None:
                def unit() -> Unit[None]:
                    for event, _ in (yield from batch.once()):
                        yield from put(event.post_id)

                sizes.append(len(batch))
                await db.run(unit)

            return [Consumer("test.batch", Liked, Batched(handle, 10), in_flight=1)]

        async with opened(consumers) as on:
            await on.emit(*(Liked(f"p{n}") for n in range(100)))
            await on.settled()
            assert sorted(await on.effects()) == sorted(f"p{n}" for n in range(100))
        assert (sum(sizes), max(sizes) <= 10, len(sizes) < 100) == (100, True, True)

    async def test_finds_the_one_that_is_to_blame(self, opened: Open) -> None:
        def consumers(db: Database) -> Sequence[Consumer]:
            async def handle(batch: Batch) -> None:
                def unit() -> Unit[None]:
                    for event, _ in (yield from batch.once()):
                        yield from put(event.post_id)
                        if event.post_id == "p13":
                            raise ZeroDivisionError

                await db.run(unit)

            return [Consumer("test.batch", Liked, Batched(handle, 10))]

        async with opened(consumers) as on:
            await on.emit(*(Liked(f"p{n}") for n in range(30)))
            await on.settled()
            assert sorted(await on.effects()) == sorted(f"p{n}" for n in range(30) if n != 13)
            (letter,) = await on.bus.dead()
        assert (letter.attempts, '"p13"' in letter.envelope) == (3, True)


class TestStats:
    async def test_count_what_waits(self, opened: Open) -> None:
        gate = asyncio.Event()

        async def hold(event: Liked, delivery: Delivery) -> None:
            await gate.wait()

        async with opened(handled_by(hold, in_flight=1)) as on:
            await on.emit(Liked("p1"), Liked("p2"), Liked("p3"))
            async with asyncio.timeout(20):
                while (stats := (await on.bus.stats())[0]).depth < 3:
                    await asyncio.sleep(0.001)
            assert (stats.consumer, stats.delivered, stats.dead) == ("test.handle", 0, 0)
            assert (await on.bus.stats())[0].lag > 0
            gate.set()
            await on.settled()
