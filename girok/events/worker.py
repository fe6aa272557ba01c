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
from girok.errors import Unavailable
from girok.events.backlog import Backlog, Pending
from girok.events.consumer import Consumer
from girok.events.delivery import LocalDelivery
from girok.events.event import open_envelope
from girok.events.handling import UNREADABLE, backoff, describe, handle, report, retry_in
from girok.events.outage import LONGEST_WAIT, Outage
from girok.sections import Events

__all__ = ["Worker"]

LONGEST_SLEEP = 60.0
"""Seconds after which the timer looks at the clock again: somebody may have set it."""


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
        self._outage = Outage(consumer.name, settings)
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
        if self._outage.rest > 0:
            self._ring_in(self._outage.rest)
            return
        if self._outage and self._running:
            return  # one at a time finds out whether the outage is over; its end wakes us
        busy, marked = set(self._running), self._marked
        self._marked = set()
        most = self.consumer.most
        limit = 1 if self._outage else 4 * self.consumer.in_flight * most + len(busy)
        now = self._clock.now()  # one for both looks: nothing becomes due between them
        pending = await self._backlog.due(self.consumer.name, now, limit)
        fresh = [each for each in pending if each.event_id not in busy]
        for each in fresh:
            if each.event_id in marked:
                # Its handler came to an end, but the unit with the mark was undone: there was nothing to store.
                await self._backlog.done(self.consumer.name, each.event_id)
        todo = [each for each in fresh if each.event_id not in marked]
        for start in range(0, len(todo), most):
            if not await self._begin(todo[start : start + most]):
                return
        if len(pending) >= limit:
            self._news.set()
        elif self._retries or not fresh:
            await self._set_timer(now)

    async def _begin(self, batch: list[Pending]) -> bool:
        """Start a call of the handler once there is a place for it. False when none may start any more."""
        await self._slots.acquire()
        if self._stopping or self._outage.rest > 0:
            self._slots.release()
            self._news.set()
            return False
        task = asyncio.get_running_loop().create_task(self._work(batch))
        self._running.update((each.event_id, task) for each in batch)
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

    async def _work(self, batch: list[Pending]) -> None:
        """One call of the handler with all that follows from it."""
        try:
            await self._deliver(batch)
        except Exception as error:  # noqa: BLE001 - the boundary: its end cannot be stored, so it comes again
            self._pause(error)
        finally:
            for each in batch:
                del self._running[each.event_id]
            self._slots.release()
            self._news.set()

    async def _deliver(self, batch: list[Pending]) -> None:
        opened: list[tuple[Pending, object, LocalDelivery]] = []
        for each in batch:
            try:
                envelope = open_envelope(each.envelope)
                event = self._data.decode(envelope.data)
            except UNREADABLE as error:
                await self._bury(each, error)
            else:
                opened.append((each, event, LocalDelivery(envelope, each.attempts + 1, self.consumer.name)))
        if not opened:
            return
        error = await handle(self.consumer, [(event, delivery) for _, event, delivery in opened])
        if error is not None and not isinstance(error, Unavailable) and len(opened) > 1:
            for each, *_ in opened:
                await self._deliver([each])  # which of them is to blame?
            return
        if isinstance(error, Unavailable):
            self._pause(error)
        else:
            self._outage.over()
        for each, _, delivery in opened:
            await self._settle(each, delivery, error)

    async def _settle(self, pending: Pending, delivery: LocalDelivery, error: Exception | None) -> None:
        """What the handler's end means for one event."""
        if isinstance(error, Unavailable):
            await self._wait(pending, error)
        elif error is not None:
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
        delay = retry_in(self._settings.retry_seconds, attempts, error)
        if await self._backlog.failed(self.consumer.name, pending.event_id, describe(error), self._in(delay)):
            self._retries = True
            self.failed += 1
            report(
                logging.WARNING,
                self.consumer.name,
                pending.event_id,
                error,
                f"delivery {attempts} failed, again in {delay:g} s",
            )
        else:
            self.delivered += 1

    async def _bury(self, pending: Pending, error: Exception) -> None:
        if await self._backlog.died(self.consumer.name, pending.event_id, describe(error)):
            self.failed += 1
            report(
                logging.ERROR,
                self.consumer.name,
                pending.event_id,
                error,
                f"delivery {pending.attempts + 1} failed, now a dead letter",
            )
        else:
            self.delivered += 1

    async def _wait(self, pending: Pending, error: Unavailable) -> None:
        delay = backoff(self._settings.retry_seconds, pending.waits + 1, LONGEST_WAIT)
        await self._backlog.waiting(self.consumer.name, pending.event_id, describe(error), self._in(delay))
        self._retries = True

    def _in(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)

    def _pause(self, error: Exception) -> None:
        self._outage.met(error)
        self._news.set()
