"""One SQLite connection as the engine uses it: rows as dicts, errors as ours, and a guard over long statements."""

import contextlib
import math
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from girok.db.database import StoreUnreadable, unstorable
from girok.db.sqlite_errors import translated
from girok.db.sqlite_values import install_converters
from girok.db.statement import Row

__all__ = ["LOCK_WAIT", "Connection", "Synchronous", "connect"]

Synchronous = Literal["FULL", "NORMAL"]
"""FULL: what was acknowledged survives a power loss. NORMAL: it may not, though the file stays consistent."""

LOCK_WAIT = 5.0
"""Seconds that whoever may wait waits for a lock of another process."""

_WAL_BYTES = 16 * 1024 * 1024
_CACHED_STATEMENTS = 512
_SIDE_FILES = 64 * 1024
"""Bytes that a write-ahead log and its index take at the least."""
_STEPS_BETWEEN_LOOKS = 2000
"""Steps of SQLite's virtual machine, some 50 us, after which the guard looks at the time again."""


class Connection:
    """A connection that is used by one thread at a time. It waits for no lock, unless told to."""

    def __init__(self, raw: sqlite3.Connection, *, reads_only: bool) -> None:
        self._raw = raw
        self._reads_only = reads_only
        self._cursor = raw.cursor()
        self._end = math.inf
        self.stop_when(self.is_late)

    @property
    def in_transaction(self) -> bool:
        """Whether a BEGIN stands: some errors end the transaction that they happen in."""
        return self._raw.in_transaction

    def execute(self, text: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of one statement.

        Raises what `translated` makes of an error, InvalidInput for a NUL too, TypeError for a write where only reads
        are allowed.
        """
        for value in values:
            # SQLite would store it, but PostgreSQL does not, and C code that reads the file would stop there.
            if isinstance(value, str) and "\0" in value:
                raise unstorable()
        try:
            cursor = self._cursor.execute(text, values)
            found = cursor.fetchall()
        except Exception as error:
            # A statement that ended half way would go on reading its snapshot.
            self._cursor.close()
            self._cursor = self._raw.cursor()
            if self._reads_only and getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY:
                raise TypeError("this statement writes: run it in a unit of work") from error
            ours = translated(error)
            if ours is error:
                raise
            raise ours from error
        if not found:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in found]

    def guard(self, seconds: float) -> None:
        """Stop statements when this many seconds have passed from now; `math.inf` for never."""
        self._end = perf_counter() + seconds

    def is_late(self) -> bool:
        """Whether the time of `guard` is over."""
        return perf_counter() > self._end

    def stop_when(self, check: Callable[[], bool]) -> None:
        """Stop a statement once `check` is true, instead of when the time of `guard` is over."""
        self._raw.set_progress_handler(check, _STEPS_BETWEEN_LOOKS)

    def wait_for_locks(self, seconds: float) -> None:
        """How long a statement waits for a lock of another process before it raises Locked: 0 beside the loop."""
        self._raw.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")

    def rollback(self) -> None:
        """Undo the transaction, if it still stands."""
        # Where even this fails, the next BEGIN does too, and says so to whoever comes.
        with contextlib.suppress(sqlite3.Error):
            self._raw.rollback()

    def close(self) -> None:
        """Close it; twice is no error."""
        self._raw.close()


def connect(path: Path, *, cache_kib: int, synchronous: Synchronous = "FULL", reads_only: bool = False) -> Connection:
    """Open the database file, made with mode 0600 when it is not there, in WAL mode. Raises StoreUnreadable."""
    install_converters()
    try:
        _make(path)
        raw = sqlite3.connect(
            path,
            timeout=LOCK_WAIT,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_CACHED_STATEMENTS,
            detect_types=sqlite3.PARSE_DECLTYPES,
        )
    except (OSError, ValueError, sqlite3.Error) as error:
        raise StoreUnreadable(f"the database {path} cannot be opened: {error}") from error
    try:
        _set_up(raw, path, cache_kib, synchronous)
        if reads_only:
            raw.execute("PRAGMA query_only=ON")
        raw.execute("PRAGMA busy_timeout=0")
    except BaseException as error:
        raw.close()
        if isinstance(error, sqlite3.Error):
            raise StoreUnreadable(_why(path, error)) from error
        raise
    return Connection(raw, reads_only=reads_only)


def _make(path: Path) -> None:
    """See to a file that only its owner reads; SQLite gives its side files the same mode.

    A file that is there is not opened: closing it would drop the locks that this process has on it.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if path.is_file():
            path.chmod(0o600)


def _set_up(raw: sqlite3.Connection, path: Path, cache_kib: int, synchronous: Synchronous) -> None:
    (mode,) = raw.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode != "wal":
        raise StoreUnreadable(f"the database {path} cannot use a write-ahead log: is it on a network file system?")
    for pragma in (
        f"synchronous={synchronous}",
        "foreign_keys=ON",
        "temp_store=MEMORY",  # what a large unit may undo would go to /var/tmp, which need not be there to be written
        f"cache_size=-{cache_kib}",
        f"journal_size_limit={_WAL_BYTES}",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _why(path: Path, error: sqlite3.Error) -> str:
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF:
        case sqlite3.SQLITE_NOTADB:
            return f"{path} is not an SQLite database"
        case sqlite3.SQLITE_BUSY:
            return f"the database {path} is locked by another process"
        case _:
            return f"the database {path} cannot be used: {'the disk is full' if _is_full(path.parent) else error}"


def _is_full(folder: Path) -> bool:
    """Whether there is no room for SQLite's side files: it tells that as any other failure."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize < _SIDE_FILES or (disk.f_files > 0 and disk.f_favail == 0)
