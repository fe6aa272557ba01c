"""Piccolo's own API on our databases: the engine that every table names is a switch."""

import asyncio
from pathlib import Path

import pytest

from girok.db.database import UniqueViolation
from girok.db.sqlite import SQLiteDatabase
from girok.db.table import bound_to
from tests.kernel.db.notes import NOON, Note, ids, opened


class TestBoundTo:
    async def test_runs_piccolos_queries_on_the_database(self, db: SQLiteDatabase) -> None:
        with bound_to(db):
            inserted = await Note.insert(Note(id="a", text="x", created_at=NOON), Note(id="b", text="y"))
            await Note.update({Note.likes: Note.likes + 1}).where(Note.id == "a")
            assert inserted == [{"id": "a"}, {"id": "b"}]
            assert await Note.select(Note.id, Note.likes).order_by(Note.id) == [
                {"id": "a", "likes": 1},
                {"id": "b", "likes": 0},
            ]
            assert await Note.select(Note.created_at).where(Note.id == "a").first() == {"created_at": NOON}
            assert await Note.count() == 2
            assert await Note.exists().where(Note.id == "c") is False
            await Note.delete().where(Note.id == "a")
        assert await ids(db) == ["b"]

    async def test_objects_are_read_and_saved(self, db: SQLiteDatabase) -> None:
        with bound_to(db):
            await Note(id="a", text="x").save()
            note = await Note.objects().get(Note.id == "a")
            assert note is not None
            note.text = "changed"
            await note.save()
            assert await Note.select(Note.text) == [{"text": "changed"}]

    async def test_each_task_has_its_own_database(self, db: SQLiteDatabase, tmp_path: Path) -> None:
        other = await opened(SQLiteDatabase(tmp_path / "other.db"))

        async def insert(database: SQLiteDatabase, note_id: str) -> None:
            with bound_to(database):
                await Note.insert(Note(id=note_id, text=""))

        await asyncio.gather(insert(db, "here"), insert(other, "there"))
        assert (await ids(db), await ids(other)) == (["here"], ["there"])
        await other.close()

    async def test_errors_are_those_of_a_unit(self, db: SQLiteDatabase) -> None:
        with bound_to(db):
            await Note.insert(Note(id="a", text=""))
            with pytest.raises(UniqueViolation):
                await Note.insert(Note(id="a", text=""))

    async def test_without_it_a_query_is_refused(self) -> None:
        with pytest.raises(RuntimeError, match="no database is bound here"):
            await Note.select()

    async def test_piccolos_transactions_are_refused(self, db: SQLiteDatabase) -> None:
        with bound_to(db), pytest.raises(NotImplementedError, match="unit of work"):
            Note._meta.db.transaction()
