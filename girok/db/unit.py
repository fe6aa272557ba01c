"""Units of work: everything that commits together, written as a generator.

A unit yields statements and events and is sent the rows of each statement; what it returns is what `Database.run`
returns. It cannot await, so nothing but the store can hold it up, and it runs whole: on SQLite nothing of another unit
comes between its steps; on PostgreSQL it is one transaction.

    def like(self, post_id: str, user_id: str) -> Unit[int]:
        if (yield from rows(INSERT_LIKE(post_id=post_id, user_id=user_id))):
            yield from execute(COUNT_LIKE(post_id=post_id))
            yield from emit(PostLiked(post_id=post_id))
        ...

    count = await db.run(lambda: self.like(post_id, user_id))

An exception that leaves the unit undoes it, event and all. The store may run a unit again from its start (when it took
too long beside requests, on a serialization failure), so a unit touches nothing but its own local names.
"""

from collections.abc import Callable, Generator
from typing import Any, TypeAlias, TypeVar

import msgspec

from girok.db.statement import Row, Statement
from girok.events.event import Envelope, Event

__all__ = ["Emit", "Step", "Unit", "UnitFactory", "emit", "execute", "first", "rows"]

T = TypeVar("T")


class Emit(msgspec.Struct, frozen=True):
    """A step that appends an event to the outbox, one that is sealed already as it is."""

    event: Event | Envelope


Step: TypeAlias = Statement | Emit
Unit: TypeAlias = Generator[Step, list[Row], T]
UnitFactory: TypeAlias = Callable[[], Generator[Step, list[Row], T]]


def execute(statement: Statement) -> Unit[None]:
    """Run a statement whose rows do not matter."""
    yield statement


def rows(statement: Statement) -> Unit[list[Row]]:
    """The rows of a statement: of a select, or of what RETURNING names."""
    return (yield statement)


def first(statement: Statement) -> Unit[dict[str, Any] | None]:
    """The first row of a statement, None without one."""
    found = yield statement
    return found[0] if found else None


def emit(event: Event | Envelope) -> Unit[None]:
    """Append `event` to the outbox: it is published when, and only when, the unit commits."""
    yield Emit(event)
