"""The bus of one box: durable, in process, the outbox table is its queue.

    db.outbox = outbox = Outbox(clock, ids, consumers)
    bus = LocalBus(db, outbox, consumers, clock, settings.get(Events))
    await bus.start()
    ...
    await bus.drain()

A consumer that fails or hangs delays nobody but itself; a store that is away is asked until it answers.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from girok.clock import Clock
from girok.db.database import Database
from girok.errors import Unavailable
from girok.events import statements as sql
from girok.events.backlog import Backlog
from girok.events.bus import ConsumerStats, DeadLetter
from girok.events.consumer import Consumer
from girok.events.done_marks import first_id
from girok.events.expansion import expand
from girok.events.outbox import Outbox
from girok.events.tables import RELAY
from girok.events.worker import Worker
from girok.sections import Events

__all__ = ["LocalBus"]

LAST_WORD = 1.0
"""Seconds that a delivery may take to end once it is cancelled."""
_AGAIN_SECONDS = 1.0
_LATELY = timedelta(days=7)

_log = logging.getLogger("girok.events")


class LocalBus:
    """See girok.events.bus.Bus."""

    def __init__(
        self, db: Database, outbox: Outbox, consumers: Sequence[Consumer], clock: Clock, settings: Events
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._clock = clock
        self._backlog = Backlog(db, clock)
        self._workers = {each.name: Worker(each, self._backlog, clock, settings) for each in consumers}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Deliver from now on, first what an earlier process left."""
        loop = asyncio.get_running_loop()
        self._tasks.append(loop.create_task(self._expand(), name="expansion"))
        for name, worker in self._workers.items():
            self._tasks.append(loop.create_task(worker.run(), name=f"consumer {name}"))
        self._outbox.listen(self.wake)
        await self._report_orphans()
        await self._report_cluster()

    def wake(self, consumers: frozenset[str] | None = None) -> None:
        """Look for due events of these consumers now; of all without an argument."""
        for name in self._workers.keys() if consumers is None else self._workers.keys() & consumers:
            self._workers[name].wake()

    async def drain(self, seconds: float = 20.0) -> None:
        """Start no more deliveries and finish those that run, for `seconds` at most or until this is cancelled."""
        running = {task for worker in self._workers.values() for task in worker.stop()}
        try:
            if running:
                await asyncio.wait(running, timeout=seconds)
        finally:
            late = {task for task in running if not task.done()}
            for task in late:
                task.cancel()
        if late:
            _log.warning("%d deliveries did not end in %g s; they are delivered again", len(late), seconds)
        if self._tasks:
            _, stuck = await asyncio.wait({*late, *self._tasks}, timeout=LAST_WORD)
            for task in stuck:
                task.cancel()

    async def dead(self, limit: int = 1000) -> list[DeadLetter]:
        """The dead letters, oldest death first."""
        return await self._backlog.dead(limit)

    async def retry(self, ids: Sequence[str] | None = None) -> int:
        """Deliver dead letters again as if for the first time: those of the events `ids`, all without it."""
        count = await self._backlog.revive(ids)
        self.wake()
        return count

    def counts(self) -> Mapping[str, int]:
        """See Bus: nothing, since the outbox is the queue itself."""
        return {}

    async def stats(self) -> tuple[ConsumerStats, ...]:
        """Every consumer in figures."""
        depths, deaths = await self._backlog.depths(), await self._backlog.deaths()
        now = self._clock.now()
        found: list[ConsumerStats] = []
        for name, worker in self._workers.items():
            since = await self._backlog.oldest_due(name, now)
            lag = (now - since).total_seconds() if since else 0.0
            found.append(
                ConsumerStats(
                    name, worker.delivered, worker.failed, depths.get(name, 0), deaths.get(name, 0), max(lag, 0.0)
                )
            )
        return tuple(found)

    async def idle(self) -> bool:
        """Whether nothing is due or running."""
        for worker in self._workers.values():
            if not await worker.idle():
                return False
        return True

    async def _expand(self) -> None:
        """Take over what a cluster left, as soon as the store lets us."""
        said = False
        while True:
            try:
                count = await expand(self._db, self._clock, self._outbox.consumers_of)
            except Unavailable as error:
                _log.log(logging.DEBUG if said else logging.WARNING, "the outbox cannot be read yet: %s", error)
                said = True
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                if count:
                    self.wake()
                return

    async def _report_orphans(self) -> None:
        """Say so when events wait for a consumer that is not there any more: renamed, or its plugin is gone."""
        try:
            depths = await self._backlog.depths()
        except Unavailable:
            return
        for name in depths.keys() - self._workers.keys() - {RELAY}:
            _log.warning("%d events wait for the consumer %s, which is not here", depths[name], name)

    async def _report_cluster(self) -> None:
        """Say so when a cluster delivered from this store lately: what its NATS holds still does not come here."""
        first = first_id(self._clock.now() - _LATELY)
        try:
            found = [await self._db.fetch(sql.DONE_LATELY(consumer=name, first=first)) for name in self._workers]
        except Unavailable:
            return
        if any(found):
            _log.warning(
                "this store was a cluster's within the last %d days: events that its NATS still holds are not "
                "delivered here (README, Back to one box)",
                _LATELY.days,
            )
