"""How a connection to the database file is set up, and how values come out of it.

Values are converted by the type that a column was declared with. Piccolo registers converters for the whole process,
some of them slow (an INTEGER goes through Decimal); ours give the same values faster.
"""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import piccolo.engine.sqlite  # noqa: F401 # pyright: ignore[reportUnusedImport] - registers its converters first

from girok.db.database import StoreUnavailable
from girok.errors import Text

__all__ = ["StoreUnreadable", "connect"]

_STATEMENTS = 512
_BUSY_MS = 5_000


class StoreUnreadable(StoreUnavailable):
    """The database file cannot be opened, or is none."""

    reason = "STORE_UNREADABLE"


def connect(path: Path) -> sqlite3.Connection:
    """A connection in WAL mode at `synchronous=FULL`; statements are not wrapped in transactions of its own.

    Raises StoreUnreadable.
    """
    try:
        path.touch(mode=0o600)
        connection = sqlite3.connect(
            path,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
            detect_types=sqlite3.PARSE_DECLTYPES,
        )
        connection.row_factory = _as_dict
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")
    except (OSError, sqlite3.Error) as error:
        raise StoreUnreadable(Text(f"{path}: {error}", f"{path}: {error}")) from error
    return connection


def _as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


def _timestamp(value: bytes) -> datetime:
    return datetime.fromisoformat(value.decode()).replace(tzinfo=UTC)


sqlite3.register_converter("INTEGER", int)
sqlite3.register_converter("BIGINT", int)
sqlite3.register_converter("TIMESTAMPTZ", _timestamp)
