"""A circuit breaker for a server: while it is away every call is refused at once, and one task asks until it is back.

The log has one line when a start waits for it, one when it goes and one when it is back.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

__all__ = ["Breaker"]

E = TypeVar("E", bound=Exception)
_LOOK_EVERY = 0.1


class Breaker(Generic[E]):
    """`trouble` is what is wrong with the server, as far as is known: None while calls may go through."""

    def __init__(
        self,
        server: str,
        log: logging.Logger,
        *,
        look: Callable[[], Awaitable[E | None]],
        said: Callable[[E], str],
        cut: Callable[[], Awaitable[None]] | None = None,
        back_level: int = logging.INFO,
    ) -> None:
        """server: as in `Valkey at 127.0.0.1:6379`
        look: asks it; what is wrong, None when it is ready
        said: what is wrong, in words
        cut: gives up connections to a server that is gone, before it is asked
        """
        self.trouble: str | None = None
        self._server = server
        self._log = log
        self._look = look
        self._said = said
        self._cut = cut
        self._back_level = back_level
        self._looking: asyncio.Task[None] | None = None

    async def arrive(self, patience: float, *, is_vain: Callable[[E], bool]) -> E | None:
        """Wait until the server is ready: None then, what is wrong after `patience` seconds or when waiting is vain."""
        clock = asyncio.get_running_loop().time
        end, told = clock() + patience, False
        while (error := await self._look()) is not None:
            if is_vain(error) or clock() >= end:
                return error
            if not told:
                self._log.warning("waiting for %s: %s", self._server, self._said(error))
                told = True
            await asyncio.sleep(_LOOK_EVERY)
        return None

    def lose(self, trouble: str) -> None:
        """From now on calls are refused, until the server is back."""
        if self.trouble is None:
            self.trouble = trouble
            self._looking = asyncio.create_task(self._until_back())

    async def aclose(self) -> None:
        """Calls are refused for good."""
        self.trouble = "closed"
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _until_back(self) -> None:
        clock = asyncio.get_running_loop().time
        since, told = clock(), False
        if self._cut is not None:
            await self._cut()
        while (error := await self._look()) is not None:
            self.trouble = self._said(error)
            if not told:
                # One call that failed, where the next one does not, is no news.
                self._log.warning("%s is away: %s", self._server, self.trouble)
                told = True
            await asyncio.sleep(_LOOK_EVERY)
        self.trouble = None
        if told:
            self._log.log(self._back_level, "%s is back after %.1f s", self._server, clock() - since)
