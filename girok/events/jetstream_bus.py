"""The bus of a cluster: events go from the outbox over JetStream to the consumers of every process.

    db.outbox = outbox = RelayOutbox(clock, ids)
    streams = [event_stream("auth"), event_stream("feed", days=30)]
    bus = JetStreamBus(
        connection, db, outbox, consumers, clock=clock, settings=settings.get(Events), streams=streams
    )
    await bus.start()
    ...
    await bus.drain()

`streams` are those of every domain there is, whether its role runs here or not. Any number of processes may have the
same consumers: they share the work. A consumer that is new is given all that its stream still keeps.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from girok.clock import Clock
from girok.db.database import Database
from girok.events.bus import ConsumerStats, DeadLetter
from girok.events.consumer import Consumer
from girok.events.dead_letters import DeadLetters
from girok.events.done_marks import DoneMarks
from girok.events.jetstream import JetStream
from girok.events.outbox import check_names, subject_of
from girok.events.pull_worker import PullWorker
from girok.events.relay import Relay
from girok.events.relay_outbox import RelayOutbox
from girok.events.settlement import Settlement
from girok.events.stream_keeper import StreamKeeper
from girok.events.streams import DEAD, WAITS, Stream, durable_name, stream_of
from girok.nats import NatsConnection
from girok.sections import Events

__all__ = ["JetStreamBus"]

_LAST_WORD = 1.0
"""Seconds that what is cancelled may take to end."""


class JetStreamBus:
    """See girok.events.bus.Bus. The connection is the caller's: it is opened before `start`, and closed after `drain`.

    Raises ValueError for consumers that JetStream cannot tell apart, and for a subject that no stream keeps.
    """

    def __init__(
        self,
        connection: NatsConnection,
        db: Database,
        outbox: RelayOutbox,
        consumers: Sequence[Consumer],
        *,
        clock: Clock,
        settings: Events,
        streams: Sequence[Stream],
    ) -> None:
        check_names([durable_name(each.name) for each in consumers])
        _check_streams(consumers, streams)
        self._clock = clock
        self._jetstream = jetstream = JetStream(connection)
        self._keeper = keeper = StreamKeeper(connection, jetstream, [*streams, DEAD, WAITS])
        self._relay = Relay(connection, keeper, db, outbox, clock)
        self._dead_letters = DeadLetters(jetstream)
        kept = {each.name: each.max_age for each in streams}
        self._marks = DoneMarks(db, clock, {each.name: kept[stream_of(each.event.subject)] for each in consumers})
        self._workers = [
            PullWorker(
                each,
                connection,
                jetstream,
                keeper,
                Settlement(each, connection, jetstream, db, clock=clock, settings=settings),
                clock=clock,
                settings=settings,
            )
            for each in consumers
        ]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Deliver from now on. Returns at once: while NATS is away, events wait in the outbox."""
        running = {
            "streams": self._keeper.run(),
            "relay": self._relay.run(),
            "sweep": self._marks.run(),
            **{f"consumer {each.consumer.name}": each.run() for each in self._workers},
        }
        self._tasks = [asyncio.create_task(each, name=name) for name, each in running.items()]

    async def drain(self, seconds: float = 20.0) -> None:
        """Start no more deliveries and finish those that run, for `seconds` at most; publish what is in memory."""
        end = asyncio.get_running_loop().time() + seconds
        try:
            await asyncio.gather(*(each.drain(seconds) for each in self._workers))
            if self._tasks:
                await self._relay.finish(end - asyncio.get_running_loop().time())
        finally:
            tasks, self._tasks = self._tasks, []
            for task in tasks:
                task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_LAST_WORD)

    async def dead(self, limit: int = 1000) -> list[DeadLetter]:
        """The dead letters, oldest death first. Raises NatsUnavailable."""
        return await self._dead_letters.first(limit)

    async def retry(self, ids: Sequence[str] | None = None) -> int:
        """Deliver dead letters again as if for the first time: those of the events `ids`, all without it.

        How many there were. Raises NatsUnavailable.
        """
        return await self._dead_letters.revive(ids)

    async def stats(self) -> tuple[ConsumerStats, ...]:
        """Every consumer of this process in figures; `depth`, `dead` and `lag` are those of the whole cluster.

        Raises NatsUnavailable.
        """
        dead = await self._dead_letters.counts()
        return tuple(await asyncio.gather(*(self._stats(each, dead) for each in self._workers)))

    def counts(self) -> Mapping[str, int]:
        """See Bus: of the relay."""
        return {
            "girok_relay_published_total": self._relay.published,
            "girok_relay_waiting": self._relay.waiting,
        }

    async def _stats(self, worker: PullWorker, dead: dict[str, int]) -> ConsumerStats:
        pull, settlement = worker.pull, worker.settlement
        info = await self._jetstream.find(f"CONSUMER.INFO.{pull.stream}.{pull.durable}")
        depth = info["num_pending"] + info["num_ack_pending"] if info else 0
        lag = await self._lag(info, worker) if info and depth else 0.0
        name = worker.consumer.name
        return ConsumerStats(name, settlement.delivered, settlement.failed, depth, dead.get(pull.durable, 0), lag)

    async def _lag(self, info: dict[str, Any], worker: PullWorker) -> float:
        """For how many seconds the oldest that is not done has been there."""
        body = {"seq": info["ack_floor"]["stream_seq"] + 1, "next_by_subj": worker.consumer.event.subject}
        found = await self._jetstream.find(f"STREAM.MSG.GET.{worker.pull.stream}", body)
        if not found:
            return 0.0
        since = datetime.fromisoformat(found["message"]["time"])
        return max((self._clock.now() - since).total_seconds(), 0.0)


def _check_streams(consumers: Sequence[Consumer], streams: Sequence[Stream]) -> None:
    names = {each.name for each in streams}
    for each in consumers:
        subject = subject_of(each.event)
        if stream_of(subject) not in names:
            raise ValueError(f"no stream keeps {subject}, which {each.name} listens to")
