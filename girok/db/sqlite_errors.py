"""SQLite's errors as ours."""

import re
import sqlite3

from girok.db.database import ConstraintViolation, StoreUnavailable, UniqueViolation, unstorable

__all__ = ["Interrupted", "Locked", "translated"]

_UNIQUE = frozenset(
    {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID}
)
_COLUMN = re.compile(r"\w+\.(\w+)")
_TROUBLE = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
"""The store's own trouble. What is not here, a wrong statement for example, is its author's, and stays as it is."""


class Locked(StoreUnavailable):
    """Another process holds a lock that this statement needs."""


class Interrupted(Exception):
    """The guard stopped a statement: it is to run again where it may take its time. Never leaves the engine."""


def translated(error: Exception) -> Exception:
    """What a unit or a reader sees of an error of the sqlite3 module: `error` itself where we have no name for it."""
    if isinstance(error, UnicodeEncodeError | OverflowError | sqlite3.DataError):
        return unstorable()
    if isinstance(error, sqlite3.IntegrityError):
        return _violation(error)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    if code == sqlite3.SQLITE_INTERRUPT:
        return Interrupted()
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Locked()
    return StoreUnavailable() if code in _TROUBLE else error


def _violation(error: sqlite3.IntegrityError) -> Exception:
    if error.sqlite_errorcode in _UNIQUE:
        return UniqueViolation(_COLUMN.findall(str(error).partition(": ")[2]))
    return ConstraintViolation()
