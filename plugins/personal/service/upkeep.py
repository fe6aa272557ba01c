"""What is done in the background: files that nothing keeps are removed, the object first, its row last.

A kill in between is repeated; what two processes do at once is done once, as both are no error twice.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from girok.background import Background
from girok.clock import Clock
from girok.errors import GirokError, Unavailable, log_fault
from girok.objects.port import ObjectStore
from plugins.personal.files import BUCKET
from plugins.personal.repository import FileRepository

__all__ = ["Upkeep"]

_EVERY_SECONDS = 300.0
_MARGIN = timedelta(minutes=1)
"""How far the clocks of two processes may be apart: what is good by one is never removed by another."""
_AT_ONCE = 100
_log = logging.getLogger(__name__)


class Upkeep:
    """Every process does it."""

    def __init__(self, files: FileRepository, objects: ObjectStore, clock: Clock) -> None:
        self._files = files
        self._objects = objects
        self._clock = clock
        self._background = Background(self._run)

    async def start(self) -> None:
        """Go on in the background, at once and every few minutes."""
        self._background.start()

    async def aclose(self) -> None:
        """Leave off."""
        await self._background.aclose()

    async def sweep(self) -> None:
        """Remove every file that has expired. Raises ObjectsUnavailable, StoreUnavailable: the next one goes on."""
        now = self._clock.now()
        while keys := await self._files.due(now - _MARGIN, _AT_ONCE):
            await self._remove(keys)

    async def tidy(self, user_id: str) -> None:
        """Remove the files that the user has just dropped; what cannot be done now is left to the sweep."""
        try:
            while keys := await self._files.dropped(user_id, _AT_ONCE):
                await self._remove(keys)
        except Unavailable as error:
            log_fault(_log, "files that were dropped wait for the sweep", error)

    async def erase_files(self, user_id: str) -> None:
        """Remove every file of the user with what keeps it, piece by piece: killed anywhere, it is called again.

        What is on its way expires within the hour. Raises ObjectsUnavailable, StoreUnavailable.
        """
        while keys := await self._files.drop_some(user_id, _AT_ONCE):
            await self._remove(keys)

    async def _remove(self, keys: Sequence[str]) -> None:
        for key in keys:
            await self._objects.delete(BUCKET, key)
        await self._files.forget(keys)

    async def _run(self) -> None:
        while True:
            try:
                await self.sweep()
            except GirokError as error:  # a store is away: in some minutes again
                log_fault(_log, "the sweep of files left off", error)
            await asyncio.sleep(_EVERY_SECONDS)
