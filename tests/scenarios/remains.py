"""What a store still holds of somebody: every table is looked through, whichever there are."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

__all__ = ["among", "in_tables"]

Fetch = Callable[[str], Awaitable[Sequence[Mapping[str, Any]]]]
_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgres": "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()",
}


async def in_tables(fetch: Fetch, dialect: str, words: Collection[str]) -> dict[str, set[str]]:
    """The words that each table holds, as text or within it, in any case; tables without any are left out.

    `fetch` gives the rows of a query.
    """
    names = [table["name"] for table in await fetch(_TABLES[dialect])]
    assert names
    found = {name: among(await fetch(f'SELECT * FROM "{name}"'), words) for name in names}
    return {name: words for name, words in found.items() if words}


def among(values: object, words: Collection[str]) -> set[str]:
    """The words that stand in there, however deep."""
    text = _text(values).lower()
    return {word for word in words if word.lower() in text}


def _text(value: object) -> str:
    match value:
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("utf-8", "ignore")
        case Mapping():
            return "\n".join(f"{_text(key)}\n{_text(each)}" for key, each in value.items())
        case list() | tuple():
            return "\n".join(map(_text, value))
        case _:
            return str(value)
