"""The PostgreSQL engine: the same tables, statements and units as on SQLite, over connections that are kept.

    db = PostgresDatabase("postgresql://girok:secret@db:5432/girok")
    await db.open()
    count = await db.run(lambda: like(post_id, user_id))

A unit is one SERIALIZABLE transaction. Units were written for a store where nothing of another comes between their
steps, and no weaker level keeps that: an unfollow beside the push of a post, at READ COMMITTED, leaves the post in the
timeline for good. The price is that a unit may have to run again. Measured with 64 callers on ten connections, their
events delivered meanwhile, in turns with READ COMMITTED: creating posts ran at 0.99 of its speed (0 reruns of 4800
units), likes of many posts at 0.92 (5 %), follows among 200 people at 0.93 (4 %), a mix with reads at 0.97 (0.5 %),
likes of one single post at 0.50 (47 %). That holds with sequential scans off (`postgres_server.py`) and with turns:

Where all want the same row, most would fail again and again. So a unit that has to run again waits for its turn: one of
this process, then one of all processes (an advisory lock, waited for a second at the most). With three conflicts it is
one that new units pass for ever, since they are a step ahead of who begins again: then no other begins in this process
until it is through. With that a unit on the hottest row ran 1.5 times on average and 16 times at the most; without it 4
and 37 times, and six processes on one row were three times as slow. Turns do what random waits are for, so there are
none of those. But a unit that meets another one at its COMMIT fails for as long as the disk takes for that (a tenth of
a second where the server makes a new file of its log, when 30 attempts take half of it): so from the fourth conflict on
it pauses, longer each time, for two seconds in all.

When a connection breaks before COMMIT is sent, nothing is stored and the unit runs again on another. When it breaks
between COMMIT and its answer, nobody knows: the unit is not run again, since it might happen twice, and its caller is
told so (OutcomeUnknown). Callers can bear that: what users send again is recognized (a post by its clientId, a like or
a follow by its key), and a delivery finds its mark.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, TypeVar

import asyncpg

from girok.context import current
from girok.db.database import OutboxHook, StoreUnavailable, StoreUnreadable
from girok.db.postgres_errors import ERRORS, OutcomeUnknown, ends_session, is_conflict, raise_translated
from girok.db.postgres_pool import Link, Pool
from girok.db.postgres_server import Server
from girok.db.postgres_unit import Attempt, Conflicted, Lost, NeedsSavepoints, Rerun, query
from girok.db.postgres_watch import Watch
from girok.db.statement import Row, Sql, Statement
from girok.db.unit import UnitFactory, rows

__all__ = ["PostgresDatabase"]

T = TypeVar("T")

_ATTEMPTS = 30
_CONNECTIONS_TRIED = 3
"""A statement that breaks one connection after the other may be what ends the server's processes."""
_TOO_MANY_CONFLICTS = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.1


class PostgresDatabase:
    """See girok.db.database.Store. Used by the loop that it was opened on.

    `connections` are opened at the most, one of them to watch the server. `alone`: no other girok may use the database.
    """

    dialect = "postgres"

    def __init__(self, url: str, *, connections: int = 10, alone: bool = True) -> None:
        """Raises StoreUnreadable for a URL that cannot be one."""
        self.outbox: OutboxHook | None = None
        self.units = 0
        self.units_rerun = 0
        self.reads = 0
        self._server = Server(url)
        self._pool = Pool(self._dial, connections - 1)
        self._watch = Watch(self._server, self._pool.cut, alone=alone)
        self._turn = asyncio.Lock()
        self._clear = asyncio.Event()
        self._clear.set()
        self._running: set[asyncio.Task[Any]] = set()
        self._open = False

    async def open(self) -> None:
        """Connect; a server that is late is waited for. Raises StoreUnreadable."""
        await self._watch.start()
        self._pool.open()
        self._open = True

    async def close(self) -> None:
        """Finish the units that run, stop reads, and close; later calls raise StoreUnavailable. Twice is no error."""
        self._open = False
        while self._running:
            await asyncio.wait(self._running)
        await self._pool.close()
        await self._watch.stop()

    async def fetch(self, statement: Statement) -> list[Row]:
        """See Database.fetch. TypeError for a statement that writes."""
        self.reads += 1
        end = current().deadline
        for _ in range(_CONNECTIONS_TRIED):
            if not self._open:
                break
            async with self._link(end) as link:
                try:
                    return await query(link, statement)
                except asyncpg.ReadOnlySQLTransactionError as error:
                    raise TypeError("this statement writes: run it in a unit of work") from error
                except asyncio.CancelledError:
                    # asyncpg may have sent half of it: then the server has a transaction open that nobody would end.
                    link.terminate()
                    raise
                except ERRORS as error:
                    if not (link.is_closed() or ends_session(error) or is_conflict(error)):
                        raise_translated(error)
        raise StoreUnavailable

    async def run(self, unit: UnitFactory[T]) -> T:
        """See Database.run. Raises OutcomeUnknown, too."""
        if not self._open:
            raise StoreUnavailable
        task = asyncio.get_running_loop().create_task(self._run(unit, current().deadline))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def execute_script(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        """See Database.execute_script."""
        return await self.run(lambda: rows(Sql(sql, values)))

    def counts(self) -> Mapping[str, int]:
        """See Store.counts."""
        return {
            "girok_db_units_total": self.units,
            "girok_db_units_rerun_total": self.units_rerun,
            "girok_db_reads_total": self.reads,
            "girok_db_connections_in_use": self._pool.in_use,
        }

    async def _run(self, unit: UnitFactory[T], end: float | None) -> T:
        conflicts = losses = 0
        savepoints = False
        cause: Rerun | None = None
        self._watch.check()
        await self._clear.wait()
        async with AsyncExitStack() as stack:
            for _ in range(_ATTEMPTS):
                try:
                    return await self._attempt(unit, end, savepoints=savepoints, in_turn=conflicts > 0)
                except NeedsSavepoints as error:
                    cause, savepoints = error, True
                except Conflicted as error:
                    cause, conflicts = error, conflicts + 1
                    if conflicts == 1:
                        await stack.enter_async_context(self._turn)
                    elif conflicts == _TOO_MANY_CONFLICTS:
                        stack.enter_context(self._way_clear())
                    if (more := conflicts - _TOO_MANY_CONFLICTS) > 0:
                        await asyncio.sleep(min(_FIRST_PAUSE * 2**more, _LONGEST_PAUSE))
                except Lost as error:
                    cause, losses = error, losses + 1
                if losses == _CONNECTIONS_TRIED or (end is not None and asyncio.get_running_loop().time() >= end):
                    break
                self.units_rerun += 1
        raise StoreUnavailable from cause

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever wanted to know may have gone away

    @contextmanager
    def _way_clear(self) -> Generator[None, None, None]:
        """No unit begins until the body is done."""
        self._clear.clear()
        try:
            yield
        finally:
            self._clear.set()

    async def _attempt(self, unit: UnitFactory[T], end: float | None, *, savepoints: bool, in_turn: bool) -> T:
        async with self._link(end) as link:
            attempt: Attempt[T] = Attempt(link, self.outbox, savepoints=savepoints)
            try:
                result = await (attempt.run_in_turn(unit) if in_turn else attempt.run(unit))
            except OutcomeUnknown:
                self._publish(attempt)  # what may be there must be looked for
                raise
        self.units += 1
        self._publish(attempt)
        return result

    def _publish(self, attempt: Attempt[Any]) -> None:
        if attempt.emitted and self.outbox is not None:
            self.outbox.committed(attempt.emitted)

    @asynccontextmanager
    async def _link(self, end: float | None) -> AsyncGenerator[Link, None]:
        self._watch.check()
        async with self._pool.connection(end) as link:
            yield link

    async def _dial(self) -> Link:
        self._watch.check()
        try:
            return await self._server.connect()
        except StoreUnreadable as error:
            raise StoreUnavailable from error
