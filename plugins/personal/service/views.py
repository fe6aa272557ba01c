"""Views of share links, counted beside the answers: none waits long for it, none fails with it.

Views that come while others are being stored are stored together, so a link that everybody looks at is one write at a
time in each process, and none is lost however many come at once.
"""

import asyncio
import logging
from collections import Counter
from contextlib import suppress

from girok.clock import Clock
from girok.errors import Unavailable, log_fault
from plugins.personal.repository import ShareRepository

__all__ = ["Views"]

_PATIENCE = 0.25
"""Seconds that an answer waits for its view at the most: who looks at the count next sees it, usually."""
_log = logging.getLogger(__name__)


class _Batch:
    """Views by link, stored together."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.settled = asyncio.Event()


class Views:
    """What was seen and is not stored yet. While the store takes nothing it is kept here, and tried with the next."""

    def __init__(self, links: ShareRepository, clock: Clock) -> None:
        self._links = links
        self._clock = clock
        self._next = _Batch()
        self._task: asyncio.Task[None] | None = None

    async def count(self, link_id: str) -> None:
        """One view more; returns once it is stored or cannot be, and after a moment in any case."""
        batch = self._next
        batch.counts[link_id] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._store())
        with suppress(TimeoutError):
            await asyncio.wait_for(batch.settled.wait(), _PATIENCE)

    async def aclose(self) -> None:
        """Store what is left."""
        if self._next.counts and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._store())
        if self._task is not None:
            await self._task

    async def _store(self) -> None:
        while self._next.counts:
            batch, self._next = self._next, _Batch()
            try:
                await self._links.count_views(batch.counts, self._clock.now())
            except Unavailable as error:
                log_fault(_log, "views of share links wait for the store", error)
                self._next.counts += batch.counts
                return
            finally:
                batch.settled.set()
