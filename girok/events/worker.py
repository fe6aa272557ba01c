"""One consumer's deliveries, taken from the outbox row by row.

A worker sleeps until it is woken: by a commit that appended something for it, by the end of one of its deliveries, or
by its timer, which is set to the first retry. Then it takes a batch of due rows and starts their handlers, at most
`in_flight` at once, in the order in which they became due. A row in work is simply remembered: one process owns the
data, and after a kill every row that is still there is due.
"""

import asyncio
import logging
from datetime import datetime, timedelta

import msgspec

from girok.clock import Clock
from girok.errors import GirokError, Unavailable
from girok.events.backlog import Backlog, Pending
from girok.events.consumer import Consumer
from girok.events.delivery import LocalDelivery
from girok.events.event import open_envelope
from girok.events.handling import backoff, describe, handle, reason
from girok.sections import Events

__all__ = ["Worker"]

LONGEST_RETRY = 3600.0
LONGEST_WAIT = 30.0
"""Seconds between two tries at something unavailable: its return is seen within that."""
LONGEST_SLEEP = 60.0
"""Seconds after which the timer looks at the clock again: somebody may have set it."""
UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)

_log = logging.getLogger("girok.events")


class Worker:
    """Delivers to one consumer."""

    def __init__(self, consumer: Consumer, backlog: Backlog, clock: Clock, settings: Events) -> None:
        self.consumer = consumer
        self.delivered = 0
        self.failed = 0
        self._backlog = backlog
        self._clock = clock
        self._settings = settings
        self._data = msgspec.json.Decoder(consumer.event)
        self._slots = asyncio.Semaphore(consumer.in_flight)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._marked: set[str] = set()
        """Done, as far as their handlers know: their rows should be gone."""
        self._news = asyncio.Event()
        self._news.set()
        self._timer: asyncio.TimerHandle | None = None
        self._retries = True
        """Whether rows may be there that become due by themselves."""
        self._outage = 0
        """How many tries in a row met something unavailable."""
        self._resume_at = 0.0
        self._stopping = False

    def wake(self) -> None:
        """There may be something to do."""
        self._news.set()

    async def idle(self) -> bool:
        """Whether nothing is due or running."""
        if self._running or self._news.is_set():
            return False
        return await self._backlog.oldest_due(self.consumer.name, self._clock.now()) is None

    async def run(self) -> None:
        """Deliver until `stop`. Nothing that goes wrong ends it."""
        while True:
            await self._news.wait()
            self._news.clear()
            if self._stopping:
                return
            try:
                await self._round()
            except Exception as error:  # noqa: BLE001 - the boundary: the store cannot be read
                self._pause(error)

    def stop(self) -> set[asyncio.Task[None]]:
        """Start nothing more. The deliveries that are still running."""
        self._stopping = True
        self._ring_in(None)
        self._news.set()
        return set(self._running.values())

    async def _round(self) -> None:
        """Start what is due, then see to it that the worker is woken for the rest."""
        rest = self._resume_at - _now()
        if rest > 0:
            self._ring_in(rest)
            return
        if self._outage and self._running:
            return  # one at a time finds out whether the outage is over; its end wakes us
        busy, marked = set(self._running), self._marked
        self._marked = set()
        limit = 1 if self._outage else 4 * self.consumer.in_flight + len(busy)
        now = self._clock.now()  # one for both looks: nothing becomes due between them
        pending = await self._backlog.due(self.consumer.name, now, limit)
        fresh = [each for each in pending if each.event_id not in busy]
        for each in fresh:
            if each.event_id in marked:
                # Its handler came to an end, but the unit with the mark was undone: there was nothing to store.
                await self._backlog.done(self.consumer.name, each.event_id)
            elif not await self._begin(each):
                return
        if len(pending) >= limit:
            self._news.set()
        elif self._retries or not fresh:
            await self._set_timer(now)

    async def _begin(self, pending: Pending) -> bool:
        """Start a delivery once there is a place for it. False when none may start any more."""
        await self._slots.acquire()
        if self._stopping or self._resume_at > _now():
            self._slots.release()
            self._news.set()
            return False
        self._running[pending.event_id] = asyncio.get_running_loop().create_task(self._work(pending))
        return True

    async def _set_timer(self, now: datetime) -> None:
        later = await self._backlog.next_due(self.consumer.name, now)
        self._retries = later is not None
        self._ring_in((later - self._clock.now()).total_seconds() if later else None)

    def _ring_in(self, seconds: float | None) -> None:
        """Wake this worker then; the one timer it has."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None:
            delay = min(max(seconds, 0.001), LONGEST_SLEEP)
            self._timer = asyncio.get_running_loop().call_later(delay, self.wake)

    async def _work(self, pending: Pending) -> None:
        """One delivery with all that follows from it."""
        try:
            await self._deliver(pending)
        except Exception as error:  # noqa: BLE001 - the boundary: its end cannot be stored, so it comes again
            self._pause(error)
        finally:
            del self._running[pending.event_id]
            self._slots.release()
            self._news.set()

    async def _deliver(self, pending: Pending) -> None:
        try:
            envelope = open_envelope(pending.envelope)
            event = self._data.decode(envelope.data)
        except UNREADABLE as error:
            await self._bury(pending, error)
            return
        delivery = LocalDelivery(envelope, pending.attempts + 1, self.consumer.name)
        error = await handle(self.consumer, event, delivery)
        if isinstance(error, Unavailable):
            await self._wait(pending, error)
            return
        self._outage = 0
        if error is not None:
            await self._fail(pending, error)
        elif delivery.marked:
            self.delivered += 1
            self._marked.add(pending.event_id)
        else:
            await self._backlog.done(self.consumer.name, pending.event_id)
            self.delivered += 1

    async def _fail(self, pending: Pending, error: Exception) -> None:
        attempts = pending.attempts + 1
        if attempts >= self._settings.max_deliver:
            await self._bury(pending, error)
            return
        delay = backoff(self._settings.retry_seconds, attempts, LONGEST_RETRY)
        if await self._backlog.failed(self.consumer.name, pending.event_id, describe(error), self._in(delay)):
            self._retries = True
            self.failed += 1
            self._report(logging.WARNING, pending, error, f"delivery {attempts} failed, again in {delay:g} s")
        else:
            self.delivered += 1

    async def _bury(self, pending: Pending, error: Exception) -> None:
        if await self._backlog.died(self.consumer.name, pending.event_id, describe(error)):
            self.failed += 1
            self._report(logging.ERROR, pending, error, f"delivery {pending.attempts + 1} failed, now a dead letter")
        else:
            self.delivered += 1

    async def _wait(self, pending: Pending, error: Unavailable) -> None:
        self._pause(error)
        delay = backoff(self._settings.retry_seconds, pending.waits + 1, LONGEST_WAIT)
        await self._backlog.waiting(self.consumer.name, pending.event_id, describe(error), self._in(delay))
        self._retries = True

    def _in(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)

    def _pause(self, error: Exception) -> None:
        """Start nothing for a while: the store or something that the handler needs is away."""
        now = _now()
        if self._resume_at > now:
            return
        self._outage += 1
        delay = backoff(self._settings.retry_seconds, self._outage, LONGEST_WAIT)
        self._resume_at = now + delay
        self._news.set()
        _log.log(
            logging.WARNING if isinstance(error, Unavailable) else logging.ERROR,
            "consumer %s waits %g s: %s",
            self.consumer.name,
            delay,
            describe(error),
            extra={"consumer": self.consumer.name, "reason": reason(error)},
            exc_info=None if isinstance(error, GirokError) else error,
        )

    def _report(self, level: int, pending: Pending, error: Exception, outcome: str) -> None:
        _log.log(
            level,
            "consumer %s, event %s: %s: %s",
            self.consumer.name,
            pending.event_id,
            outcome,
            describe(error),
            extra={"consumer": self.consumer.name, "event_id": pending.event_id, "reason": reason(error)},
            exc_info=None if isinstance(error, GirokError) else error,
        )


def _now() -> float:
    return asyncio.get_running_loop().time()
