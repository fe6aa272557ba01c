"""The SQLite engine: one file, WAL, `synchronous=FULL`, units of work that commit in groups.

    db = SQLiteDatabase(data / "girok.db")
    await db.open()
    rows = await db.fetch(FIND(id=post_id))
    count = await db.run(lambda: like(post_id, user_id))

Statements run on the event loop's thread: one takes 5 to 20 us, a hop to another thread 50 to 100. Only COMMIT, which
waits for the disk, runs on a thread. While it does, units queue and become the next group: one fsync for all of them.
Each unit has a savepoint of its own, so one that fails is undone alone.
"""

import asyncio
import sqlite3
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from pathlib import Path
from time import perf_counter
from typing import Any, Generic, Protocol, TypeVar, cast

from girok.db.database import StoreUnavailable, UniqueViolation
from girok.db.sqlite_connection import connect
from girok.db.statement import Row, Sql, Statement
from girok.db.unit import Emit, Step, UnitFactory
from girok.errors import InvalidInput
from girok.events.event import Event

__all__ = ["OutboxHook", "SQLiteDatabase"]

T = TypeVar("T")

_GROUP_SECONDS = 0.005
"""How long the units of one group may hold the loop; a longer group commits what it has."""


class OutboxHook(Protocol):
    """What an `Emit` step becomes. The wiring gives one."""

    def statements(self, event: Event) -> Sequence[Statement]:
        """Called in the context of the unit's caller."""
        ...

    def committed(self) -> None:
        """Called after each group that is durable."""
        ...


class _Work(Generic[T]):
    """A unit on its way: its outcome is told once its group is durable."""

    __slots__ = ("context", "done", "error", "result", "unit")

    def __init__(self, unit: UnitFactory[T], done: asyncio.Future[T]) -> None:
        self.unit = unit
        self.done = done
        self.context: Context = copy_context()
        self.result: T | None = None
        self.error: Exception | None = None

    def tell(self) -> None:
        """Answer the caller, unless they went away."""
        if self.done.done():
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(cast("T", self.result))


class SQLiteDatabase:
    """See girok.db.database.Database. `units`, `groups` and `reads` count since the start."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self.outbox: OutboxHook | None = None
        self.units = self.groups = self.reads = 0
        self._path = path
        self._queue: list[_Work[Any]] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self._open = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="girok-commit")

    async def open(self) -> None:
        """Open the file, made when it is not there. Raises StoreUnavailable."""
        self._writer = connect(self._path)
        self._reader = connect(self._path)
        self._open = True

    async def close(self) -> None:
        """Commit what is queued and close; later calls raise StoreUnavailable. Twice is no error."""
        if not self._open:
            return
        self._open = False
        await self._idle.wait()
        self._thread.shutdown()
        self._reader.close()
        self._writer.close()

    async def fetch(self, statement: Statement) -> list[Row]:
        """The rows of a statement that only reads, as of the last commit. Raises StoreUnavailable, InvalidInput."""
        if not self._open:
            raise StoreUnavailable
        self.reads += 1
        try:
            return _execute(self._reader, statement)
        except sqlite3.Error as error:
            raise StoreUnavailable from error

    async def run(self, unit: UnitFactory[T]) -> T:
        """See Database.run."""
        if not self._open:
            raise StoreUnavailable
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._queue.append(_Work(unit, done))
        if self._idle.is_set():
            self._idle.clear()
            loop.call_soon(self._next_group)
        return await done

    async def execute_script(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        """See Database.execute_script."""
        return await self.run(lambda: _single(Sql(sql, values or ())))

    def _next_group(self) -> None:
        """Run queued units in a transaction, then leave its commit to the thread."""
        if not self._queue:
            self._idle.set()
            return
        group: list[_Work[Any]] = []
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            until = perf_counter() + _GROUP_SECONDS
            while self._queue and (not group or perf_counter() < until):
                work = self._queue.pop(0)
                group.append(work)
                self._attempt(work)
        except (sqlite3.Error, StoreUnavailable) as error:
            self._lost(group or [self._queue.pop(0)], error)
            return
        loop = asyncio.get_running_loop()
        commit = loop.run_in_executor(self._thread, self._writer.execute, "COMMIT")
        commit.add_done_callback(lambda finished: self._committed(group, finished))

    def _attempt(self, work: _Work[Any]) -> None:
        """Run one unit inside its savepoint. Raises StoreUnavailable when the whole transaction is gone."""
        self._writer.execute("SAVEPOINT unit")
        try:
            work.result = work.context.run(self._drive, work.unit())
        except Exception as error:
            if not self._writer.in_transaction:
                raise StoreUnavailable from error
            work.error = _outside(error)
            self._writer.execute("ROLLBACK TO unit")
        self._writer.execute("RELEASE unit")

    def _drive(self, unit: Generator[Step, list[Row], T]) -> T:
        """Send a unit the rows of each step until it returns."""
        try:
            step = next(unit)
            while True:
                try:
                    rows = self._step(step)
                except (sqlite3.Error, InvalidInput) as error:
                    if not self._writer.in_transaction:
                        raise
                    step = unit.throw(_inside(error))
                else:
                    step = unit.send(rows)
        except StopIteration as end:
            return cast("T", end.value)

    def _step(self, step: Step) -> list[Row]:
        if not isinstance(step, Emit):
            return _execute(self._writer, step)
        if self.outbox is None:
            raise RuntimeError("no outbox takes events here")
        for statement in self.outbox.statements(step.event):
            _execute(self._writer, statement)
        return []

    def _committed(self, group: list[_Work[Any]], commit: asyncio.Future[Any]) -> None:
        error = commit.exception()
        if error is not None:
            self._lost(group, error)
            return
        self.groups += 1
        self.units += len(group)
        for work in group:
            work.tell()
        if self.outbox is not None:
            self.outbox.committed()
        self._next_group()

    def _lost(self, group: list[_Work[Any]], error: BaseException) -> None:
        """Nothing of the group is stored: say so to everybody in it, and go on with the next."""
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")
        for work in group:
            work.error = StoreUnavailable()
            work.error.__cause__ = error
            work.tell()
        asyncio.get_running_loop().call_soon(self._next_group)


def _single(statement: Statement) -> Generator[Step, list[Row], list[Row]]:
    return (yield statement)


def _execute(connection: sqlite3.Connection, statement: Statement) -> list[Row]:
    """The rows of one statement. Raises InvalidInput for values that no store can keep."""
    text, values = statement.sql("sqlite")
    try:
        return connection.execute(text, values).fetchall()
    except (UnicodeEncodeError, OverflowError) as error:
        raise InvalidInput from error


def _inside(error: sqlite3.Error | InvalidInput) -> Exception:
    """What a unit sees of a statement that failed: it may catch it and go on."""
    broken = getattr(error, "sqlite_errorcode", 0)
    if broken in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
        return UniqueViolation()
    return _outside(error)


def _outside(error: Exception) -> Exception:
    """What a unit's caller sees: a full disk or a locked file is the store's, a wrong statement is its author's."""
    if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
        wrapped = StoreUnavailable()
        wrapped.__cause__ = error
        return wrapped
    return error
