"""Sweeps `event_done`: a mark is of use as long as its event may come again: as long as the stream keeps it."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from girok.clock import Clock
from girok.db.database import Database
from girok.db.unit import rows
from girok.errors import Unavailable
from girok.events import statements as sql

__all__ = ["DoneMarks", "first_id"]

_EVERY_SECONDS = 3600.0
_MARGIN_SECONDS = 3 * 86_400.0
"""An event may have waited in the outbox before its stream got it."""
_CHUNK = 500
"""Rows that one unit deletes: a unit holds the store while it runs."""
_log = logging.getLogger("girok.events")


class DoneMarks:
    """The marks of this process' consumers; `ages` are the seconds that each one's stream keeps an event."""

    def __init__(self, db: Database, clock: Clock, ages: Mapping[str, float]) -> None:
        self._db = db
        self._clock = clock
        self._ages = ages

    async def run(self) -> None:
        """Sweep now, and once an hour. Does not end."""
        while True:
            try:
                await self.sweep()
            except Unavailable as error:
                _log.debug("the marks of done events cannot be swept now: %s", error)
            await asyncio.sleep(_EVERY_SECONDS)

    async def sweep(self) -> int:
        """Delete the marks that are of no use any more. How many there were. Raises StoreUnavailable."""
        count = 0
        for consumer, age in self._ages.items():
            before = self._clock.now() - timedelta(seconds=age + _MARGIN_SECONDS)
            values = {"consumer": consumer, "first_kept": first_id(before), "before": before, "limit": _CHUNK}
            while found := await self._db.run(partial(rows, sql.SWEEP_DONE(**values))):
                count += len(found)
        return count


def first_id(moment: datetime) -> str:
    """What the UUIDv7 of that millisecond and of later ones do not sort before."""
    text = f"{int(moment.timestamp() * 1000):012x}"
    return f"{text[:8]}-{text[8:]}"
