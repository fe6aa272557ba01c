"""Statements: Piccolo queries compiled once and run many times with other values.

    FIND = prepare(lambda p: Post.select().where(Post.id == p.id).limit(1))
    rows = await db.fetch(FIND(id=post_id))

Piccolo takes 40 to 70 us to compile a query, SQLite 5 to 20 us to run it: so the lambda runs once a dialect, with
placeholders for its values, and what it gave is kept. A value that is a list or tuple (for `is_in`) is spread: the
statement is then compiled once for each length.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from piccolo.query.base import Query

from girok.db.table import dialect_of

__all__ = ["Params", "Prepared", "Row", "Sql", "Statement", "compile_query", "prepare"]

Row = dict[str, Any]
AnyQuery = Query[Any, Any]


class _Placeholder:
    """Stands for a value while Piccolo compiles; `index` is the place in a spread list, None for a single value."""

    __slots__ = ("index", "name")

    def __init__(self, name: str, index: int | None = None) -> None:
        self.name = name
        self.index = index


class Params:
    """What the lambda of `prepare` reads its values from: any attribute is a value given by the caller."""

    def __init__(self, lengths: dict[str, int]) -> None:
        self._lengths = lengths

    def __getattr__(self, name: str) -> Any:
        length = self._lengths.get(name)
        if length is None:
            return _Placeholder(name)
        return [_Placeholder(name, index) for index in range(length)]


class Statement(Protocol):
    """Something that a Database runs."""

    def sql(self, dialect: str) -> tuple[str, list[Any]]:
        """The text in `dialect` (`sqlite` or `postgres`) and its values in order."""
        ...


class Sql:
    """A statement given as text, in the dialect of the database that it is for."""

    __slots__ = ("_text", "_values")

    def __init__(self, text: str, values: Sequence[Any] = ()) -> None:
        self._text = text
        self._values = list(values)

    def sql(self, dialect: str) -> tuple[str, list[Any]]:  # noqa: ARG002 - text is text
        """The text and its values as they were given."""
        return self._text, self._values


class Prepared:
    """A query waiting for its values."""

    def __init__(self, build: Callable[[Any], AnyQuery]) -> None:
        self._build = build
        self._compiled: dict[object, tuple[str, list[Any]]] = {}

    def __call__(self, **values: Any) -> Statement:
        """The statement with these values."""
        return _Bound(self, values)

    def compiled(self, dialect: str, values: dict[str, Any]) -> tuple[str, list[Any]]:
        """The text and the placeholders (or constants) in order, from the cache when this shape was seen before."""
        lengths = {name: len(cast("Sequence[object]", value)) for name, value in values.items() if _spreads(value)}
        key = (dialect, *lengths.items()) if lengths else dialect
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = compile_query(lambda: self._build(Params(lengths)), dialect)
        return found


class _Bound:
    """A prepared query with its values."""

    __slots__ = ("_prepared", "_values")

    def __init__(self, prepared: Prepared, values: dict[str, Any]) -> None:
        self._prepared = prepared
        self._values = values

    def sql(self, dialect: str) -> tuple[str, list[Any]]:
        """The text in `dialect` and its values in order."""
        text, slots = self._prepared.compiled(dialect, self._values)
        return text, [self._value(slot) for slot in slots]

    def _value(self, slot: object) -> object:
        if not isinstance(slot, _Placeholder):
            return slot
        value = self._values[slot.name]
        return value if slot.index is None else value[slot.index]


def _spreads(value: object) -> bool:
    return isinstance(value, list | tuple)


def prepare(build: Callable[[Any], AnyQuery]) -> Prepared:
    """`build` is given a Params and returns a Piccolo query; it must not look at the values."""
    return Prepared(build)


def compile_query(build: Callable[[], AnyQuery], dialect: str) -> tuple[str, list[Any]]:
    """The text and the values of the query that `build` makes, for `dialect`. Raises ValueError for more than one."""
    with dialect_of(dialect):
        parts = build().querystrings
        if len(parts) != 1:
            raise ValueError(f"one statement expected, got {len(parts)}")
        return parts[0].compile_string(dialect)
