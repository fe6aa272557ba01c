"""The guard: reads and units that would hold the loop too long run on a thread, with the same effect."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

import pytest

from girok.context import CallContext, current, use
from girok.db.database import StoreUnavailable
from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import Sql, Statement
from girok.db.unit import Unit, emit, execute, rows
from girok.events.event import Event
from tests.kernel.db.notes import ADD, FOREVER, LIKE, LONG, add, count_to, ids, turns_while

FILL = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
    "INSERT INTO test_note (id, text) SELECT printf('%06d', i), 'filled' FROM n"
)
MANY = 100_000


class Filled(Event, frozen=True):
    subject: ClassVar[str] = "test.note.filled"


class Outbox:
    def statements(self, event: Event) -> Sequence[Statement]:
        return [ADD(id=f"event-{current().request_id}", text="")]

    def committed(self, events: Sequence[Event]) -> None:
        pass


async def count(db: SQLiteDatabase) -> int:
    return (await db.fetch(Sql("SELECT count(*) AS n FROM test_note")))[0]["n"]


class TestLongRead:
    async def test_lets_the_loop_turn(self, db: SQLiteDatabase) -> None:
        found, turns = await turns_while(db.fetch(count_to(LONG)))
        assert found == [{"n": LONG}]
        assert db.reads_offloaded == 1
        assert turns > 20

    async def test_is_read_on_the_loop_again_once_it_is_short(self, db: SQLiteDatabase) -> None:
        await db.fetch(count_to(LONG))
        await db.fetch(count_to(3))
        assert db.reads_offloaded == 2
        assert await db.fetch(count_to(3)) == [{"n": 3}]
        assert db.reads_offloaded == 2

    async def test_does_not_hold_up_short_reads_and_units(self, db: SQLiteDatabase) -> None:
        long = asyncio.create_task(db.fetch(count_to(FOREVER)))
        await db.run(lambda: add("a"))
        assert await ids(db) == ["a"]
        assert not long.done()
        long.cancel()

    async def test_stops_when_its_caller_is_cancelled(self, db: SQLiteDatabase) -> None:
        for _ in range(4):  # twice as many as there are threads
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(db.fetch(count_to(FOREVER)), 0.02)
        assert await db.fetch(count_to(LONG)) == [{"n": LONG}]

    async def test_stops_when_the_store_is_closed(self, db: SQLiteDatabase) -> None:
        reads = [asyncio.create_task(db.fetch(count_to(FOREVER))) for _ in range(4)]
        await db.run(lambda: add("a"))
        await db.close()
        results = await asyncio.gather(*reads, return_exceptions=True)
        assert [type(each) for each in results] == [StoreUnavailable] * 4


class TestLongUnit:
    async def test_that_reads_lets_the_loop_turn(self, db: SQLiteDatabase) -> None:
        def unit() -> Unit[int]:
            yield from add("a")
            found = yield from rows(count_to(LONG))
            return found[0]["n"]

        found, turns = await turns_while(db.run(unit))
        assert found == LONG
        assert turns > 20
        assert await ids(db) == ["a"]
        assert db.units_rerun == 1

    async def test_that_writes_lets_the_loop_turn_and_its_group_commits_once(self, db: SQLiteDatabase) -> None:
        await db.run(lambda: add("a"))
        likes, turns = await turns_while(
            asyncio.gather(
                db.run(lambda: rows(LIKE(id="a"))),
                db.run(lambda: execute(Sql(FILL, [MANY]))),
                db.run(lambda: rows(LIKE(id="a"))),
            )
        )
        assert likes == [[{"likes": 1}], None, [{"likes": 2}]]
        assert await count(db) == MANY + 1
        assert turns > 20
        assert db.units_rerun == 2

    async def test_of_many_short_statements_runs_again_from_its_start(self, db: SQLiteDatabase) -> None:
        starts: list[int] = []

        def unit() -> Unit[None]:
            starts.append(1)
            for number in range(3000):
                yield from add(f"{number}")

        await db.run(unit)
        assert len(starts) == 2
        assert await count(db) == 3000

    async def test_does_not_see_that_it_was_stopped(self, db: SQLiteDatabase) -> None:
        seen: list[Exception] = []

        def unit() -> Unit[None]:
            try:
                yield from execute(Sql(FILL, [MANY]))
            except Exception as error:
                seen.append(error)
                raise

        await db.run(unit)
        assert seen == []
        assert await count(db) == MANY

    async def test_that_raises_is_undone(self, db: SQLiteDatabase) -> None:
        def unit() -> Unit[None]:
            yield from execute(Sql(FILL, [MANY]))
            raise LookupError

        with pytest.raises(LookupError):
            await db.run(unit)
        assert await count(db) == 0

    async def test_emits_under_its_callers_context(self, db: SQLiteDatabase) -> None:
        db.outbox = Outbox()

        def unit() -> Unit[None]:
            yield from rows(count_to(LONG))
            yield from emit(Filled())

        with use(CallContext(request_id="x")):
            await db.run(unit)
        assert await ids(db) == ["event-x"]

    async def test_is_waited_for_by_later_units_and_by_close(self, db: SQLiteDatabase) -> None:
        tasks = [asyncio.create_task(db.run(lambda: execute(Sql(FILL, [MANY])))), asyncio.create_task(db.run(_first))]
        await asyncio.sleep(0)
        await db.close()
        assert await asyncio.gather(*tasks) == [None, [{"id": "000001"}]]


def _first() -> Unit[list[dict[str, str]]]:
    return (yield from rows(Sql("SELECT id FROM test_note ORDER BY id LIMIT 1")))
