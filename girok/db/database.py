"""The port of a SQL store: reads and units of work. SQLite answers it in `sqlite.py`."""

from typing import Any, Protocol, TypeVar

from girok.db.statement import Row, Statement
from girok.db.unit import UnitFactory
from girok.errors import Conflict, Unavailable

__all__ = ["Database", "StoreUnavailable", "UniqueViolation"]

T = TypeVar("T")


class StoreUnavailable(Unavailable):
    """The store cannot take this now: the disk is full, the file is locked, the process is stopping."""

    reason = "STORE_UNAVAILABLE"


class UniqueViolation(Conflict):
    """A statement broke a UNIQUE or PRIMARY KEY constraint. Thrown into the unit, which may catch it and go on."""


class Database(Protocol):
    """A SQL store."""

    dialect: str

    async def fetch(self, statement: Statement) -> list[Row]:
        """The rows of a statement that only reads, as of the last commit. Raises StoreUnavailable."""
        ...

    async def run(self, unit: UnitFactory[T]) -> T:
        """Run a unit of work and return what it returned, once it is durable.

        Everything in it commits, or nothing. When the caller is cancelled meanwhile, the unit goes on.
        Raises what the unit raised, UniqueViolation, or StoreUnavailable.
        """
        ...

    async def execute_script(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        """Run one statement given as text in a unit of its own: for the kernel's own upkeep, not for plugins."""
        ...
