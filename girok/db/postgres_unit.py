"""One attempt at a unit of work on PostgreSQL: from BEGIN to COMMIT on one connection.

An error of the server ends the transaction that it happens in, so a unit that catches one could not go on as it does on
SQLite. A savepoint before each statement would allow it and doubles the way to the server; but nearly every unit lets
the error out, or has none. So the first attempt sets no savepoints. A unit that caught an error and goes on runs again
from its start, with them.
"""

from typing import Generic, TypeVar, cast

import asyncpg

from girok.db.database import OutboxHook, StoreUnavailable
from girok.db.postgres_errors import (
    ERRORS,
    OutcomeUnknown,
    ends_session,
    from_server,
    is_conflict,
    raise_translated,
)
from girok.db.postgres_locks import LOCKS, TURN_LOCK
from girok.db.postgres_pool import Link
from girok.db.statement import Row, Statement
from girok.db.unit import Emit, Step, Unit, UnitFactory
from girok.events.event import Envelope, Event

__all__ = ["Attempt", "Conflicted", "Lost", "NeedsSavepoints", "Rerun", "query"]

T = TypeVar("T")

_BEGIN = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
_TURN = f"SET LOCAL lock_timeout = '1s'; SELECT pg_advisory_lock({LOCKS}, {TURN_LOCK})"
_TURN_OVER = f"SELECT pg_advisory_unlock({LOCKS}, {TURN_LOCK})"


class Rerun(Exception):
    """Nothing of the attempt is stored, and another one may succeed. None of these leaves the engine."""


class Conflicted(Rerun):
    """Another unit came between, or the schema was changed; the cause says which."""


class Lost(Rerun):
    """The connection broke before COMMIT was sent."""


class NeedsSavepoints(Rerun):
    """The unit caught an error of the server and goes on."""


class Attempt(Generic[T]):
    """A unit on `link`. `emitted` are the events that it has appended."""

    def __init__(self, link: Link, outbox: OutboxHook | None, *, savepoints: bool) -> None:
        self.emitted: list[Event | Envelope] = []
        self._link = link
        self._outbox = outbox
        self._savepoints = savepoints
        self._failed = False
        """Whether an error has ended the transaction."""

    async def run(self, factory: UnitFactory[T]) -> T:
        """Commit the unit; what it returned.

        Raises what the unit raised, Rerun, StoreUnavailable, a violation of a deferred constraint, or OutcomeUnknown.
        """
        await self._send(_BEGIN)
        try:
            result = await self._drive(factory)
        except BaseException:
            await self._end("ROLLBACK")
            raise
        await self._commit()
        return result

    async def run_in_turn(self, factory: UnitFactory[T]) -> T:
        """The same, while no other process runs a unit in this way; but who has the turn is waited for a second only,
        since that process may be stopped."""
        try:
            await self._link.execute(_TURN)
        except asyncpg.LockNotAvailableError:
            return await self.run(factory)
        except ERRORS as error:
            self._check(error)
            raise_translated(error)
        try:
            return await self.run(factory)
        finally:
            await self._end(_TURN_OVER)

    async def _drive(self, factory: UnitFactory[T]) -> T:
        unit = _whole(factory)
        try:
            step = next(unit)
            while True:
                if self._failed:
                    raise NeedsSavepoints
                try:
                    rows = await self._step(step)
                except Rerun:
                    raise
                except Exception as error:  # noqa: BLE001 - the unit may know what to do
                    step = unit.throw(error)
                else:
                    step = unit.send(rows)
        except StopIteration as end:
            if self._failed:
                raise NeedsSavepoints from None
            return cast("T", end.value)
        finally:
            unit.close()

    async def _step(self, step: Step) -> list[Row]:
        if not isinstance(step, Emit):
            return await self._execute(step)
        if self._outbox is None:
            raise RuntimeError("no outbox takes events here")
        for statement in self._outbox.statements(step.event):
            await self._execute(statement)
        self.emitted.append(step.event)
        return []

    async def _execute(self, statement: Statement) -> list[Row]:
        if self._savepoints:
            await self._send("SAVEPOINT step")
        try:
            found = await query(self._link, statement)
        except ERRORS as error:
            self._check(error)
            if from_server(error):
                if self._savepoints:
                    await self._send("ROLLBACK TO step; RELEASE step")
                else:
                    self._failed = True
            raise_translated(error)
        if self._savepoints:
            await self._send("RELEASE step")
        return found

    async def _send(self, command: str) -> None:
        try:
            await self._link.execute(command)
        except ERRORS as error:
            self._check(error)
            raise_translated(error)

    def _check(self, error: Exception) -> None:
        """Raise Rerun for what is not the unit's fault."""
        if is_conflict(error):
            raise Conflicted from error
        if ends_session(error) or self._link.is_closed():
            raise Lost from error

    async def _end(self, command: str) -> None:
        """Give back what the session holds, with the session itself where that fails."""
        try:
            await self._link.execute(command)
        except ERRORS:
            self._link.terminate()

    async def _commit(self) -> None:
        if not self._link.is_in_transaction():
            raise StoreUnavailable  # a statement of the unit has ended it, and nobody knows how
        try:
            await self._link.execute("COMMIT")
        except ERRORS as error:
            if is_conflict(error):
                raise Conflicted from error
            if ends_session(error) or self._link.is_closed():
                raise OutcomeUnknown from error
            raise_translated(error)


async def query(link: Link, statement: Statement) -> list[Row]:
    """The rows of one statement."""
    text, values = statement.sql("postgres")
    return [dict(record) for record in await link.fetch(text, *values)]


def _whole(unit: UnitFactory[T]) -> Unit[T]:
    # A generator even around the factory: a StopIteration in there would look like the unit's end.
    return (yield from unit())
