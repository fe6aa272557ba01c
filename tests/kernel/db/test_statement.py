"""Prepared statements: compiled once, other values each time, and what Piccolo itself would have compiled."""

from collections.abc import Callable
from typing import Any

import pytest
from piccolo.columns import ForeignKey, Varchar
from piccolo.query.base import Query
from piccolo.query.functions.aggregate import Count

from girok.db.dialect import compile_querystring, dialect_of
from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import Prepared, Sql, prepare
from girok.db.table import Table
from tests.kernel.db.notes import NOON, Note, add, ids


class Reply(Table, tablename="test_reply"):
    id = Varchar(36, primary_key=True)
    note = ForeignKey(Note)


QUERIES: list[Callable[[], Query[Any, Any]]] = [
    Note.select,
    lambda: Note.select(Note.id, Note.likes.as_alias("n")).where((Note.id == "a") | (Note.likes > 3)).order_by(Note.id),
    lambda: Note.select(Count()).where(Note.id.is_in(["a", "b"]), Note.text.like("%{}%")).group_by(Note.pinned),
    lambda: Note.select().where(Note.created_at.is_null(), Note.id.not_in(Note.select(Note.id))).limit(3).offset(1),
    lambda: Reply.select(Reply.id, Reply.note.text).where(Reply.note.likes >= 1),
    lambda: Note.insert(Note(id="a", text="x", created_at=NOON), Note(id="b", text="{y}")).returning(Note.id),
    lambda: Note.insert(Note(id="a")).on_conflict(target=Note.id, action="DO UPDATE", values=[Note.text]),
    lambda: Note.update({Note.likes: Note.likes + 1, Note.text: None}).where(Note.id == "a"),
    lambda: Note.delete().where(Note.id == "a").returning(Note.likes),
    lambda: Note.raw("SELECT {} AS a, '{{}}' AS b, {} AS c", 1, "two"),
    lambda: Note.exists().where(Note.id == "a"),
    Note.count,
]

BY_IDS = prepare(lambda p: Note.select(Note.id).where(Note.id.is_in(p.ids), Note.likes == p.likes).order_by(Note.id))


def counting() -> tuple[Prepared, list[int]]:
    """A prepared statement, and a list that grows when it is compiled."""
    compiled: list[int] = []

    def build(p: Any) -> Query[Any, Any]:
        compiled.append(1)
        return Note.select(Note.id).where(Note.id.is_in(p.ids))

    return prepare(build), compiled


class TestCompile:
    @pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
    @pytest.mark.parametrize("build", QUERIES)
    def test_gives_what_piccolo_gives(self, build: Callable[[], Query[Any, Any]], dialect: str) -> None:
        with dialect_of(dialect):
            (querystring,) = build().querystrings
        assert compile_querystring(querystring, dialect) == querystring.compile_string(dialect)


class TestPrepare:
    def test_takes_values_by_name_in_the_querys_order(self) -> None:
        both = prepare(lambda p: Note.raw("SELECT {}, 'x', {}, {}", p.a, 3, p.b))
        assert both(b="B", a="A").sql("sqlite") == ("SELECT ?, 'x', ?, ?", ["A", 3, "B"])
        assert both(b="B", a="A").sql("postgres") == ("SELECT $1, 'x', $2, $3", ["A", 3, "B"])

    @pytest.mark.parametrize(
        ("build", "values"),
        [
            (lambda _: Note.raw("SELECT 1"), []),
            (lambda p: Note.raw("SELECT {}", p.a), [1]),
            (lambda p: Note.raw("SELECT {}, {}", p.b, p.a), [2, 1]),
        ],
    )
    def test_gives_a_sequence_for_any_number_of_values(
        self, build: Callable[[Any], Query[Any, Any]], values: list[int]
    ) -> None:
        assert list(prepare(build)(a=1, b=2).sql("sqlite")[1]) == values

    def test_refuses_a_missing_value(self) -> None:
        with pytest.raises(KeyError):
            BY_IDS(ids=["a"]).sql("sqlite")

    def test_refuses_several_statements(self) -> None:
        with pytest.raises(ValueError, match="one statement expected, got 2"):
            prepare(lambda _: _Two(Note))().sql("sqlite")

    @pytest.mark.parametrize("spread", [["c", "a", "e"], ("c", "a", "e"), ["c", "a", "e", "e", "x"]])
    async def test_spreads_a_list(self, db: SQLiteDatabase, spread: list[str]) -> None:
        for each in "abcde":
            await db.run(lambda each=each: add(each))
        assert [row["id"] for row in await db.fetch(BY_IDS(ids=spread, likes=0))] == ["a", "c", "e"]

    def test_compiles_few_lengths_of_a_list(self) -> None:
        statement, compiled = counting()
        texts = {statement(ids=["a"] * length).sql("sqlite")[0] for length in range(1, 101)}
        assert len(texts) == len(compiled) == 8

    async def test_spreads_as_many_values_as_sqlite_takes(self, db: SQLiteDatabase) -> None:
        await db.run(lambda: add("7"))
        statement, compiled = counting()
        for length in (1024, 1025, 30_000, 31_000):
            assert await db.fetch(statement(ids=[f"{n}" for n in range(length)])) == [{"id": "7"}]
        assert len(compiled) == 4


class _Two(Query[Any, Any]):
    """A query of two statements."""

    @property
    def default_querystrings(self) -> Any:
        return [*Note.select().querystrings, *Note.select().querystrings]


class TestSql:
    async def test_runs_as_it_stands(self, db: SQLiteDatabase) -> None:
        await db.execute_script("INSERT INTO test_note (id, text) VALUES (?, '{}')", ["a"])
        assert await db.fetch(Sql("SELECT text FROM test_note")) == [{"text": "{}"}]
        assert await ids(db) == ["a"]
