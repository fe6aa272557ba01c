"""How values come out of SQLite: by the type that their column was declared with, as Piccolo gives them.

Piccolo registers its converters for the whole process when it is imported, so ours take their place there.
"""

import sqlite3
from datetime import UTC, datetime

import piccolo.engine.sqlite  # noqa: F401 # pyright: ignore[reportUnusedImport] - its converters must be there first

__all__ = ["install_converters"]


def install_converters() -> None:
    """Replace Piccolo's slow converters by equal ones; twice is no error."""
    # What an INTEGER column holds is an integer already. (Piccolo goes through Decimal.)
    sqlite3.converters.pop("INTEGER", None)
    sqlite3.register_converter("BOOLEAN", b"1".__eq__)
    sqlite3.register_converter("TIMESTAMPTZ", _timestamptz)


def _timestamptz(value: bytes) -> datetime:
    moment = datetime.fromisoformat(value.decode())
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
