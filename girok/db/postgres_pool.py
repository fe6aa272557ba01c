"""Connections that are kept: opened when they are needed, `limit` at the most, the one that was used last first."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import asyncpg

from girok.db.database import StoreUnavailable
from girok.db.postgres_errors import ERRORS

__all__ = ["Dial", "Link", "Pool"]

Link: TypeAlias = asyncpg.Connection
Dial: TypeAlias = Callable[[], Awaitable[Link]]
"""Opens a connection. Raises StoreUnavailable."""

_CLOSE_SECONDS = 1.0


class Pool:
    """The connections that one process works with."""

    def __init__(self, dial: Dial, limit: int) -> None:
        self._dial = dial
        self._places = asyncio.Semaphore(limit)
        self._free: list[Link] = []
        self._used: set[Link] = set()
        self._closed = True

    @property
    def in_use(self) -> int:
        """How many connections somebody works with."""
        return len(self._used)

    def open(self) -> None:
        """From now on there are connections."""
        self._closed = False

    @asynccontextmanager
    async def connection(self, end: float | None) -> AsyncGenerator[Link, None]:
        """A connection for the body alone, waited for until the loop's time `end` when all are in use.

        Raises StoreUnavailable.
        """
        await self._place(end)
        try:
            link = self._idle() or await self._dial()
            if self._closed:
                link.terminate()
                raise StoreUnavailable
            self._used.add(link)
            try:
                yield link
            finally:
                self._used.discard(link)
                if not link.is_closed():
                    self._free.append(link)
        finally:
            self._places.release()

    def cut(self) -> None:
        """Break every connection, whatever it is doing."""
        for link in (*self._used, *self._free):
            link.terminate()
        self._free.clear()

    async def close(self) -> None:
        """Close what nobody uses and break the rest; there are none from now on."""
        self._closed = True
        free, self._free = self._free, []
        self.cut()
        with suppress(*ERRORS):
            await asyncio.gather(*(link.close(timeout=_CLOSE_SECONDS) for link in free))

    async def _place(self, end: float | None) -> None:
        try:
            async with asyncio.timeout_at(end if self._places.locked() else None):
                await self._places.acquire()
        except TimeoutError as error:
            raise StoreUnavailable from error

    def _idle(self) -> Link | None:
        while self._free:
            link = self._free.pop()
            if not link.is_closed():
                return link
        return None
