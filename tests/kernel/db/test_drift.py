"""Drift: every way in which table classes and the schema may disagree is told, and nothing else."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import BigInt, Boolean, Text, Timestamptz, Varchar

from girok.db.database import Database
from girok.db.drift import differences, tables_of
from girok.db.sqlite import SQLiteDatabase
from girok.db.table import Table


class Note(Table, tablename="note"):
    id = Varchar(36, primary_key=True)
    text = Text()
    size = BigInt()
    read = Boolean(default=False)
    read_at = Timestamptz(null=True, default=None)


AGREES = (
    "id VARCHAR(36) NOT NULL PRIMARY KEY, text TEXT NOT NULL, size BIGINT NOT NULL, read BOOLEAN NOT NULL, "
    "read_at TIMESTAMPTZ"
)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    opened = SQLiteDatabase(tmp_path / "girok.db")
    await opened.open()
    yield opened
    await opened.close()


class TestDifferences:
    async def test_none_when_both_agree(self, db: Database) -> None:
        await db.execute_script(f"CREATE TABLE note ({AGREES})")
        await db.execute_script("CREATE UNIQUE INDEX note_size ON note (size)")
        assert await differences(db, [Note]) == []

    async def test_a_table_on_one_side_only(self, db: Database) -> None:
        await db.execute_script(f"CREATE TABLE notes ({AGREES})")
        assert await differences(db, [Note]) == ["note: in no migration", "notes: no table class"]

    @pytest.mark.parametrize(
        ("there", "instead", "told"),
        [
            ("text TEXT NOT NULL, ", "", "note.text: in no migration"),
            ("text TEXT", "body TEXT NOT NULL, text TEXT", "note.body: not in the table class"),
            ("VARCHAR(36)", "VARCHAR(32)", "VARCHAR(36) NOT NULL in the table class, VARCHAR(32) NOT NULL in the"),
            ("BIGINT", "INTEGER", "note.size: BIGINT NOT NULL in the table class, INTEGER NOT NULL in the migrations"),
            ("TIMESTAMPTZ", "TIMESTAMPTZ NOT NULL", "note.read_at: TIMESTAMPTZ in the table class, TIMESTAMPTZ NOT"),
            # Unlike PostgreSQL, SQLite takes NULL in a primary key that does not say so.
            ("(36) NOT NULL", "(36)", "note.id: VARCHAR(36) NOT NULL in the table class, VARCHAR(36) in the"),
        ],
    )
    async def test_a_column_that_differs(self, db: Database, there: str, instead: str, told: str) -> None:
        await db.execute_script(f"CREATE TABLE note ({AGREES.replace(there, instead, 1)})")
        (line,) = await differences(db, [Note])
        assert told in line


class TestTablesOf:
    def test_gives_the_tables_that_a_module_defines_itself(self) -> None:
        assert tables_of(sys.modules[__name__]) == [Note]
