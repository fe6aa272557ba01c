"""The migrations runner: order, what it refuses, and kills."""

import asyncio
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from girok.db.database import Database, Store
from girok.db.migrations import (
    AppliedMigration,
    DomainStatus,
    MigrationChanged,
    MigrationFailed,
    MigrationNumbering,
    SchemaNewer,
    migrate,
    status,
)
from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import prepare

FILES = {
    "b/0001_tables": "CREATE TABLE b_log (line TEXT NOT NULL);\nINSERT INTO b_log VALUES ('b1');",
    "b/0002_more": (
        "INSERT INTO b_log VALUES ('b2');\nCREATE INDEX b_i ON b_log (line);\nINSERT INTO b_log VALUES ('b2');"
    ),
    "a/0001_first": "INSERT INTO b_log VALUES ('a1');",
}
CHECKOUT = Path(__file__).parents[3]
APPLIED = prepare(lambda _: AppliedMigration.raw("SELECT * FROM girok_migration ORDER BY domain, name"))
LINES = prepare(lambda _: AppliedMigration.raw("SELECT line FROM b_log ORDER BY line"))


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of migrations with the domains `b`, which comes first, and `a`."""
    root = tmp_path / "migrations"
    for name, text in FILES.items():
        write(root, name, text)
    return root


def write(root: Path, name: str, text: str) -> None:
    path = root / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


async def log(db: Database) -> list[str]:
    """What the migrations wrote."""
    return [row["line"] for row in await db.fetch(LINES())]


async def applied(db: Database) -> list[str]:
    return [f"{row['domain']}/{row['name']}" for row in await db.fetch(APPLIED())]


class TestMigrate:
    async def test_runs_domains_in_the_given_order_and_files_by_number(self, store: Store, root: Path) -> None:
        done = await migrate(store, ["b", "a"], root)
        assert [f"{each.domain}/{each.name}" for each in done] == list(FILES)
        assert await log(store) == ["a1", "b1", "b2", "b2"]

    async def test_a_second_run_does_nothing(self, store: Store, root: Path) -> None:
        await migrate(store, ["b", "a"], root)
        assert await migrate(store, ["b", "a"], root) == ()
        assert await log(store) == ["a1", "b1", "b2", "b2"]

    async def test_a_new_file_runs_alone(self, store: Store, root: Path) -> None:
        await migrate(store, ["b", "a"], root)
        write(root, "b/0003_new", "INSERT INTO b_log VALUES ('b3');")
        assert [each.name for each in await migrate(store, ["b", "a"], root)] == ["0003_new"]
        assert await log(store) == ["a1", "b1", "b2", "b2", "b3"]

    async def test_a_domain_may_come_later(self, store: Store, root: Path) -> None:
        await migrate(store, ["b"], root)
        assert [each.domain for each in await migrate(store, ["a", "b"], root)] == ["a"]

    async def test_records_when_and_what_ran(self, store: Store, root: Path) -> None:
        done = await migrate(store, ["b"], root, FixedClock())
        rows = await store.fetch(APPLIED())
        assert [row["checksum"] for row in rows] == [each.checksum for each in done]
        assert {row["applied_at"] for row in rows} == {FixedClock().now()}

    async def test_two_runners_at_once_run_each_file_once(self, store: Store, root: Path) -> None:
        both = await asyncio.gather(migrate(store, ["b", "a"], root), migrate(store, ["b", "a"], root))
        assert sorted(len(done) for done in both) in ([0, 3], [1, 2])
        assert await log(store) == ["a1", "b1", "b2", "b2"]

    async def test_of_a_file_that_fails_nothing_remains(self, store: Store, root: Path) -> None:
        write(root, "b/0003_new", "INSERT INTO b_log VALUES ('b3');\nINSERT INTO nowhere VALUES (1);")
        with pytest.raises(MigrationFailed, match=r"0003_new\.sql, statement 2: .*nowhere"):
            await migrate(store, ["b", "a"], root)
        assert await applied(store) == ["b/0001_tables", "b/0002_more"]
        assert await log(store) == ["b1", "b2", "b2"]
        write(root, "b/0003_new", "INSERT INTO b_log VALUES ('b3');")
        await migrate(store, ["b", "a"], root)
        assert await log(store) == ["a1", "b1", "b2", "b2", "b3"]


class TestRefusals:
    async def test_a_changed_file(self, store: Store, root: Path) -> None:
        await migrate(store, ["b"], root)
        write(root, "b/0001_tables", FILES["b/0001_tables"] + " -- now")
        with pytest.raises(MigrationChanged, match="b/0001_tables was changed after it ran"):
            await migrate(store, ["b", "a"], root)
        assert await applied(store) == ["b/0001_tables", "b/0002_more"]

    @pytest.mark.parametrize("domains", [["b", "a"], ["a"]])
    async def test_a_newer_schema_even_of_a_domain_not_asked_for(
        self, store: Store, root: Path, domains: list[str]
    ) -> None:
        await migrate(store, ["b"], root)
        (root / "b/0002_more.sql").unlink()
        with pytest.raises(SchemaNewer, match="has migration b/0002_more, which this girok does not have"):
            await migrate(store, domains, root)
        assert await applied(store) == ["b/0001_tables", "b/0002_more"]

    async def test_a_domain_this_code_does_not_know(self, store: Store, root: Path) -> None:
        await migrate(store, ["b"], root)
        with pytest.raises(SchemaNewer, match="b/0002_more"):
            await migrate(store, ["a"], root.parent / "elsewhere")

    async def test_a_gap_in_the_files(self, store: Store, root: Path) -> None:
        write(root, "a/0003_late", "INSERT INTO b_log VALUES ('a3');")
        with pytest.raises(MigrationNumbering, match="0002 is missing before 0003_late"):
            await migrate(store, ["b", "a"], root)
        assert await status(store, ["b"], root) == (DomainStatus("b", (), ("0001_tables", "0002_more"), (), ()),)

    async def test_a_number_before_one_that_ran(self, store: Store, root: Path) -> None:
        await migrate(store, ["b"], root)
        await store.execute_script("DELETE FROM girok_migration WHERE name = '0001_tables'")
        with pytest.raises(MigrationNumbering, match="b/0001_tables has not run, but 0002_more after it has"):
            await migrate(store, ["b"], root)


class TestStatus:
    async def test_of_an_empty_database_all_is_pending(self, store: Store, root: Path) -> None:
        assert await status(store, ["b", "a", "none"], root) == (
            DomainStatus("b", (), ("0001_tables", "0002_more"), (), ()),
            DomainStatus("a", (), ("0001_first",), (), ()),
            DomainStatus("none", (), (), (), ()),
        )

    async def test_tells_applied_changed_and_unknown(self, store: Store, root: Path) -> None:
        await migrate(store, ["b", "a"], root)
        (root / "b/0002_more.sql").unlink()
        write(root, "b/0001_tables", "SELECT 1;")
        write(root, "a/0002_next", "SELECT 2;")
        assert await status(store, ["a"], root) == (
            DomainStatus("a", ("0001_first",), ("0002_next",), (), ()),
            DomainStatus("b", ("0001_tables", "0002_more"), (), ("0001_tables",), ("0002_more",)),
        )


class TestKill:
    # The table of records has three instants (the statement, before and after its commit); the first file has five (the
    # record, two statements, before and after its commit), the others six and four.
    @pytest.mark.parametrize("at", range(18))
    async def test_a_file_has_run_and_is_recorded_or_neither(self, tmp_path: Path, root: Path, at: int) -> None:
        path = tmp_path / "girok.db"
        assert await exit_code(root, path, at) == -9
        db = SQLiteDatabase(path)
        await db.open()
        recorded = [f"{each.domain}/{name}" for each in await status(db, ["b", "a"], root) for name in each.applied]
        assert contents(path) == effects(recorded)
        await migrate(db, ["b", "a"], root)
        assert contents(path) == effects(FILES)
        await db.close()

    async def test_these_were_all_instants(self, tmp_path: Path, root: Path) -> None:
        assert await exit_code(root, tmp_path / "girok.db", 18) == 0


async def exit_code(root: Path, path: Path, at: int) -> int:
    """How a process ends that migrates and kills itself at the instant `at`."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.kernel.db.dying", str(root), str(path), str(at), cwd=CHECKOUT
    )
    return await asyncio.wait_for(child.wait(), 30)


def contents(path: Path) -> list[str]:
    """A database as SQL, but for the record of its migrations."""
    with closing(sqlite3.connect(path)) as connection:
        return [line for line in connection.iterdump() if "girok_migration" not in line]


def effects(names: Iterable[str]) -> list[str]:
    """The same of a database on which these files ran."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for name in names:
            connection.executescript(FILES[name])
        return list(connection.iterdump())
