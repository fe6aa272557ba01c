"""Faults of PostgreSQL: connections that break at any instant, a server that is killed or paused, a lost lock."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, ClassVar, TypeVar

import asyncpg
import pytest

from girok.context import CallContext, use
from girok.db.database import StoreUnavailable
from girok.db.postgres import PostgresDatabase
from girok.db.postgres_errors import OutcomeUnknown
from girok.db.postgres_locks import LOCKS, STORE_LOCK
from girok.db.postgres_watch import StoreTaken
from girok.db.statement import Sql, Statement
from girok.db.unit import Unit, emit, execute, rows
from girok.events.event import Event
from girok.servers.process import ServerProcess
from girok.testing.postgres import new_database
from tests.kernel.db.cable import Cable, cable_to
from tests.kernel.db.notes import CREATE, add, ids

T = TypeVar("T")

HANG_UP = Sql("SELECT pg_terminate_backend(pg_backend_pid())")
HOLD = f"SELECT pg_advisory_lock({LOCKS}, {STORE_LOCK})"
WATCHES = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = {LOCKS} AND objid = {STORE_LOCK}"


class Noted(Event, frozen=True):
    subject: ClassVar[str] = "test.note.added"


class Outbox:
    """Counts how often it was told."""

    def __init__(self) -> None:
        self.told = 0

    def statements(self, event: Event) -> Sequence[Statement]:
        return []

    def committed(self, events: Sequence[Event]) -> None:
        self.told += len(events)


@pytest.fixture
async def url(mortal_server: ServerProcess) -> AsyncIterator[str]:
    async with new_database(mortal_server) as made:
        yield made
        if mortal_server.running:
            mortal_server.go_on()
        else:
            await mortal_server.start()


@pytest.fixture
async def db(url: str) -> AsyncIterator[PostgresDatabase]:
    async for opened in _opened(url):
        yield opened


@pytest.fixture
async def cable(url: str) -> AsyncIterator[tuple[PostgresDatabase, Cable]]:
    """A database at the end of a cable."""
    async with cable_to(url) as (far_url, made):
        async for opened in _opened(far_url):
            yield opened, made
            made.watch = lambda _: "pass"


async def _opened(url: str) -> AsyncIterator[PostgresDatabase]:
    db = PostgresDatabase(url, connections=4)
    await db.open()
    await db.execute_script(CREATE)
    yield db
    await db.close()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "girok.db")
    return caplog


async def eventually(ask: Callable[[], Any], seconds: float = 10.0) -> Any:
    """What `ask` gives once the store is there again."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await ask()
            except StoreUnavailable:
                await asyncio.sleep(0.01)


async def refused_within(seconds: float, call: Any) -> None:
    """`call` is told that the store is away, in time."""
    async with asyncio.timeout(seconds):
        with pytest.raises(StoreUnavailable):
            await call


class TestConnectionThatBreaks:
    async def test_in_the_middle_of_a_unit_makes_it_run_again(self, db: PostgresDatabase) -> None:
        starts: list[int] = []

        def unit() -> Unit[str]:
            starts.append(1)
            yield from add("a")
            if len(starts) == 1:
                yield from execute(HANG_UP)
            yield from add("b")
            return "done"

        assert await db.run(unit) == "done"
        assert await ids(db) == ["a", "b"]
        assert len(starts) == 2

    async def test_while_nobody_uses_it_is_not_seen(self, db: PostgresDatabase, url: str) -> None:
        await asyncio.gather(*(db.run(lambda n=n: add(f"{n}")) for n in range(6)))
        await terminate(url, "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL")
        results = await asyncio.gather(*(eventually(lambda: ids(db)) for _ in range(6)))
        assert results == [["0", "1", "2", "3", "4", "5"]] * 6
        await db.run(lambda: add("6"))

    async def test_every_time_is_given_up_soon(self, db: PostgresDatabase) -> None:
        starts: list[int] = []

        def unit() -> Unit[None]:
            starts.append(1)
            yield from execute(HANG_UP)

        await refused_within(20, db.run(unit))
        await refused_within(20, db.fetch(HANG_UP))
        await db.run(lambda: add("a"))
        assert len(starts) == 3


class TestCommitWhoseAnswerIsLost:
    @pytest.mark.parametrize(("action", "stored"), [("cut", []), ("deaf", ["a"])])
    async def test_is_not_tried_again_and_told_as_unknown(
        self, cable: tuple[PostgresDatabase, Cable], action: str, stored: list[str]
    ) -> None:
        db, wire = cable
        db.outbox = outbox = Outbox()
        wire.watch = lambda data: action if b"COMMIT" in data else "pass"

        def unit() -> Unit[None]:
            yield from emit(Noted())
            yield from add("a")

        with pytest.raises(OutcomeUnknown):
            await db.run(unit)
        wire.watch = lambda _: "pass"
        assert await eventually(lambda: ids(db)) == stored
        assert outbox.told == 1

    async def test_of_a_server_that_is_killed_is_known_as_soon_as_it_is_back(
        self, db: PostgresDatabase, mortal_server: ServerProcess
    ) -> None:
        acknowledged: set[str] = set()
        unknown: set[str] = set()

        async def write(name: str) -> None:
            for number in range(1000):
                try:
                    await db.run(lambda number=number: add(f"{name}{number}"))
                    acknowledged.add(f"{name}{number}")
                except OutcomeUnknown:
                    unknown.add(f"{name}{number}")
                    return
                except StoreUnavailable:
                    return

        writers = [asyncio.create_task(write(name)) for name in "abcdef"]
        while len(acknowledged) < 50:
            await asyncio.sleep(0.001)
        await mortal_server.kill()
        await asyncio.wait(writers)
        await mortal_server.start()
        stored = set(await eventually(lambda: ids(db)))
        assert acknowledged <= stored <= acknowledged | unknown


class TestServerThatIsKilled:
    async def test_refuses_at_once_and_all_is_well_when_it_is_back(
        self, db: PostgresDatabase, mortal_server: ServerProcess, log: pytest.LogCaptureFixture
    ) -> None:
        await db.run(lambda: add("a"))
        await mortal_server.kill()
        for _ in range(20):
            await refused_within(0.5, db.fetch(Sql("SELECT 1")))
            await refused_within(0.5, db.run(lambda: add("b")))
        while len(log.messages) < 1:
            await asyncio.sleep(0.01)
        await mortal_server.start()
        assert await eventually(lambda: ids(db), 1.5) == ["a"]
        await db.run(lambda: add("c"))
        away, back = log.records
        assert "is away: Connection " in away.getMessage()
        assert "is back after" in back.getMessage()
        assert (away.exc_info, back.exc_info) == (None, None)


class TestServerThatIsPaused:
    async def test_for_an_instant_is_waited_for(self, db: PostgresDatabase, mortal_server: ServerProcess) -> None:
        mortal_server.pause()
        asyncio.get_running_loop().call_later(0.5, mortal_server.go_on)
        await db.run(lambda: add("a"))
        assert await ids(db) == ["a"]

    async def test_for_long_is_away_and_who_waits_is_told(
        self, db: PostgresDatabase, mortal_server: ServerProcess, log: pytest.LogCaptureFixture
    ) -> None:
        await db.run(lambda: add("a"))
        mortal_server.pause()
        await asyncio.gather(*(refused_within(5, call) for call in (db.run(lambda: add("b")), ids(db))))
        while not log.messages:
            await asyncio.sleep(0.01)
        for _ in range(20):
            await refused_within(0.5, db.fetch(Sql("SELECT 1")))
        mortal_server.go_on()
        assert await eventually(lambda: ids(db), 2.5) == ["a"]
        await db.run(lambda: add("b"))
        assert len(log.records) == 2
        assert "is away: no answer in time" in log.messages[0]

    async def test_can_be_closed(self, url: str, mortal_server: ServerProcess) -> None:
        async for db in _opened(url):
            mortal_server.pause()
            async with asyncio.timeout(10):
                await db.close()
            mortal_server.go_on()


class TestClose:
    async def test_stops_reads_and_leaves_no_connection(self, db: PostgresDatabase, url: str) -> None:
        reads = [asyncio.create_task(db.fetch(Sql("SELECT pg_sleep(60)"))) for _ in range(5)]
        while db.counts()["girok_db_connections_in_use"] < 2:
            await asyncio.sleep(0.001)
        async with asyncio.timeout(5):
            await db.close()
            results = await asyncio.gather(*reads, return_exceptions=True)
        assert [type(each) for each in results] == [StoreUnavailable] * 5
        other = await asyncpg.connect(url)
        async with asyncio.timeout(5):
            while await other.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'girok%'"):
                await asyncio.sleep(0.01)
        await other.close()


class TestConnectionsThatAreAllInUse:
    async def test_are_waited_for_until_the_callers_deadline(self, db: PostgresDatabase) -> None:
        sleeping = [asyncio.create_task(db.fetch(Sql("SELECT pg_sleep(1)"))) for _ in range(3)]
        await asyncio.sleep(0)
        begin = asyncio.get_running_loop().time()
        with use(CallContext(deadline=begin + 0.1)):
            await refused_within(0.5, db.run(lambda: add("a")))
            await refused_within(0.5, db.fetch(Sql("SELECT 1")))
        await db.run(lambda: add("b"))
        assert asyncio.get_running_loop().time() - begin >= 0.9
        await asyncio.wait(sleeping)
        assert await ids(db) == ["b"]

    async def test_of_a_reader_that_went_away_are_used_again(self, db: PostgresDatabase) -> None:
        for _ in range(5):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(db.fetch(Sql("SELECT pg_sleep(60)")), 0.05)
        async with asyncio.timeout(5):
            assert await db.fetch(Sql("SELECT 1 AS one")) == [{"one": 1}]


class TestWriterThatGoesAway:
    async def test_is_told_nothing(self, db: PostgresDatabase, log: pytest.LogCaptureFixture) -> None:
        def unit() -> Unit[None]:
            yield from rows(Sql("SELECT pg_sleep(0.1)"))
            raise ZeroDivisionError

        writing = asyncio.create_task(db.run(unit))
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait({writing})
        del writing
        await db.close()
        gc.collect()
        assert log.messages == []


class TestReaderThatGoesAway:
    async def test_at_any_instant_leaves_nothing_open(self, db: PostgresDatabase) -> None:
        for number in range(300):
            # A text of its own each time: the server has to parse it first, in a step that asyncpg waits for.
            read = asyncio.create_task(db.fetch(Sql(f"SELECT {number} FROM test_note")))
            for _ in range(number % 60):
                await asyncio.sleep(0)
            read.cancel()
            await asyncio.wait({read})
            await db.run(lambda number=number: add(f"n{number}"))
        assert len(await ids(db)) == 300


class TestLockOfTheStore:
    async def test_is_taken_again_when_its_connection_breaks(
        self, db: PostgresDatabase, url: str, log: pytest.LogCaptureFixture
    ) -> None:
        other = await asyncpg.connect(url)
        before = await other.fetchval(WATCHES)
        await terminate(url, WATCHES)
        async with asyncio.timeout(2):
            while await other.fetchval(WATCHES) in (before, None):
                await asyncio.sleep(0.01)
        await other.close()
        await eventually(lambda: db.run(lambda: add("a")), 2)
        assert log.messages == []

    async def test_that_somebody_else_has_now_stops_everything_until_it_is_free(
        self, db: PostgresDatabase, url: str, log: pytest.LogCaptureFixture
    ) -> None:
        other = await asyncpg.connect(url, server_settings={"application_name": "girok 4711 on elsewhere"})
        taking = asyncio.create_task(other.execute(HOLD))
        await asyncio.sleep(0.1)
        await terminate(url, f"{WATCHES} AND granted")
        await taking
        while not log.messages:
            await asyncio.sleep(0.01)
        with pytest.raises(StoreTaken):
            await db.run(lambda: add("a"))
        with pytest.raises(StoreTaken):
            await db.fetch(Sql("SELECT 1"))
        (told,) = log.messages
        assert told.startswith(f"the database {url.rpartition('@')[2]} is in use by girok 4711 on elsewhere: nothing")
        await other.close()
        await eventually(lambda: db.run(lambda: add("b")), 2)
        assert await ids(db) == ["b"]

    async def test_of_a_connection_that_only_the_server_still_sees_is_taken_back(
        self, cable: tuple[PostgresDatabase, Cable], log: pytest.LogCaptureFixture
    ) -> None:
        db, wire = cable
        wire.watch = lambda data: "leave" if b"SELECT 1\0" in data else "pass"
        before = len(wire.said)
        while b"pg_try_advisory_lock" not in wire.said[before:]:
            await asyncio.sleep(0.01)
        wire.watch = lambda _: "pass"
        await eventually(lambda: db.run(lambda: add("a")), 5)
        assert not any("in use" in each for each in log.messages)


class TestSavepoints:
    async def test_are_set_only_where_a_unit_goes_on_after_an_error(
        self, cable: tuple[PostgresDatabase, Cable]
    ) -> None:
        db, wire = cable

        def unit() -> Unit[None]:
            yield from add("a")
            try:
                yield from add("a")
            except Exception as error:
                raise LookupError from error

        with pytest.raises(LookupError):
            await db.run(unit)
        await db.run(lambda: rows(Sql("SELECT 1")))
        assert b"SAVEPOINT" not in wire.said


async def terminate(url: str, which: str) -> None:
    """End the server's side of the connections that `which` selects."""
    connection = await asyncpg.connect(url)
    await connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({which}) AS found")
    await connection.close()
