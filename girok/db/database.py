"""The port of a SQL store: reads and units of work. SQLite answers it in `sqlite.py`, PostgreSQL in `postgres.py`."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from girok.db.statement import Row, Statement
from girok.db.unit import UnitFactory
from girok.errors import Conflict, Internal, InvalidInput, Text, Unavailable
from girok.events.event import Envelope, Event
from girok.refusal import Refusal

__all__ = [
    "ConstraintViolation",
    "Database",
    "OutboxHook",
    "Store",
    "StoreUnavailable",
    "StoreUnreadable",
    "UniqueViolation",
    "unstorable",
]

T = TypeVar("T")


class StoreUnavailable(Unavailable):
    """The store cannot take this now: the disk is full, the file is locked, the process is stopping."""

    reason = "STORE_UNAVAILABLE"


class StoreUnreadable(StoreUnavailable, Refusal):
    """The store cannot be opened as the settings name it, or another process has it."""

    reason = "STORE_UNREADABLE"

    def __init__(self, message: str) -> None:
        super().__init__(Text(message, message))


class UniqueViolation(Conflict):
    """A statement broke a UNIQUE or PRIMARY KEY constraint. Thrown into the unit, which may catch it and go on.

    `columns` are those of the constraint, empty where the store does not tell (an index on an expression).
    """

    def __init__(self, columns: Sequence[str] = ()) -> None:
        super().__init__()
        self.columns = tuple(columns)


class ConstraintViolation(Internal):
    """A statement broke another constraint: NOT NULL, CHECK or FOREIGN KEY. Thrown into the unit as well.

    What users send is checked before, so this is our own fault, unless the unit knows why it may happen.
    """


def unstorable() -> InvalidInput:
    """A value that no store takes: NUL or half a surrogate pair in a text, too long, or beyond 64 bits."""
    text = Text("A value cannot be stored: a character or a number of it is not allowed.", "저장할 수 없는 값입니다.")
    return InvalidInput(text)


class OutboxHook(Protocol):
    """What a Database turns the events of a unit into statements with."""

    def statements(self, event: Event | Envelope) -> Sequence[Statement]:
        """What appends `event`; runs inside the unit, under the context variables of who called `Database.run`."""
        ...

    def committed(self, events: Sequence[Event | Envelope]) -> None:
        """Called on the loop once these are durable: never before, and not for those of a unit that was undone.

        (Where nobody can know whether they are, it is called too.)
        """
        ...


class Database(Protocol):
    """A SQL store."""

    dialect: str

    async def fetch(self, statement: Statement) -> list[Row]:
        """The rows of a statement that only reads, as of the last commit.

        What has to be as of one commit is one statement (a join), or a unit that only reads, among the writers.

        Raises InvalidInput for a value that no store takes (NUL or half a surrogate pair in a text, an integer of more
        than 64 bits), StoreUnavailable.
        """
        ...

    async def run(self, unit: UnitFactory[T]) -> T:
        """Run a unit of work and return what it returned, once it is durable.

        Everything in it commits, or nothing. When the caller is cancelled meanwhile, the unit goes on.
        Raises what the unit raised, UniqueViolation, ConstraintViolation, InvalidInput (see `fetch`), or
        StoreUnavailable.
        """
        ...

    async def execute_script(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        """Run one statement given as text in a unit of its own: for the kernel's own upkeep, not for plugins."""
        ...


class Store(Database, Protocol):
    """A Database as the wiring has it. Used by the loop that it was opened on."""

    async def open(self) -> None:
        """Raises StoreUnreadable."""
        ...

    async def close(self) -> None:
        """Finish the units that run, and close; later calls raise StoreUnavailable. Twice is no error."""
        ...

    @property
    def outbox(self) -> OutboxHook | None:
        """What an Emit step becomes; without one it raises RuntimeError in its unit. `Surroundings.bus` sets it."""
        ...

    @outbox.setter
    def outbox(self, hook: OutboxHook | None) -> None: ...

    def counts(self) -> Mapping[str, int]:
        """What it has counted, by the name of a metric: one that ends with `_total` counts since the start."""
        ...
