"""Units on the SQLite engine: groups and their order. What every engine does is in tests/contract/test_database.py."""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import ClassVar

import pytest

from girok.context import CallContext, current, use
from girok.db.database import StoreUnavailable
from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import Sql, Statement
from girok.db.unit import Unit, emit, execute, first
from girok.errors import InvalidInput
from girok.events.event import Event
from tests.kernel.db.notes import ADD, LIKE, add, ids


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


class TestEmit:
    async def test_of_a_group_is_told_at_once(self, db: SQLiteDatabase) -> None:
        db.outbox = outbox = Outbox()

        async def call(name: str) -> None:
            with use(CallContext(request_id=name)):
                await db.run(lambda: emit(Noted(name)))

        await asyncio.gather(call("x"), call("y"))
        assert await ids(db) == ["event-x", "event-y"]
        assert outbox.commits == [["x", "y"]]


class TestQueue:
    async def test_that_is_too_long_refuses_more(self, db: SQLiteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("girok.db.sqlite_writer._QUEUE_UNITS", 3)
        results = await asyncio.gather(*(db.run(lambda n=n: add(f"{n}")) for n in range(5)), return_exceptions=True)
        assert [type(each) for each in results] == [type(None)] * 3 + [StoreUnavailable] * 2
        assert await ids(db) == ["0", "1", "2"]
