"""Units on the PostgreSQL engine that want the same at once, in one process and in several."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import permutations
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from girok.db.database import Store
from girok.db.migrations import migrate, status
from girok.db.postgres import PostgresDatabase
from girok.db.statement import Sql
from girok.db.unit import Unit, execute, first
from girok.resources import resource
from girok.servers.process import ServerProcess
from girok.testing.postgres import new_database
from tests.kernel.db.engines import on_postgres
from tests.kernel.db.notes import CREATE, GET, LIKE, add
from tests.kernel.db.slow_commit import AT_ONCE, committing, waiting_for_nobody
from tests.kernel.db.test_sqlite_serial import Notes, Script, expected, scripts, unit


@pytest.fixture
async def db(postgres_server: ServerProcess) -> AsyncIterator[PostgresDatabase]:
    async with on_postgres(postgres_server) as opened:
        await opened.execute_script(CREATE)
        yield opened


@pytest.fixture
async def processes(postgres_server: ServerProcess) -> AsyncIterator[Sequence[PostgresDatabase]]:
    """Three processes of a cluster, as far as the store can tell."""
    async with new_database(postgres_server) as url:
        found = [PostgresDatabase(url, connections=5, alone=False) for _ in range(3)]
        for each in found:
            await each.open()
        yield found
        for each in found:
            await each.close()


async def likes(db: Store, times: int) -> None:
    for _ in range(times):
        assert await db.run(lambda: first(LIKE(id="a"))) is not None


class TestOneRowThatAllWant:
    async def test_takes_every_unit_however_many_come(self, db: PostgresDatabase) -> None:
        await db.run(lambda: add("a"))
        await asyncio.gather(*(likes(db, 20) for _ in range(16)))
        assert (await db.fetch(GET(id="a")))[0]["likes"] == 320
        assert db.units_rerun > 0

    async def test_takes_those_of_every_process(self, processes: Sequence[PostgresDatabase]) -> None:
        await processes[0].execute_script(CREATE)
        await processes[0].run(lambda: add("a"))
        await asyncio.gather(*(likes(each, 10) for each in processes for _ in range(8)))
        assert (await processes[0].fetch(GET(id="a")))[0]["likes"] == 240

    async def test_is_not_waited_for_longer_than_a_second_when_the_process_whose_turn_it_is_stands_still(
        self, processes: Sequence[PostgresDatabase]
    ) -> None:
        still, db, _ = processes
        await db.execute_script(CREATE)
        await db.run(lambda: add("a"))
        holding = asyncio.create_task(still.fetch(Sql("SELECT pg_advisory_lock(1734963823, 3), pg_sleep(30)")))
        async with asyncio.timeout(20):
            await asyncio.gather(*(likes(db, 2) for _ in range(4)))
        assert not holding.done()
        holding.cancel()


class TestCommitThatTakesItsTime:
    async def test_is_waited_for_by_units_that_conflict_with_it(self, postgres_server: ServerProcess) -> None:
        """Each attempt meanwhile fails at once: the other one has read what the unit writes, and the reverse."""
        async with new_database(postgres_server) as url, waiting_for_nobody(postgres_server):
            db = PostgresDatabase(f"{url}?{AT_ONCE}", connections=3)
            await db.open()
            await db.execute_script(CREATE)
            await db.run(lambda: add("a"))
            await db.run(lambda: add("b"))
            other, operator = await asyncpg.connect(url), await asyncpg.connect(f"{url}?{AT_ONCE}")
            await other.execute("BEGIN ISOLATION LEVEL SERIALIZABLE; SET LOCAL enable_seqscan = off")
            await other.execute("SELECT * FROM test_note WHERE id = 'b'; UPDATE test_note SET likes = 7 WHERE id = 'a'")
            async with committing(other, operator) as is_waiting:
                assert is_waiting
                running = asyncio.create_task(db.run(self.like_b_as_often_as_a))
                await asyncio.wait({running}, timeout=0.5)
                assert not running.done()
            await running
            assert [row["likes"] for row in [*await db.fetch(GET(id="a")), *await db.fetch(GET(id="b"))]] == [7, 7]
            await operator.close()
            await db.close()

    def like_b_as_often_as_a(self) -> Unit[None]:
        """Reads a, writes b."""
        row = yield from first(GET(id="a"))
        assert row is not None
        yield from execute(Sql(f"UPDATE test_note SET likes = {row['likes']} WHERE id = 'b'"))


class TestMigrations:
    async def test_of_several_processes_that_start_at_once_run_once(
        self, processes: Sequence[PostgresDatabase]
    ) -> None:
        domains = sorted(each.name for each in Path(resource("migrations")).iterdir())
        applied = await asyncio.gather(*(migrate(each, domains) for each in processes))
        names = [f"{each.domain}/{each.name}" for done in applied for each in done]
        standing = await status(processes[0], domains)
        assert sorted(names) == sorted(f"{each.domain}/{name}" for each in standing for name in each.applied)
        assert [each.pending for each in standing] == [()] * len(domains)


class TestUnitsAtOnce:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(burst=st.lists(scripts, min_size=2, max_size=4))
    async def test_are_as_if_one_after_another(self, db: PostgresDatabase, burst: list[Script]) -> None:
        await db.execute_script("DELETE FROM test_note")
        results = await asyncio.gather(
            *(db.run(lambda script=script: unit(script)) for script in burst), return_exceptions=True
        )
        outcomes = [type(each) if isinstance(each, BaseException) else each for each in results]
        stored = {row["id"]: row["likes"] for row in await db.fetch(Sql("SELECT id, likes FROM test_note"))}
        assert any(explains(burst, order, outcomes, stored) for order in permutations(range(len(burst))))


def explains(burst: Sequence[Script], order: Sequence[int], outcomes: Sequence[object], stored: Notes) -> bool:
    """Whether the units of `burst`, one after another in this order, come to these outcomes and notes."""
    notes: Notes = {}
    for each in order:
        told, notes = expected(burst[each], notes)
        if told != outcomes[each]:
            return False
    return notes == stored
