"""Units on the SQLite engine: groups, undoing one alone, errors inside a unit, callers that go away, events."""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import ClassVar

import pytest

from girok.context import CallContext, current, use
from girok.db.database import ConstraintViolation, StoreUnavailable, UniqueViolation
from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import Sql, Statement
from girok.db.unit import Unit, emit, execute, first, rows
from girok.errors import InvalidInput
from girok.events.event import Event
from tests.kernel.db.notes import ADD, GET, LIKE, add, ids


class Noted(Event, frozen=True):
    subject: ClassVar[str] = "test.note.added"
    note_id: str


class Outbox:
    """Stores each event as a note named after who asked for it."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []

    def statements(self, event: Event) -> Sequence[Statement]:
        return [ADD(id=f"event-{current().request_id}", text="")]

    def committed(self, events: Sequence[Event]) -> None:
        self.commits.append([each.note_id for each in events if isinstance(each, Noted)])


class TestRun:
    async def test_what_the_unit_returns_comes_back(self, db: SQLiteDatabase) -> None:
        await db.run(lambda: add("a"))
        assert await db.run(lambda: first(LIKE(id="a"))) == {"likes": 1}

    async def test_units_at_once_share_a_commit(self, db: SQLiteDatabase) -> None:
        before = db.groups
        await asyncio.gather(*(db.run(lambda n=n: add(f"{n:02}")) for n in range(20)))
        assert await ids(db) == [f"{n:02}" for n in range(20)]
        assert db.groups - before <= 3

    async def test_unit_sees_its_own_writes_and_those_before_it(self, db: SQLiteDatabase) -> None:
        likes = await asyncio.gather(db.run(lambda: add("a")), *(db.run(lambda: first(LIKE(id="a"))) for _ in range(9)))
        assert likes[1:] == [{"likes": n} for n in range(1, 10)]

    async def test_counters_count_what_was_committed(self, db: SQLiteDatabase) -> None:
        units, groups = db.units, db.groups
        await asyncio.gather(db.run(lambda: add("a")), db.run(lambda: add("a")), return_exceptions=True)
        assert (db.units - units, db.groups - groups) == (1, 1)


class TestUnitThatRaises:
    async def test_is_undone_alone(self, db: SQLiteDatabase) -> None:
        def broken() -> Unit[None]:
            yield from add("gone")
            raise LookupError

        results = await asyncio.gather(
            db.run(lambda: add("a")), db.run(broken), db.run(lambda: add("b")), return_exceptions=True
        )
        assert [type(each) for each in results] == [type(None), LookupError, type(None)]
        assert await ids(db) == ["a", "b"]

    @pytest.mark.parametrize("error", [asyncio.CancelledError, GeneratorExit])
    async def test_is_undone_whatever_it_raises(self, db: SQLiteDatabase, error: type[BaseException]) -> None:
        def broken() -> Unit[None]:
            yield from add("gone")
            raise error

        with pytest.raises(error):
            await db.run(broken)
        await db.run(lambda: add("a"))
        assert await ids(db) == ["a"]

    async def test_is_told_when_it_is_no_unit_at_all(self, db: SQLiteDatabase) -> None:
        def stops() -> Unit[None]:
            raise StopIteration

        with pytest.raises(RuntimeError):
            await db.run(stops)
        await db.run(lambda: add("a"))
        assert await ids(db) == ["a"]


class TestConstraint:
    async def test_unique_violation_may_be_caught_and_the_unit_goes_on(self, db: SQLiteDatabase) -> None:
        def unit() -> Unit[tuple[str, ...]]:
            yield from add("a")
            with pytest.raises(UniqueViolation) as caught:
                yield from add("a", "again")
            yield from add("b")
            return caught.value.columns

        assert await db.run(unit) == ("id",)
        assert await ids(db) == ["a", "b"]

    async def test_unique_violation_that_is_not_caught_reaches_the_caller(self, db: SQLiteDatabase) -> None:
        await db.execute_script("CREATE UNIQUE INDEX test_note_text ON test_note (text, likes)")
        await db.run(lambda: add("a", "same"))
        with pytest.raises(UniqueViolation) as caught:
            await db.run(lambda: add("b", "same"))
        assert caught.value.columns == ("text", "likes")

    async def test_other_violation_may_be_caught_too(self, db: SQLiteDatabase) -> None:
        def unit() -> Unit[None]:
            with pytest.raises(ConstraintViolation):
                yield from add("a", None)
            yield from add("b")

        await db.run(unit)
        assert await ids(db) == ["b"]

    async def test_deferred_violation_hits_only_the_unit_that_broke_it(self, db: SQLiteDatabase) -> None:
        await db.execute_script(
            "CREATE TABLE test_reply (id INTEGER PRIMARY KEY, note_id VARCHAR(36) NOT NULL "
            "REFERENCES test_note (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        orphan = Sql("INSERT INTO test_reply (note_id) VALUES ('nobody')")
        results = await asyncio.gather(
            db.run(lambda: add("a")), db.run(lambda: execute(orphan)), db.run(lambda: add("b")), return_exceptions=True
        )
        assert [type(each) for each in results] == [type(None), ConstraintViolation, type(None)]
        assert await ids(db) == ["a", "b"]


class TestWrongStatement:
    async def test_is_the_authors_and_may_be_caught(self, db: SQLiteDatabase) -> None:
        def unit() -> Unit[None]:
            with pytest.raises(sqlite3.OperationalError, match="no such table"):
                yield from execute(Sql("DELETE FROM nowhere"))
            with pytest.raises(KeyError):
                yield from execute(ADD(id="a"))
            yield from add("b")

        await db.run(unit)
        assert await ids(db) == ["b"]

    async def test_that_writes_is_refused_by_fetch(self, db: SQLiteDatabase) -> None:
        with pytest.raises(TypeError, match="unit of work"):
            await db.fetch(ADD(id="a", text=""))
        assert await ids(db) == []


class TestUnstorableValue:
    @pytest.mark.parametrize("value", ["\ud800", "a\0b", 2**63, -(2**63) - 1])
    async def test_is_invalid_input_and_leaves_the_group_alone(self, db: SQLiteDatabase, value: object) -> None:
        results = await asyncio.gather(
            db.run(lambda: add("a")),
            db.run(lambda: add("gone", value)),
            db.run(lambda: add("b")),
            return_exceptions=True,
        )
        assert [type(each) for each in results] == [type(None), InvalidInput, type(None)]
        assert await ids(db) == ["a", "b"]

    @pytest.mark.parametrize("value", ["\ud800", "a\0b", 2**63])
    async def test_is_invalid_input_for_a_read(self, db: SQLiteDatabase, value: object) -> None:
        with pytest.raises(InvalidInput):
            await db.fetch(GET(id=value))
        assert await ids(db) == []


class TestCallerThatGoesAway:
    async def test_does_not_cancel_its_unit(self, db: SQLiteDatabase) -> None:
        task = asyncio.create_task(db.run(lambda: add("a")))
        await asyncio.sleep(0)
        task.cancel()
        await db.run(lambda: add("b"))
        assert task.cancelled()
        assert await ids(db) == ["a", "b"]

    async def test_does_not_hear_of_a_failure(self, db: SQLiteDatabase) -> None:
        await db.run(lambda: add("a"))
        task = asyncio.create_task(db.run(lambda: add("a")))
        await asyncio.sleep(0)
        task.cancel()
        await db.run(lambda: add("b"))
        assert task.cancelled()


class TestEmit:
    async def test_becomes_statements_under_the_callers_context(self, db: SQLiteDatabase) -> None:
        db.outbox = outbox = Outbox()

        async def call(name: str) -> None:
            with use(CallContext(request_id=name)):
                await db.run(lambda: emit(Noted(name)))

        await asyncio.gather(call("x"), call("y"))
        assert await ids(db) == ["event-x", "event-y"]
        assert outbox.commits == [["x", "y"]]

    async def test_is_undone_with_its_unit(self, db: SQLiteDatabase) -> None:
        db.outbox = outbox = Outbox()

        def broken() -> Unit[None]:
            yield from emit(Noted("a"))
            raise LookupError

        with pytest.raises(LookupError):
            await db.run(broken)
        assert await ids(db) == []
        assert outbox.commits == []

    async def test_without_events_the_outbox_hears_nothing(self, db: SQLiteDatabase) -> None:
        db.outbox = outbox = Outbox()
        await db.run(lambda: add("a"))
        assert outbox.commits == []

    async def test_without_an_outbox_it_fails_in_the_unit(self, db: SQLiteDatabase) -> None:
        with pytest.raises(RuntimeError, match="outbox"):
            await db.run(lambda: emit(Noted("a")))


class TestQueue:
    async def test_that_is_too_long_refuses_more(self, db: SQLiteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("girok.db.sqlite_writer._QUEUE_UNITS", 3)
        results = await asyncio.gather(*(db.run(lambda n=n: add(f"{n}")) for n in range(5)), return_exceptions=True)
        assert [type(each) for each in results] == [type(None)] * 3 + [StoreUnavailable] * 2
        assert await ids(db) == ["0", "1", "2"]

    async def test_is_committed_by_close(self, db: SQLiteDatabase) -> None:
        tasks = [asyncio.create_task(db.run(lambda n=n: add(f"{n}"))) for n in range(5)]
        await asyncio.sleep(0)
        await db.close()
        assert await asyncio.gather(*tasks) == [None] * 5
        await db.open()
        assert await ids(db) == ["0", "1", "2", "3", "4"]

    async def test_of_a_closed_store_takes_nothing(self, db: SQLiteDatabase) -> None:
        await db.close()
        await db.close()
        with pytest.raises(StoreUnavailable):
            await db.run(lambda: rows(GET(id="a")))
        with pytest.raises(StoreUnavailable):
            await db.fetch(GET(id="a"))
