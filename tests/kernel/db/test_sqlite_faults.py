"""Faults of the SQLite engine: a full disk, a file that another process holds, transactions that end by themselves."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from girok.db.database import StoreUnavailable
from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import Sql
from girok.db.unit import Unit, execute
from tests.kernel.db.notes import add, ids, opened, turns_while

DISK_BYTES = 4 * 1024 * 1024


async def integrity(db: SQLiteDatabase) -> str:
    return (await db.execute_script("PRAGMA integrity_check"))[0]["integrity_check"]


async def fill(db: SQLiteDatabase, prefix: str) -> tuple[list[str], list[BaseException]]:
    """Add 1000 notes of 10 kB, 32 at once: those that were acknowledged, and the errors of the others."""
    names = [f"{prefix}{number:03}" for number in range(1000)]
    turn = asyncio.Semaphore(32)

    async def one(name: str) -> None:
        async with turn:
            await db.run(lambda: add(name, "x" * 10_000))

    results = await asyncio.gather(*(one(name) for name in names), return_exceptions=True)
    acknowledged = [name for name, result in zip(names, results, strict=True) if result is None]
    return acknowledged, [result for result in results if result is not None]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system with very little room."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system can be mounted only as root, with the right to mount")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.fixture
async def db_on_disk(disk: Path) -> AsyncIterator[SQLiteDatabase]:
    db = await opened(SQLiteDatabase(disk / "girok.db"))
    yield db
    await db.close()


class TestFullDisk:
    async def test_refuses_writes_and_reads_go_on(self, db_on_disk: SQLiteDatabase, disk: Path) -> None:
        db, ballast = db_on_disk, disk / "ballast"
        ballast.write_bytes(bytes(DISK_BYTES // 4))
        acknowledged, errors = await fill(db, "a")
        assert {type(error) for error in errors} == {StoreUnavailable}
        assert acknowledged
        assert await ids(db) == acknowledged
        assert await integrity(db) == "ok"
        ballast.unlink()
        await db.run(lambda: add("b", "x" * 10_000))
        assert await ids(db) == [*acknowledged, "b"]

    async def test_loses_nothing_over_a_restart(self, db_on_disk: SQLiteDatabase) -> None:
        db = db_on_disk
        acknowledged, _ = await fill(db, "a")
        await db.close()
        await db.open()
        assert await ids(db) == acknowledged
        assert await integrity(db) == "ok"


class TestFullFile:
    """The statement itself fails, not the commit."""

    async def test_refuses_the_unit_and_reads_go_on(self, db: SQLiteDatabase) -> None:
        pages = (await db.execute_script("PRAGMA page_count"))[0]["page_count"]
        await db.execute_script(f"PRAGMA max_page_count={pages + 2}")
        results = await asyncio.gather(
            db.run(lambda: add("a")),
            db.run(lambda: add("big", "x" * 100_000)),
            db.run(lambda: add("b")),
            return_exceptions=True,
        )
        assert [type(each) for each in results] == [type(None), StoreUnavailable, type(None)]
        assert await ids(db) == ["a", "b"]
        await db.execute_script("PRAGMA max_page_count=1000000")
        await db.run(lambda: add("big", "x" * 100_000))
        assert await ids(db) == ["a", "b", "big"]
        assert await integrity(db) == "ok"

    async def test_may_be_caught_by_the_unit(self, db: SQLiteDatabase) -> None:
        pages = (await db.execute_script("PRAGMA page_count"))[0]["page_count"]
        await db.execute_script(f"PRAGMA max_page_count={pages + 2}")

        def unit() -> Unit[None]:
            with pytest.raises(StoreUnavailable):
                yield from add("big", "x" * 100_000)
            yield from add("small")

        await db.run(unit)
        assert await ids(db) == ["small"]


class TestTransactionThatEndsByItself:
    async def test_fails_its_whole_group_and_the_next_one_works(self, db: SQLiteDatabase) -> None:
        await db.execute_script(
            "CREATE TRIGGER test_bomb BEFORE INSERT ON test_note WHEN NEW.text = 'bomb' "
            "BEGIN SELECT RAISE(ROLLBACK, 'gone'); END"
        )
        results = await asyncio.gather(
            db.run(lambda: add("a")), db.run(lambda: add("b", "bomb")), db.run(lambda: add("c")), return_exceptions=True
        )
        assert [type(each) for each in results] == [StoreUnavailable, StoreUnavailable, type(None)]
        assert await ids(db) == ["c"]

    async def test_by_a_statement_that_no_unit_may_have(self, db: SQLiteDatabase) -> None:
        results = await asyncio.gather(
            db.run(lambda: add("a")), db.run(lambda: execute(Sql("ROLLBACK"))), return_exceptions=True
        )
        assert [type(each) for each in results] == [StoreUnavailable, StoreUnavailable]
        await db.run(lambda: add("b"))
        assert await ids(db) == ["b"]


class TestFileLockedByAnotherProcess:
    @pytest.fixture
    def other(self, tmp_path: Path, db: SQLiteDatabase) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(tmp_path / "girok.db", isolation_level=None, check_same_thread=False)
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.close()

    async def test_is_waited_for_beside_the_loop(self, db: SQLiteDatabase, other: sqlite3.Connection) -> None:
        asyncio.get_running_loop().call_later(0.2, other.rollback)
        _, turns = await turns_while(asyncio.gather(db.run(lambda: add("a")), db.run(lambda: add("b"))))
        assert turns > 20
        assert await ids(db) == ["a", "b"]

    async def test_for_too_long_is_unavailable_for_all_who_wait(
        self, db: SQLiteDatabase, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("girok.db.sqlite_writer.LOCK_WAIT", 0.05)
        results = await asyncio.gather(db.run(lambda: add("a")), db.run(lambda: add("b")), return_exceptions=True)
        assert [isinstance(each, StoreUnavailable) for each in results] == [True, True]
        assert await ids(db) == []
        other.rollback()
        await db.run(lambda: add("c"))
        assert await ids(db) == ["c"]
