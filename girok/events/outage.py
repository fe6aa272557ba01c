"""An outage as a consumer meets it: something that its handler needs is away, so it starts nothing for a while."""

import asyncio
import logging

from girok.errors import GirokError, Unavailable
from girok.events.handling import backoff, describe, reason
from girok.sections import Events

__all__ = ["LONGEST_WAIT", "Outage"]

LONGEST_WAIT = 2.0
"""Seconds between two tries at something unavailable: its return is seen within that. A try costs one delivery."""
_log = logging.getLogger("girok.events")


class Outage:
    """Whether there is one, and when to try again. While there is, one delivery at a time finds out if it is over."""

    def __init__(self, consumer: str, settings: Events) -> None:
        self._consumer = consumer
        self._settings = settings
        self._met = 0
        self._resume_at = 0.0

    def __bool__(self) -> bool:
        return self._met > 0

    @property
    def rest(self) -> float:
        """For how many seconds nothing may be started, 0 or less when something may."""
        return self._resume_at - asyncio.get_running_loop().time()

    def met(self, error: Exception) -> None:
        """Something was away. The first time in a row is logged, and each is waited for longer."""
        if self.rest > 0:
            return
        self._met += 1
        delay = backoff(self._settings.retry_seconds, self._met, LONGEST_WAIT)
        self._resume_at = asyncio.get_running_loop().time() + delay
        if self._met > 1:
            return
        _log.log(
            logging.WARNING if isinstance(error, Unavailable) else logging.ERROR,
            "consumer %s waits, and tries again every %g s at the latest: %s",
            self._consumer,
            LONGEST_WAIT,
            describe(error),
            extra={"consumer": self._consumer, "reason": reason(error)},
            exc_info=None if isinstance(error, GirokError) else error,
        )

    def over(self) -> None:
        """A handler met all it needs."""
        if self._met:
            _log.info("consumer %s goes on", self._consumer)
        self._met = 0
