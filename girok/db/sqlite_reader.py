"""Reads: on the event loop as long as they are short, on one of two threads when they are not."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

from girok.db.database import StoreUnavailable
from girok.db.sqlite_connection import LOCK_WAIT, Connection, connect
from girok.db.sqlite_errors import Interrupted, Locked
from girok.db.statement import Row

__all__ = ["Reader"]

_INLINE_SECONDS = 0.005
_THREADS = 2
_CACHE_KIB = 8 * 1024
_THREAD_CACHE_KIB = 2 * 1024
_KNOWN_LONG = 256


class Reader:
    """The connections that read: one for the loop, and one for each thread, opened when it is first needed."""

    def __init__(self) -> None:
        self.offloaded = 0
        self._long: set[str] = set()

    def open(self, path: Path) -> None:
        """Open the file. Raises StoreUnreadable."""
        self._path = path
        self._inline = connect(path, cache_kib=_CACHE_KIB, reads_only=True)
        self._free: list[Connection] = []
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="girok-read")
        self._closed = threading.Event()

    def try_inline(self, text: str, values: Sequence[Any]) -> list[Row] | None:
        """The rows, or None when it took too long (or did the last time) or met a lock: then `offload` it."""
        if text in self._long:
            return None
        self._inline.guard(_INLINE_SECONDS)
        try:
            return self._inline.execute(text, values)
        except (Interrupted, Locked):
            if len(self._long) >= _KNOWN_LONG:
                self._long.clear()
            self._long.add(text)
            return None

    async def offload(self, text: str, values: Sequence[Any]) -> list[Row]:
        """The rows, read on a thread. When the caller is cancelled the statement stops.

        Raises StoreUnavailable when the store was closed meanwhile.
        """
        self.offloaded += 1
        unwanted = threading.Event()
        loop = asyncio.get_running_loop()
        try:
            rows, seconds = await loop.run_in_executor(self._threads, self._read, text, values, unwanted)
        except Interrupted:
            raise StoreUnavailable from None
        finally:
            unwanted.set()
        if seconds < _INLINE_SECONDS / 2:
            self._long.discard(text)
        return rows

    def _read(self, text: str, values: Sequence[Any], unwanted: threading.Event) -> tuple[list[Row], float]:
        connection = self._free.pop() if self._free else self._connect()
        try:
            connection.stop_when(lambda: unwanted.is_set() or self._closed.is_set())
            begin = perf_counter()
            return connection.execute(text, values), perf_counter() - begin
        finally:
            self._free.append(connection)

    def _connect(self) -> Connection:
        connection = connect(self._path, cache_kib=_THREAD_CACHE_KIB, reads_only=True)
        connection.wait_for_locks(LOCK_WAIT)
        return connection

    def close(self) -> None:
        """Stop what reads and close; blocks for the instant that this takes."""
        self._closed.set()
        self._threads.shutdown()
        for connection in (self._inline, *self._free):
            connection.close()
