"""Several processes on one NATS: they share the work, and take over what another one leaves."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from nats.aio.msg import Msg

from girok.db.database import Database
from girok.db.unit import Unit
from girok.errors import Unavailable
from girok.events.consumer import Batch, Batched, Consumer, Delivery
from girok.events.jetstream import JetStream
from girok.events.message import ACK_SECONDS
from girok.events.outgoing import LETTER
from girok.sections import Events
from girok.servers.process import ServerProcess
from girok.testing.postgres import new_schema
from tests.kernel.events.consumers import failing, handled_by, storing, until
from tests.kernel.events.stage import HandClock, Liked, Stage, put, stage, store

THREE = Events(retry_seconds=0.01, max_deliver=3)


@pytest.fixture
async def place(postgres_server: ServerProcess) -> AsyncIterator[str]:
    async with new_schema(postgres_server) as url:
        yield url


def counting(name: str, seen: Counter[str]) -> Callable[[Database], Sequence[Consumer]]:
    """A consumer that notes which process it runs in."""

    def consumers(db: Database) -> Sequence[Consumer]:
        async def handle(event: Liked, delivery: Delivery) -> None:
            seen[name] += 1
            await db.run(lambda: store(delivery, event.post_id))

        return [Consumer("test.count", Liked, handle, in_flight=4)]

    return consumers


async def taken_and_never_answered(on: Stage, consumer: str, times: int) -> None:
    """What JetStream sees of processes that take an event and die: it counts, and nobody says why."""
    session = on.connection.current()
    taken: asyncio.Queue[Msg] = asyncio.Queue()
    await session.subscribe("inbox", taken.put)
    for _ in range(times):
        await session.publish(f"$JS.API.CONSUMER.MSG.NEXT.TEST.{consumer}", b"1", reply="inbox")
        message = await asyncio.wait_for(taken.get(), 20)
        await session.publish(message.reply, b"-NAK")


class TestShare:
    async def test_each_event_is_done_once_by_one_of_them(self, place: str, server: ServerProcess) -> None:
        seen: Counter[str] = Counter()
        async with (
            stage(place, counting("one", seen), nats=server.url) as one,
            stage(place, counting("two", seen), nats=server.url) as two,
        ):
            for start in range(0, 400, 20):
                await one.emit(*(Liked(f"p{number}") for number in range(start, start + 10)))
                await two.emit(*(Liked(f"p{number}") for number in range(start + 10, start + 20)))
            await one.settled()
            assert sorted(await one.effects()) == sorted(f"p{number}" for number in range(400))
        assert seen.total() == 400
        assert min(seen.values()) > 40

    async def test_what_one_gives_back_at_its_drain_the_other_does_at_once(
        self, place: str, server: ServerProcess
    ) -> None:
        async def hold(event: Liked, delivery: Delivery) -> None:
            await asyncio.Event().wait()

        seen: list[tuple[str, int]] = []

        async def handle(event: Liked, delivery: Delivery) -> None:
            seen.append((event.post_id, delivery.attempt))

        async with stage(place, handled_by(hold, in_flight=2), nats=server.url, clock=HandClock()) as one:
            await one.emit(Liked("p1"), Liked("p2"))
            async with asyncio.timeout(20):
                while not (await one.bus.stats())[0].depth:
                    await asyncio.sleep(0.01)
            async with stage(place, handled_by(handle), nats=server.url) as two:
                await one.bus.drain(0.01)
                await until(lambda: len(seen) == 2, 5.0)
                await two.settled()
        assert sorted(seen) == [("p1", 1), ("p2", 1)]

    async def test_an_event_of_a_role_that_was_away_is_there_when_it_comes(
        self, place: str, server: ServerProcess
    ) -> None:
        async with stage(place, lambda _: [], nats=server.url) as other:
            await other.emit(Liked("p1"))
            await other.settled()
        async with stage(place, storing, nats=server.url) as on:
            await until_effects(on, 1)


class TestDuplicates:
    async def test_in_any_order_have_one_effect_each(self, place: str, server: ServerProcess) -> None:
        async with stage(place, lambda _: [], nats=server.url) as other:
            await other.emit(*(Liked(f"p{number}") for number in range(50)))
            envelopes = [row["envelope"] for row in await other.rows()] * 3
            await other.settled()
            random.shuffle(envelopes)
            for number, each in enumerate(envelopes):
                headers = {"Nats-Msg-Id": f"again{number}"}
                await JetStream(other.connection).store(Liked.subject, each.encode(), headers)
        async with stage(place, storing, nats=server.url) as on:
            await until_effects(on, 50)
            await on.settled()
            assert sorted(await on.effects()) == sorted(f"p{number}" for number in range(50))


class TestKilledProcess:
    async def test_counts_as_an_attempt(self, place: str, server: ServerProcess) -> None:
        async with stage(place, failing(), nats=server.url) as on:
            await on.emit(Liked("p0"))
            await on.settled()
        async with stage(place, lambda _: [], nats=server.url) as dying:
            await dying.emit(Liked("p1"))
            await taken_and_never_answered(dying, "test_fail", 2)
        async with stage(place, failing(Unavailable(), Unavailable()), nats=server.url, settings=THREE) as on:
            await on.settled()
            assert await on.effects() == ["p0 at 1", "p1 at 3"]

    async def test_each_time_makes_a_dead_letter_without_another_try(self, place: str, server: ServerProcess) -> None:
        calls: list[str] = []

        async def handle(event: Liked, delivery: Delivery) -> None:
            calls.append(event.post_id)

        async with stage(place, handled_by(handle), nats=server.url) as on:
            await on.emit(Liked("p0"))
            await on.settled()
        async with stage(place, lambda _: [], nats=server.url) as dying:
            await dying.emit(Liked("p1"))
            await taken_and_never_answered(dying, "test_handle", 3)
        async with stage(place, handled_by(handle), nats=server.url, settings=THREE) as on:
            await on.settled()
            (letter,) = await on.bus.dead()
            assert calls == ["p0"]
            assert (letter.attempts, letter.error) == (3, "Endless: its handler was cut off each time")
            assert await on.bus.retry() == 1
            await on.settled()
            assert calls == ["p0", "p1"]

    async def test_in_an_outage_does_not_count_what_waited(self, place: str, server: ServerProcess) -> None:
        attempts: list[int] = []

        async def wait(event: Liked, delivery: Delivery) -> None:
            attempts.append(delivery.attempt)
            raise Unavailable

        async with stage(place, lambda _: [], nats=server.url) as other:
            await other.emit(Liked("p1"))
            await other.settled()
        for goal in (2, 4, 6, 8):
            async with stage(place, handled_by(wait), nats=server.url, settings=THREE):
                await until(lambda goal=goal: len(attempts) >= goal)
        assert set(attempts) == {1}


class TestOutage:
    async def test_a_batch_that_waited_comes_again_at_once_and_as_the_first_attempt(
        self, place: str, server: ServerProcess
    ) -> None:
        calls, attempts = 0, set[int]()

        def consumers(db: Database) -> Sequence[Consumer]:
            async def handle(batch: Batch) -> None:
                nonlocal calls
                calls += 1
                attempts.update(delivery.attempt for _, delivery in batch)
                if calls < 3:
                    raise Unavailable

                def unit() -> Unit[None]:
                    for event, _ in (yield from batch.once()):
                        yield from put(event.post_id)

                await db.run(unit)

            return [Consumer("test.batch", Liked, Batched(handle, 100), in_flight=1)]

        async with stage(place, consumers, nats=server.url, settings=Events(retry_seconds=0.001), start=False) as on:
            await on.emit(*(Liked(f"p{number}") for number in range(60)))
            await on.bus.start()
            await on.settled(8.0)  # JetStream would give it again by itself after ten
            assert len(await on.effects()) == 60
        assert attempts == {1}


class TestDeadLetters:
    async def test_what_is_none_is_left_out(
        self, place: str, server: ServerProcess, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with stage(place, failing(*[ValueError("no")] * 3), nats=server.url) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            for headers in ({}, {LETTER: "no json"}, {LETTER: "[]"}, {LETTER: '{"eventId": 1}'}):
                await JetStream(on.connection).store("girok.dead.test_fail", b"by hand", headers)
            caplog.clear()
            assert len(await on.bus.dead()) == 1
            assert caplog.messages == [f"message {number} of GIROK_DEAD is no dead letter" for number in (2, 3, 4, 5)]
            assert await on.bus.retry() == 1


class TestNatsAwayMeanwhile:
    async def test_a_handler_finishes_and_its_end_is_told_afterwards(self, place: str, server: ServerProcess) -> None:
        gate, calls = asyncio.Event(), 0

        async def handle(event: Liked, delivery: Delivery) -> None:
            nonlocal calls
            calls += 1
            await gate.wait()

        async with stage(place, handled_by(handle), nats=server.url) as on:
            await on.emit(Liked("p1"))
            await until(lambda: calls)
            session = on.connection.current()
            await server.stop()  # in order: killed, it would not know what it has delivered
            await session.lost
            gate.set()
            await server.start()
            await on.connection.session()
            await on.settled()
        assert calls == 1

    async def test_a_drain_waits_for_handlers_and_not_for_nats(self, place: str, server: ServerProcess) -> None:
        gate, ended, calls = asyncio.Event(), 0, 0

        async def handle(event: Liked, delivery: Delivery) -> None:
            nonlocal ended, calls
            calls += 1
            await gate.wait()
            ended += 1

        async with stage(place, handled_by(handle), nats=server.url) as on:
            await on.emit(Liked("p1"), Liked("p2"))
            await until(lambda: calls == 2)
            session = on.connection.current()
            await server.kill()
            await session.lost
            draining = asyncio.create_task(on.bus.drain(20.0))
            gate.set()
            async with asyncio.timeout(3):
                await draining
        assert ended == 2

    async def test_figures_and_letters_are_unavailable(self, place: str, server: ServerProcess) -> None:
        async with stage(place, storing, nats=server.url) as on:
            await server.kill()
            for call in (on.bus.stats, on.bus.dead, on.bus.retry):
                async with asyncio.timeout(1):
                    with pytest.raises(Unavailable):
                        await call()


@pytest.mark.slow
class TestLongHandler:
    async def test_is_left_alone_by_the_others(self, place: str, server: ServerProcess) -> None:
        calls: list[str] = []

        def named(name: str) -> Any:
            async def handle(event: Liked, delivery: Delivery) -> None:
                calls.append(name)
                await asyncio.sleep(ACK_SECONDS + 2)  # longer than JetStream waits for a word

            return handled_by(handle, timeout=60.0)

        async with (
            stage(place, named("one"), nats=server.url) as on,
            stage(place, named("two"), nats=server.url),
        ):
            await on.emit(Liked("p1"))
            await on.settled(60)
        assert len(calls) == 1


async def until_effects(on: Stage, count: int) -> None:
    """Wait until so many effects are there."""
    async with asyncio.timeout(20):
        while len(await on.effects()) < count:
            await asyncio.sleep(0.01)
