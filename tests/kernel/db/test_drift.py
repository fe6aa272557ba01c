"""Drift: every way in which table classes and the schema may disagree is told, and nothing else."""

import sys
from pathlib import Path

import pytest
from piccolo.columns import BigInt, Boolean, Text, Timestamptz, Varchar

from girok.db.database import Store
from girok.db.drift import differences, tables_of
from girok.db.table import Table
from tests.kernel.db.engines import on_sqlite


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


class TestDifferences:
    async def test_none_when_both_agree(self, store: Store) -> None:
        await store.execute_script(f"CREATE TABLE note ({AGREES})")
        await store.execute_script("CREATE UNIQUE INDEX note_size ON note (size)")
        assert await differences(store, [Note]) == []

    async def test_a_table_on_one_side_only(self, store: Store) -> None:
        await store.execute_script(f"CREATE TABLE notes ({AGREES})")
        assert await differences(store, [Note]) == ["note: in no migration", "notes: no table class"]

    @pytest.mark.parametrize(
        ("there", "instead", "told"),
        [
            ("text TEXT NOT NULL, ", "", "note.text: in no migration"),
            ("text TEXT", "body TEXT NOT NULL, text TEXT", "note.body: not in the table class"),
            ("VARCHAR(36)", "VARCHAR(32)", "VARCHAR(36) NOT NULL in the table class, VARCHAR(32) NOT NULL in the"),
            ("BIGINT", "INTEGER", "note.size: BIGINT NOT NULL in the table class, INTEGER NOT NULL in the migrations"),
            ("TIMESTAMPTZ", "TIMESTAMPTZ NOT NULL", "note.read_at: TIMESTAMPTZ in the table class, TIMESTAMPTZ NOT"),
        ],
    )
    async def test_a_column_that_differs(self, store: Store, there: str, instead: str, told: str) -> None:
        await store.execute_script(f"CREATE TABLE note ({AGREES.replace(there, instead, 1)})")
        (line,) = await differences(store, [Note])
        assert told in line

    async def test_a_primary_key_that_takes_null_as_sqlites_do(self, tmp_path: Path) -> None:
        async with on_sqlite(tmp_path) as store:
            await store.execute_script(f"CREATE TABLE note ({AGREES.replace('(36) NOT NULL', '(36)')})")
            assert await differences(store, [Note]) == [
                "note.id: VARCHAR(36) NOT NULL in the table class, VARCHAR(36) in the migrations"
            ]


class TestTablesOf:
    def test_gives_the_tables_that_a_module_defines_itself(self) -> None:
        assert tables_of(sys.modules[__name__]) == [Note]
