"""The SQLite engine: one file, WAL, `synchronous=FULL`, units of work that commit in groups.

    db = SQLiteDatabase(data / "girok.db")
    await db.open()
    rows = await db.fetch(FIND(id=post_id))
    count = await db.run(lambda: like(post_id, user_id))

Statements run on the event loop's thread: one takes 5 to 20 us, a hop to another thread 50 to 100. Only COMMIT, which
waits for the disk, runs on a thread (`sqlite_writer.py`), and so does what turns out to hold the loop too long: a read
of more than 5 ms (`sqlite_reader.py`), a unit of more than 20 ms.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from girok.db.database import OutboxHook, StoreUnavailable
from girok.db.sqlite_connection import Synchronous
from girok.db.sqlite_reader import Reader
from girok.db.sqlite_writer import Writer
from girok.db.statement import Row, Sql, Statement
from girok.db.unit import UnitFactory, rows

__all__ = ["SQLiteDatabase"]

T = TypeVar("T")


class SQLiteDatabase:
    """See girok.db.database.Store. Used by the loop that it was opened on.

    `synchronous="NORMAL"` is for benchmarks: what was acknowledged may be gone after a power loss.
    """

    dialect = "sqlite"

    def __init__(self, path: Path, *, synchronous: Synchronous = "FULL") -> None:
        self.reads = 0
        self._path = path
        self._synchronous: Synchronous = synchronous
        self._writer = Writer()
        self._reader = Reader()
        self._open = False

    async def open(self) -> None:
        """Open the file, made (mode 0600) when it is not there.

        Raises StoreUnreadable: it cannot be opened, is no database, or another process has locked it.
        """
        self._writer.open(self._path, self._synchronous)
        self._reader.open(self._path)
        self._open = True

    async def close(self) -> None:
        """Commit what is queued, stop long reads, and close; later calls raise StoreUnavailable. Twice is no error."""
        if self._open:
            self._open = False
            self._reader.close()
            await self._writer.close()

    async def fetch(self, statement: Statement) -> list[Row]:
        """See Database.fetch. TypeError for a statement that writes."""
        if not self._open:
            raise StoreUnavailable
        self.reads += 1
        text, values = statement.sql("sqlite")
        found = self._reader.try_inline(text, values)
        return await self._reader.offload(text, values) if found is None else found

    async def run(self, unit: UnitFactory[T]) -> T:
        """See Database.run."""
        if not self._open:
            raise StoreUnavailable
        return await self._writer.submit(unit)

    async def execute_script(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        """See Database.execute_script."""
        return await self.run(lambda: rows(Sql(sql, values)))

    def counts(self) -> Mapping[str, int]:
        """See Store.counts."""
        return {
            "girok_db_units_total": self.units,
            "girok_db_units_rerun_total": self.units_rerun,
            "girok_db_groups_total": self.groups,
            "girok_db_reads_total": self.reads,
            "girok_db_reads_offloaded_total": self.reads_offloaded,
        }

    @property
    def outbox(self) -> OutboxHook | None:
        """What an Emit step becomes; without one it raises RuntimeError in its unit. `Surroundings.bus` sets it."""
        return self._writer.outbox

    @outbox.setter
    def outbox(self, hook: OutboxHook | None) -> None:
        self._writer.outbox = hook

    @property
    def units(self) -> int:
        """Units committed since the start."""
        return self._writer.units

    @property
    def groups(self) -> int:
        """Commits since the start: one fsync each."""
        return self._writer.groups

    @property
    def units_rerun(self) -> int:
        """Units that ran once more since the start: one in their group held the loop too long."""
        return self._writer.reruns

    @property
    def reads_offloaded(self) -> int:
        """Reads since the start that went to a thread."""
        return self._reader.offloaded
