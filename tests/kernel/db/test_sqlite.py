"""The SQLite engine: groups, undoing one unit alone, constraint errors inside a unit, a kill at any moment."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from girok.db.database import StoreUnavailable, UniqueViolation
from girok.db.sqlite import SQLiteDatabase
from girok.db.sqlite_connection import StoreUnreadable
from girok.db.statement import prepare
from girok.db.table import bound_to
from girok.db.unit import Unit, execute, rows
from girok.errors import InvalidInput
from plugins.feed.tables import RelationCount

INSERT = prepare(lambda p: RelationCount.insert(RelationCount(user_id=p.user_id, follower_count=p.n)))
ALL = prepare(lambda _: RelationCount.raw("SELECT user_id, follower_count FROM feed_relation_count ORDER BY user_id"))
CREATE = (
    "CREATE TABLE IF NOT EXISTS feed_relation_count (user_id VARCHAR(36) NOT NULL PRIMARY KEY, "
    "follower_count INTEGER NOT NULL, following_count INTEGER NOT NULL)"
)
KILLED = """
import asyncio, sys
from pathlib import Path
from girok.db.sqlite import SQLiteDatabase
from girok.db.unit import execute
from tests.kernel.db.test_sqlite import CREATE, INSERT

def pair(key):
    yield from execute(INSERT(user_id=key + "-a", n=1))
    yield from execute(INSERT(user_id=key + "-b", n=1))

async def write(db, name):
    for number in range(100_000):
        await db.run(lambda: pair(f"{name}-{number}"))
        print(f"{name}-{number}", flush=True)

async def main():
    db = SQLiteDatabase(Path(sys.argv[1]))
    await db.open()
    await db.execute_script(CREATE)
    await asyncio.gather(*(write(db, name) for name in "wxyz"))

asyncio.run(main())
"""


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    opened = SQLiteDatabase(tmp_path / "girok.db")
    await opened.open()
    await opened.execute_script(CREATE)
    yield opened
    await opened.close()


async def _stored(db: SQLiteDatabase) -> list[str]:
    return [row["user_id"] for row in await db.fetch(ALL())]


class TestRun:
    async def test_units_at_once_share_a_commit(self, db: SQLiteDatabase) -> None:
        before = db.groups
        await asyncio.gather(*(db.run(lambda n=n: execute(INSERT(user_id=f"{n:02}", n=n))) for n in range(20)))
        assert await _stored(db) == [f"{n:02}" for n in range(20)]
        assert db.groups - before <= 3

    async def test_unit_that_raises_is_undone_alone(self, db: SQLiteDatabase) -> None:
        def broken() -> Unit[None]:
            yield from execute(INSERT(user_id="gone", n=1))
            raise RuntimeError("no")

        results = await asyncio.gather(
            db.run(lambda: execute(INSERT(user_id="a", n=1))),
            db.run(broken),
            db.run(lambda: execute(INSERT(user_id="b", n=1))),
            return_exceptions=True,
        )
        assert isinstance(results[1], RuntimeError)
        assert await _stored(db) == ["a", "b"]

    async def test_unit_may_catch_a_unique_violation_and_go_on(self, db: SQLiteDatabase) -> None:
        def unit() -> Unit[str]:
            yield from execute(INSERT(user_id="a", n=1))
            with pytest.raises(UniqueViolation):
                yield from execute(INSERT(user_id="a", n=2))
            yield from execute(INSERT(user_id="b", n=3))
            return "went on"

        assert await db.run(unit) == "went on"
        assert await _stored(db) == ["a", "b"]

    @pytest.mark.parametrize("value", ["\ud800", 2**70])
    async def test_value_that_no_store_keeps_is_invalid_input(self, db: SQLiteDatabase, value: object) -> None:
        with pytest.raises(InvalidInput):
            await db.run(lambda: execute(INSERT(user_id=value, n=1)))
        assert await _stored(db) == []

    async def test_cancelled_caller_does_not_cancel_the_unit(self, db: SQLiteDatabase) -> None:
        task = asyncio.create_task(db.run(lambda: execute(INSERT(user_id="a", n=1))))
        await asyncio.sleep(0)
        task.cancel()
        await db.run(lambda: execute(INSERT(user_id="b", n=1)))
        assert await _stored(db) == ["a", "b"]

    async def test_closed_store_is_unavailable(self, db: SQLiteDatabase) -> None:
        await db.close()
        with pytest.raises(StoreUnavailable):
            await db.run(lambda: rows(ALL()))
        with pytest.raises(StoreUnavailable):
            await db.fetch(ALL())

    async def test_full_store_refuses_writes_and_reads_go_on(self, db: SQLiteDatabase) -> None:
        await db.run(lambda: execute(INSERT(user_id="a", n=1)))
        (pages,) = await db.fetch(prepare(lambda _: RelationCount.raw("PRAGMA page_count"))())
        db._writer.execute(f"PRAGMA max_page_count={pages['page_count']}")
        with pytest.raises(StoreUnavailable):
            await db.run(lambda: execute(INSERT(user_id="x" * 100_000, n=1)))
        assert await _stored(db) == ["a"]
        db._writer.execute("PRAGMA max_page_count=1000000")
        await db.run(lambda: execute(INSERT(user_id="b", n=1)))
        assert await _stored(db) == ["a", "b"]


class TestOpen:
    async def test_file_that_is_no_database_is_unreadable(self, tmp_path: Path) -> None:
        (tmp_path / "girok.db").write_bytes(b"this is no database, and longer than a header" * 100)
        with pytest.raises(StoreUnreadable):
            await SQLiteDatabase(tmp_path / "girok.db").open()

    async def test_piccolo_queries_run_on_the_bound_database(self, db: SQLiteDatabase) -> None:
        with bound_to(db):
            await RelationCount.insert(RelationCount(user_id="a", follower_count=1))
            assert await RelationCount.select(RelationCount.user_id) == [{"user_id": "a"}]


class TestKill:
    async def test_acknowledged_units_are_there_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "girok.db"
        for seconds in (random.uniform(0.1, 0.4) for _ in range(3)):
            path.unlink(missing_ok=True)
            acknowledged = await _killed_after(path, seconds)
            db = SQLiteDatabase(path)
            await db.open()
            stored = set(await _stored(db))
            await db.close()
            assert {f"{key}-{half}" for key in acknowledged for half in "ab"} <= stored
            assert {key[:-1] for key in stored if key.endswith("a")} == {
                key[:-1] for key in stored if key.endswith("b")
            }


async def _killed_after(path: Path, seconds: float) -> list[str]:
    """Let a child write; kill it `seconds` after its first acknowledgement; what it had acknowledged."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(path), stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}
    )
    assert child.stdout is not None
    first = await child.stdout.readline()
    asyncio.get_running_loop().call_later(seconds, child.send_signal, signal.SIGKILL)
    rest = await child.stdout.read()
    await child.wait()
    return (first + rest).decode().split("\n")[:-1]
