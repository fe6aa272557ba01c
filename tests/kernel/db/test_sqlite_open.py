"""Opening the database file, and what its values look like."""

import sqlite3
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from piccolo.engine.sqlite import convert_boolean_out, convert_datetime_in, convert_timestamptz_out

from girok.db.database import StoreUnreadable
from girok.db.sqlite import SQLiteDatabase
from girok.db.sqlite_connection import connect
from girok.db.sqlite_values import install_converters
from girok.db.statement import Sql
from girok.refusal import Refusal
from tests.kernel.db.notes import CREATE, GET, NOON, add, ids, opened

NUMBERS = "RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"


async def pragma(db: SQLiteDatabase, name: str) -> object:
    """As the connection that writes sees it."""
    return next(iter((await db.execute_script(f"PRAGMA {name}"))[0].values()))


class TestOpen:
    async def test_makes_files_that_only_their_owner_reads(self, tmp_path: Path) -> None:
        db = await opened(SQLiteDatabase(tmp_path / "girok.db"))
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
        await db.close()
        assert modes == {"girok.db": 0o600, "girok.db-wal": 0o600, "girok.db-shm": 0o600}

    async def test_takes_the_file_from_others(self, tmp_path: Path) -> None:
        (tmp_path / "girok.db").touch(mode=0o644)
        db = await opened(SQLiteDatabase(tmp_path / "girok.db"))
        await db.close()
        assert stat.S_IMODE((tmp_path / "girok.db").stat().st_mode) == 0o600

    async def test_is_as_durable_as_asked(self, tmp_path: Path, db: SQLiteDatabase) -> None:
        assert await pragma(db, "journal_mode") == "wal"
        assert await pragma(db, "foreign_keys") == 1
        assert await pragma(db, "synchronous") == 2
        normal = await opened(SQLiteDatabase(tmp_path / "normal.db", synchronous="NORMAL"))
        assert await pragma(normal, "synchronous") == 1
        await normal.close()

    async def test_after_close_everything_is_in_one_file(self, tmp_path: Path, db: SQLiteDatabase) -> None:
        await db.run(lambda: add("a"))
        await db.close()
        assert [each.name for each in tmp_path.iterdir()] == ["girok.db"]
        await db.open()
        assert await ids(db) == ["a"]


class TestLargeUnit:
    def test_writes_no_temporary_file(self, tmp_path: Path) -> None:
        connection = connect(tmp_path / "girok.db", cache_kib=2048)
        for each in (
            CREATE,
            "BEGIN",
            f"WITH {NUMBERS} INSERT INTO test_note SELECT i, zeroblob(1000), 0, 0, '' FROM n",
        ):
            connection.execute(each)
        connection.execute("SAVEPOINT unit")
        connection.execute("UPDATE test_note SET likes = 1")
        files = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
        connection.close()
        assert [each for each in files if "etilqs" in each] == []


class TestUnusableFile:
    @pytest.mark.parametrize("content", [b"this is no database, and longer than a header" * 100, b"SQLite format 4"])
    async def test_that_is_no_database_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "girok.db"
        path.write_bytes(content)
        with pytest.raises(StoreUnreadable, match=f"{path} is not an SQLite database"):
            await SQLiteDatabase(path).open()
        assert path.read_bytes() == content

    async def test_that_is_a_folder_is_refused_and_stays_usable(self, tmp_path: Path) -> None:
        path = tmp_path / "girok.db"
        path.mkdir()
        path.chmod(0o755)
        with pytest.raises(StoreUnreadable, match="cannot be opened"):
            await SQLiteDatabase(path).open()
        assert stat.S_IMODE(path.stat().st_mode) == 0o755

    async def test_in_no_folder_is_refused_in_the_operators_words(self, tmp_path: Path) -> None:
        with pytest.raises(Refusal, match=r"nowhere/girok\.db cannot be opened: .*No such file or directory"):
            await SQLiteDatabase(tmp_path / "nowhere" / "girok.db").open()

    async def test_that_another_process_has_locked_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("girok.db.sqlite_connection.LOCK_WAIT", 0.05)
        path = tmp_path / "girok.db"
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnreadable, match="locked by another process"):
            await SQLiteDatabase(path).open()
        other.close()


class TestValues:
    async def test_of_an_integer_have_64_bits(self, db: SQLiteDatabase) -> None:
        await db.run(lambda: add("a"))
        await db.execute_script("UPDATE test_note SET likes = ?", [2**62])
        assert (await db.fetch(GET(id="a")))[0]["likes"] == 2**62

    async def test_of_no_column_are_sqlites_own(self, db: SQLiteDatabase) -> None:
        found = await db.fetch(Sql("SELECT ? AS text, ? AS float, ? AS bytes, 1 = 1 AS truth", ["한글", 1.5, b"\0"]))
        assert found == [{"text": "한글", "float": 1.5, "bytes": b"\0", "truth": 1}]

    @given(
        st.datetimes(
            min_value=datetime(1, 1, 3),  # noqa: DTZ001 - hypothesis wants it so
            max_value=datetime(9999, 12, 29),  # noqa: DTZ001
            timezones=st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone),
        ),
        st.booleans(),
    )
    def test_are_converted_like_piccolos(self, moment: datetime, truth: bool) -> None:
        install_converters()
        stored = convert_datetime_in(moment).encode()
        ours = sqlite3.converters["TIMESTAMPTZ"](stored)
        assert ours == convert_timestamptz_out(stored) == moment
        assert ours.tzinfo is UTC
        assert sqlite3.converters["BOOLEAN"](b"%d" % truth) is convert_boolean_out(b"%d" % truth) is truth

    async def test_written_by_sqlite_itself_are_utc(self, db: SQLiteDatabase) -> None:
        await db.execute_script("INSERT INTO test_note VALUES ('a', '', 0, 0, '2026-11-24 12:00:00')")
        assert (await db.fetch(GET(id="a")))[0]["created_at"] == NOON.replace(microsecond=0)
