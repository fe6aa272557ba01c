"""A unit of work on its way through the SQLite engine, and how it is driven over a connection."""

import asyncio
from contextvars import copy_context
from typing import Generic, TypeVar, cast

from girok.db.database import OutboxHook, StoreUnavailable
from girok.db.sqlite_connection import Connection
from girok.db.sqlite_errors import Interrupted
from girok.db.statement import Row
from girok.db.unit import Emit, Step, Unit, UnitFactory
from girok.events.event import Envelope, Event

__all__ = ["TransactionLost", "Work", "unavailable"]

T = TypeVar("T")


class TransactionLost(Exception):
    """An error ended the whole transaction that it happened in; it is the cause. Never leaves the engine."""


class Work(Generic[T]):
    """A unit with its caller's context variables. Its outcome is told once its group is durable.

    `apart`: it runs alone and on the thread, since it took too long, or its group could not be committed.
    """

    __slots__ = ("apart", "caller", "context", "emitted", "error", "result", "unit")

    def __init__(self, unit: UnitFactory[T], caller: "asyncio.Future[T]") -> None:
        self.unit = unit
        self.caller = caller
        self.context = copy_context()
        self.apart = False
        self.emitted: list[Event | Envelope] = []
        self.error: BaseException | None = None
        self.result: T | None = None

    def attempt(self, connection: Connection, outbox: OutboxHook | None) -> bool:
        """Run the unit; False when it raised: then it is to be undone.

        Raises Interrupted when the connection's guard stopped it, TransactionLost when there is no transaction left.
        """
        self.emitted.clear()
        self.error = None
        try:
            self.result = self.context.run(self._drive, connection, outbox)
        except (Interrupted, TransactionLost):
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to who waits for this unit
            self.error = error
            return False
        return True

    def _drive(self, connection: Connection, outbox: OutboxHook | None) -> T:
        unit = _whole(self.unit)
        try:
            step = next(unit)
            while True:
                try:
                    rows = self._step(step, connection, outbox)
                except Interrupted:
                    raise
                except Exception as error:
                    if not connection.in_transaction:
                        raise TransactionLost from error
                    step = unit.throw(error)
                else:
                    step = unit.send(rows)
        except StopIteration as end:
            return cast("T", end.value)
        finally:
            unit.close()

    def _step(self, step: Step, connection: Connection, outbox: OutboxHook | None) -> list[Row]:
        if connection.is_late():
            raise Interrupted
        if not isinstance(step, Emit):
            return connection.execute(*step.sql("sqlite"))
        if outbox is None:
            raise RuntimeError("no outbox takes events here")
        for statement in outbox.statements(step.event):
            connection.execute(*statement.sql("sqlite"))
        self.emitted.append(step.event)
        return []

    def tell(self) -> None:
        """Give the caller the outcome, unless it went away."""
        if self.caller.done():
            return
        if self.error is None:
            self.caller.set_result(cast("T", self.result))
        else:
            self.caller.set_exception(self.error)


def _whole(unit: UnitFactory[T]) -> Unit[T]:
    # A generator even around the factory: a StopIteration in there would look like the unit's end.
    return (yield from unit())


def unavailable(cause: BaseException) -> StoreUnavailable:
    """The store's answer to an error that hit a whole group; each caller gets an exception of its own."""
    error = StoreUnavailable()
    error.__cause__ = cause
    return error
