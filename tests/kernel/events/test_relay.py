"""From the outbox to JetStream: nothing is lost while NATS is away, and nothing is published that is not durable."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from girok.db.unit import Unit, emit, execute
from girok.events.jetstream import JetStream
from girok.events.relay_outbox import RelayOutbox
from girok.events.statements import APPEND
from girok.events.tables import RELAY
from girok.servers.process import ServerProcess
from girok.testing.postgres import new_schema
from tests.kernel.events.consumers import storing
from tests.kernel.events.stage import HandClock, Ignored, Liked, Stage, stage

KEYS = ("event_id", "consumer", "subject", "envelope", "due_at")


@pytest.fixture
async def store(postgres_server: ServerProcess) -> AsyncIterator[str]:
    async with new_schema(postgres_server) as url:
        yield url


@asynccontextmanager
async def without_relay(store: str, server: ServerProcess) -> AsyncGenerator[Stage, None]:
    """A process that emits and never gets to publish: it dies before."""
    async with stage(store, storing, nats=server.url, start=False) as on:
        yield on


@asynccontextmanager
async def postgres_transaction(url: str) -> AsyncGenerator[asyncpg.Connection, None]:
    """Of somebody else; undone in the end."""
    address, _, schema = url.partition("?search_path=")
    connection = await asyncpg.connect(address, server_settings={"search_path": schema})
    await connection.execute("BEGIN")
    yield connection
    await connection.close()


async def published(on: Stage) -> int:
    """Messages in the stream."""
    info = await JetStream(on.connection).find("STREAM.INFO.TEST")
    return info["state"]["messages"] if info else 0


async def stored(on: Stage, count: int, seconds: float = 30.0) -> list[str]:
    """The effects, once there are so many."""
    async with asyncio.timeout(seconds):
        while len(found := await on.effects()) < count:
            await asyncio.sleep(0.01)
    return found


class TestWithoutNats:
    async def test_writes_succeed_and_all_arrives_when_it_is_back(self, store: str, server: ServerProcess) -> None:
        async with stage(store, storing, nats=server.url) as on:
            await on.emit(Liked("p0"))
            await on.settled()
            await server.kill()
            for number in range(1, 300):
                await on.emit(Liked(f"p{number}"))
            assert len(await on.rows()) == 299
            await server.start()
            assert sorted(await stored(on, 300)) == sorted(f"p{number}" for number in range(300))

    async def test_a_process_starts_and_takes_writes(
        self, store: str, server: ServerProcess, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING)
        await server.kill()
        async with stage(store, storing, nats=server.url) as on:
            await on.emit(Liked("p1"))
            await asyncio.sleep(1.5)  # for whoever would try in vain and say so
            await server.start()
            assert await stored(on, 1) == ["p1"]
        (message,) = caplog.messages
        assert "is not there yet" in message

    async def test_a_drain_ends_and_leaves_the_rest_to_others(self, store: str, server: ServerProcess) -> None:
        async with stage(store, storing, nats=server.url, clock=HandClock()) as on:
            await server.kill()
            await on.emit(Liked("p1"))
            async with asyncio.timeout(3):
                await on.bus.drain(20.0)
            assert len(await on.rows()) == 1
        await server.start()
        async with stage(store, storing, nats=server.url) as on:
            assert await stored(on, 1) == ["p1"]


class TestNatsKilled:
    async def test_under_load_loses_nothing_and_does_nothing_twice(self, store: str, server: ServerProcess) -> None:
        async with stage(store, storing, nats=server.url) as on:
            count = 0

            async def write(name: int) -> None:
                nonlocal count
                for number in range(100):
                    await on.emit(Liked(f"{name}-{number}"))
                    count += 1

            writers = asyncio.gather(*(write(name) for name in range(8)))
            for goal in (100, 300, 500):
                while count < goal:
                    await asyncio.sleep(0.001)
                await server.kill()
                await server.start()
            await writers
            await on.settled(60)
            assert sorted(await on.effects()) == sorted(f"{n}-{m}" for n in range(8) for m in range(100))

    async def test_paused_under_load_loses_nothing_and_does_nothing_twice(
        self, store: str, server: ServerProcess
    ) -> None:
        async with stage(store, storing, nats=server.url) as on:
            for number in range(300):
                if number == 100:
                    server.pause()
                await on.emit(Liked(f"p{number}"))
            await asyncio.sleep(7.0)  # longer than the connection is waited for
            server.go_on()
            await on.settled(60)
            assert sorted(await on.effects()) == sorted(f"p{number}" for number in range(300))


class TestRows:
    async def test_of_a_process_that_died_are_taken_by_another(self, store: str, server: ServerProcess) -> None:
        async with without_relay(store, server) as dying:
            await dying.emit(*(Liked(f"p{number}") for number in range(20)))
        async with stage(store, storing, nats=server.url) as on:
            assert sorted(await stored(on, 20)) == sorted(f"p{number}" for number in range(20))
            await on.settled()

    async def test_of_a_living_process_are_left_to_it(self, store: str, server: ServerProcess) -> None:
        async with stage(store, storing, nats=server.url) as other, without_relay(store, server) as on:
            await on.emit(Liked("p1"))
            await asyncio.sleep(1.5)  # the other one looks every second
            assert (await published(other), len(await on.rows())) == (0, 1)

    async def test_too_many_to_remember_are_published_all_the_same(self, store: str, server: ServerProcess) -> None:
        async with stage(store, storing, nats=server.url, start=False) as on:
            for _ in range(11):
                await on.emit(*(Ignored() for _ in range(500)))
            await on.emit(Liked("last"))
            begin = time.monotonic()
            await on.bus.start()
            assert await stored(on, 1) == ["last"]
            assert time.monotonic() - begin < 4.0  # it waited for no lease
            await on.settled(60)
            assert await published(on) == 5_501

    async def test_published_but_not_deleted_are_no_second_message(self, store: str, server: ServerProcess) -> None:
        async with stage(store, storing, nats=server.url, clock=HandClock()) as on:
            await on.emit(*(Liked(f"old{number}") for number in range(5)))
            left = [{key: row[key] for key in KEYS} for row in await on.rows()]
            await on.settled()

        def again() -> Unit[None]:
            for row in left:
                yield from execute(APPEND(**row))

        async with stage(store, storing, nats=server.url, clock=HandClock(), start=False) as on:
            await on.db.run(again)
            await on.emit(*(Liked(f"new{number}") for number in range(5)))
        async with stage(store, storing, nats=server.url) as on:
            await stored(on, 10)
            await on.settled()
            assert (await published(on), len(await on.effects())) == (10, 10)

    async def test_are_shared_by_several_processes(self, store: str, server: ServerProcess) -> None:
        clock = HandClock()  # of long ago: every row is due
        async with stage(store, storing, nats=server.url, clock=clock, start=False) as dead:
            for _ in range(8):
                await dead.emit(*(Liked("p") for _ in range(200)))
        async with (
            stage(store, storing, nats=server.url) as one,
            stage(store, storing, nats=server.url) as two,
        ):
            assert len(await stored(one, 1600, 60.0)) == 1600
            await two.settled(60)
            assert await published(one) == len(await one.effects()) == 1600

    async def test_that_another_process_is_taking_hold_up_no_other(self, store: str, server: ServerProcess) -> None:
        clock = HandClock()  # of long ago: every row is due
        async with stage(store, storing, nats=server.url, clock=clock, start=False) as dead:
            await dead.emit(Liked("taken"), Liked("free"))
        async with postgres_transaction(store) as other:
            await other.execute("SELECT 1 FROM event_outbox WHERE envelope LIKE '%taken%' FOR UPDATE")
            async with stage(store, storing, nats=server.url) as on:
                assert await stored(on, 1) == ["free"]
        async with stage(store, storing, nats=server.url) as on:
            assert await stored(on, 2) == ["free", "taken"]

    async def test_that_nats_does_not_take_hold_up_no_other(
        self, store: str, server: ServerProcess, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with stage(store, storing, nats=server.url) as on:
            await on.emit(Liked("x" * 1_100_000), Liked("p1"))
            assert await stored(on, 1) == ["p1"]
            async with asyncio.timeout(20):
                while not (left := [each for each in await on.rows() if each["attempts"]]):
                    await asyncio.sleep(0.01)
            assert "bytes are more than" in left[0]["error"]
        assert any(each.startswith("NATS refused 1 events, the first on test.post.liked") for each in caplog.messages)


class TestDurability:
    async def test_nothing_of_a_unit_that_was_undone_is_published(self, store: str, server: ServerProcess) -> None:
        def undone() -> Unit[None]:
            yield from emit(Liked("never"))
            raise ZeroDivisionError

        async with stage(store, storing, nats=server.url) as on:
            with pytest.raises(ZeroDivisionError):
                await on.db.run(undone)
            await on.emit(Liked("p1"))
            await on.settled()
            assert (await published(on), await on.effects()) == (1, ["p1"])

    async def test_what_may_be_durable_is_published_only_if_it_is(self, store: str, server: ServerProcess) -> None:
        async with stage(store, storing, nats=server.url) as on:
            event, outbox = Liked("unknown"), on.db.outbox
            assert outbox is not None
            outbox.statements(event)  # of a unit whose COMMIT never reached the store
            outbox.committed([event])
            await on.emit(Liked("p1"))
            await on.settled()
            assert (await published(on), await on.effects()) == (1, ["p1"])

    async def test_one_event_emitted_twice_is_two(self, store: str, server: ServerProcess) -> None:
        async with stage(store, storing, nats=server.url) as on:
            event = Liked("p1")
            await on.emit(event, event)
            await on.settled()
            assert await on.effects() == ["p1", "p1"]


class TestRelayOutbox:
    def test_forgets_what_was_undone(self) -> None:
        clock = HandClock()

        class Ids:
            def new(self) -> str:
                return "id"

        outbox = RelayOutbox(clock, Ids())
        for _ in range(10_000):
            outbox.statements(Ignored())
        assert len(outbox._appended) == 5_000
        assert outbox.waiting == 0

    def test_a_row_is_for_nobody_in_particular(self) -> None:
        class Ids:
            def new(self) -> str:
                return "id"

        (statement,) = RelayOutbox(HandClock(), Ids()).statements(Ignored())
        assert RELAY in statement.sql("sqlite")[1]
