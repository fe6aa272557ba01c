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

if TYPE_CHECKING:
    from girok.db.database import Database

__all__ = ["Table", "bound_to", "dialect_of"]

_database: ContextVar["Database | None"] = ContextVar("girok_database", default=None)
_dialect: ContextVar[str] = ContextVar("girok_dialect", default="sqlite")


@contextmanager
def bound_to(database: "Database") -> Generator[None, None, None]:
    """Piccolo queries that the body awaits run on `database`."""
    token = _database.set(database)
    try:
        with dialect_of(database.dialect):
            yield
    finally:
        _database.reset(token)


@contextmanager
def dialect_of(dialect: str) -> Generator[None, None, None]:
    """Piccolo queries that the body compiles are for `dialect`: `sqlite` or `postgres`."""
    token = _dialect.set(dialect)
    try:
        yield
    finally:
        _dialect.reset(token)


class _Text:
    """A compiled querystring as a Statement."""

    __slots__ = ("_args", "_text")

    def __init__(self, text: str, args: list[Any]) -> None:
        self._text = text
        self._args = args

    def sql(self, dialect: str) -> tuple[str, list[Any]]:  # noqa: ARG002 - compiled already
        return self._text, self._args


class _Switch(Engine[Any]):
    """Piccolo's engine for our tables: no connection of its own, only the way to the bound database."""

    def __init__(self) -> None:  # Piccolo's own asks a server for its version
        self.log_queries = False
        self.log_responses = False

    @property
    def engine_type(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride] - a slot there, a view here
        return _dialect.get()

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Any:  # noqa: FBT001, FBT002, ARG002 - Piccolo's signature
        text, args = querystring.compile_string(self.engine_type)
        return await self._run(_Text(text, args))

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Any:  # noqa: FBT001, FBT002, ARG002 - Piccolo's signature
        return await self._run(_Text(ddl, []))

    async def _run(self, statement: _Text) -> list[dict[str, Any]]:
        from girok.db.unit import rows

        database = _database.get()
        if database is None:
            raise RuntimeError("no database is bound here: use Database.fetch and Database.run, or bound_to")
        if statement.sql("")[0].lstrip()[:6].upper() == "SELECT":
            return await database.fetch(statement)
        return await database.run(lambda: rows(statement))

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


_switch = _Switch()


class Table(PiccoloTable):
    """The base of our tables: `class Post(Table, tablename="feed_post")`."""

    def __init_subclass__(cls, *, tablename: str, **options: Any) -> None:
        super().__init_subclass__(tablename=tablename, db=_switch, **options)  # pyright: ignore[reportUnknownMemberType] - Piccolo's Engine is generic


# Piccolo gives every class without a primary key a serial `id`, this base too, and its subclasses would inherit it.
delattr(Table, "id")
