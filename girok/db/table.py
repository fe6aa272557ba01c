"""The base of every Piccolo table, and the engine it names.

Piccolo ties a table class to one engine for the whole process. Ours is a switch: it sends each query to the database
that the running context bound (`bound_to`), so two boxes can live in one process, and it answers the dialect that a
statement is being compiled for.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

from piccolo.engine.base import Engine
from piccolo.querystring import QueryString
from piccolo.table import Table as PiccoloTable

from girok.db.dialect import compile_querystring, current_dialect, dialect_of
from girok.db.statement import Row, Sql
from girok.db.unit import rows

if TYPE_CHECKING:
    from girok.db.database import Database

__all__ = ["Table", "bound_to", "dialect_of"]

_database: ContextVar["Database | None"] = ContextVar("girok_database", default=None)


@contextmanager
def bound_to(database: "Database") -> Generator[None, None, None]:
    """Piccolo queries that the body awaits run on `database`, each of them that writes as a unit of its own."""
    token = _database.set(database)
    try:
        with dialect_of(database.dialect):
            yield
    finally:
        _database.reset(token)


class _Switch(Engine[Any]):
    """Piccolo's engine for our tables: no connection of its own, only the way to the bound database."""

    def __init__(self) -> None:  # Piccolo's own asks a server for its version
        self.log_queries = False
        self.log_responses = False

    @property
    def engine_type(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride] - a slot there, a view here
        return current_dialect()

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Any:  # noqa: FBT001, FBT002, ARG002 - Piccolo's signature
        return await _run(*compile_querystring(querystring, current_dialect()))

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Any:  # noqa: FBT001, FBT002, ARG002 - Piccolo's signature
        return await _run(ddl)

    async def get_version(self) -> float:
        return self.get_version_sync()

    def get_version_sync(self) -> float:
        return 99.0  # Piccolo only asks whether RETURNING and ON CONFLICT are there, which our floors have

    async def prep_database(self) -> None:
        """Nothing to prepare."""

    async def batch(self, *args: object, **kwargs: object) -> NoReturn:
        raise NotImplementedError("read in pages instead")

    def transaction(self, *args: object, **kwargs: object) -> NoReturn:
        raise NotImplementedError("a unit of work (girok.db.unit) is the transaction")

    def atomic(self) -> NoReturn:
        raise NotImplementedError("a unit of work (girok.db.unit) is the transaction")


async def _run(text: str, values: list[Any] | None = None) -> list[Row]:
    database = _database.get()
    if database is None:
        raise RuntimeError("no database is bound here: use Database.fetch and Database.run, or bound_to")
    statement = Sql(text, values)
    if text[:10].lstrip()[:6].upper() == "SELECT":
        return await database.fetch(statement)
    return await database.run(lambda: rows(statement))


_switch = _Switch()


class Table(PiccoloTable):
    """The base of our tables: `class Post(Table, tablename="feed_post")`."""

    def __init_subclass__(cls, *, tablename: str, **options: Any) -> None:
        super().__init_subclass__(tablename=tablename, db=_switch, **options)  # pyright: ignore[reportUnknownMemberType] - Piccolo's Engine is generic


# Piccolo gives every class without a primary key a serial `id`, this base too, and its subclasses would inherit it.
delattr(Table, "id")
