"""Statements: Piccolo queries compiled once and run many times with other values.

    FIND = prepare(lambda p: Post.select().where(Post.id == p.id).limit(1))
    rows = await db.fetch(FIND(id=post_id))

Piccolo takes 40 to 70 us to compile a query, SQLite 5 to 20 us to run it: so the lambda runs once a dialect, with
placeholders for its values, and what it gave is kept. A value that is a list or tuple (for `is_in`) is spread over
placeholders of its own: 1, 2, 4, 8 ... of them, the last value repeated, so that few lengths are ever compiled.

Values are given as the store takes them: Piccolo converts none, so the value of a JSON column is text.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Protocol

from piccolo.query.base import Query

from girok.db.dialect import compile_querystring, dialect_of

__all__ = ["Params", "Prepared", "Row", "Sql", "Statement", "compile_query", "prepare"]

Row = dict[str, Any]
AnyQuery = Query[Any, Any]

_LISTS = frozenset((list, tuple))
_POWERS_UP_TO = 1024
"""Longer lists are filled up to a multiple of this: a statement has 32,766 values at the most on SQLite."""


class Statement(Protocol):
    """Something that a Database runs."""

    def sql(self, dialect: str) -> tuple[str, Sequence[Any]]:
        """The text in `dialect` (`sqlite` or `postgres`) and its values in order."""
        ...


class Sql:
    """A statement given as text, which is for one dialect or the same in both."""

    __slots__ = ("_text", "_values")

    def __init__(self, text: str, values: Sequence[Any] | None = None) -> None:
        self._text = text
        self._values = values or ()

    def sql(self, dialect: str) -> tuple[str, Sequence[Any]]:  # noqa: ARG002 - as it stands
        """The text and its values."""
        return self._text, self._values


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


class Prepared:
    """A query waiting for its values."""

    def __init__(self, build: Callable[[Any], AnyQuery]) -> None:
        self._build = build
        self._compiled: dict[object, tuple[str, Callable[[dict[str, Any]], Sequence[Any]]]] = {}

    def __call__(self, **values: Any) -> Statement:
        """The statement with these values."""
        return _Bound(self, values)

    def bind(self, dialect: str, values: dict[str, Any]) -> tuple[str, Sequence[Any]]:
        """The text and the values in order; compiled when this dialect and these lengths of lists are new."""
        key: object = dialect
        lengths: dict[str, int] = {}
        if not _LISTS.isdisjoint(map(type, values.values())):
            values = {name: _padded(value) for name, value in values.items()}
            lengths = {name: len(value) for name, value in values.items() if type(value) in _LISTS}
            key = (dialect, *lengths.items())
        found = self._compiled.get(key)
        if found is None:
            text, slots = compile_query(lambda: self._build(Params(lengths)), dialect)
            found = self._compiled[key] = (text, _picker(slots))
        return found[0], found[1](values)


class _Bound:
    """A prepared query with its values."""

    __slots__ = ("_prepared", "_values")

    def __init__(self, prepared: Prepared, values: dict[str, Any]) -> None:
        self._prepared = prepared
        self._values = values

    def sql(self, dialect: str) -> tuple[str, Sequence[Any]]:
        """The text in `dialect` and its values in order."""
        return self._prepared.bind(dialect, self._values)


def _padded(value: Any) -> Any:
    """A list filled up with its last value to a length that is compiled already, most likely."""
    if type(value) not in _LISTS or not value:
        return value
    length = len(value)
    power = 1 << (length - 1).bit_length()
    full = power if power <= _POWERS_UP_TO else -(-length // _POWERS_UP_TO) * _POWERS_UP_TO
    return [*value, *value[-1:] * (full - length)]


def _picker(slots: Sequence[object]) -> Callable[[dict[str, Any]], Sequence[Any]]:
    """A function that takes the values of `slots`, placeholders and constants, out of the caller's."""
    names = [slot.name for slot in slots if isinstance(slot, _Placeholder) and slot.index is None]
    if len(names) == len(slots) > 1:
        return itemgetter(*names)  # the usual statement, and the fastest way

    def pick(values: dict[str, Any]) -> list[Any]:
        return [_value(slot, values) for slot in slots]

    return pick


def _value(slot: object, values: dict[str, Any]) -> object:
    if not isinstance(slot, _Placeholder):
        return slot
    value = values[slot.name]
    return value if slot.index is None else value[slot.index]


def prepare(build: Callable[[Any], AnyQuery]) -> Prepared:
    """`build` is given a Params and returns a Piccolo query; it must not look at the values."""
    return Prepared(build)


def compile_query(build: Callable[[], AnyQuery], dialect: str) -> tuple[str, list[Any]]:
    """The text and the values of the query that `build` makes, for `dialect`. Raises ValueError for more than one."""
    with dialect_of(dialect):
        parts = build().querystrings
        if len(parts) != 1:
            raise ValueError(f"one statement expected, got {len(parts)}")
        return compile_querystring(parts[0], dialect)
