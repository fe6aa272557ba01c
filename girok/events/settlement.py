"""What becomes of a delivery in a cluster: JetStream is told, and what must outlive this process is stored first.

JetStream counts deliveries, also those that only have to wait, so its own `max_deliver` is off and girok counts: an
attempt is a delivery that was not given back (waits.py). Thereby one that a kill cut off is an attempt, too, and an
event that kills its process each time ends as a dead letter like any other, without its handler being called again.
"""

import asyncio
import logging
from contextlib import suppress

from girok.clock import Clock
from girok.db.database import Database
from girok.errors import Unavailable
from girok.events import statements as sql
from girok.events.backlog import storable
from girok.events.bus import DeadLetter
from girok.events.consumer import Consumer
from girok.events.dead_letters import DeadLetters
from girok.events.delivery import ClusterDelivery
from girok.events.handling import backoff, describe, report, retry_in
from girok.events.jetstream import JetStream
from girok.events.message import ACK_SECONDS, ACKED, DROPPED, Message, given_back
from girok.events.outage import LONGEST_WAIT
from girok.events.streams import durable_name
from girok.events.waits import Waits
from girok.nats import NatsConnection, NatsSession, NatsUnavailable
from girok.sections import Events

__all__ = ["Endless", "Settlement"]


class Endless(Exception):
    """An event was delivered as often as it may be, and its handler never came to an end: its process was killed."""


class Settlement:
    """The ends of one consumer's deliveries. Every method may raise Unavailable: then JetStream delivers it again."""

    def __init__(
        self,
        consumer: Consumer,
        connection: NatsConnection,
        jetstream: JetStream,
        db: Database,
        *,
        clock: Clock,
        settings: Events,
    ) -> None:
        self.delivered = 0
        self.failed = 0
        self.leaving = asyncio.Event()
        """Set when this process stops: then NATS is not waited for any more."""
        self._name = consumer.name
        self._durable = durable_name(consumer.name)
        self._connection = connection
        self._waits = Waits(jetstream, self._durable)
        self._dead_letters = DeadLetters(jetstream)
        self._db = db
        self._clock = clock
        self._settings = settings

    async def attempt(self, message: Message) -> int:
        """Which attempt this delivery is, from 1."""
        if message.delivered == 1:
            return 1
        return max(message.delivered - await self._waits.count(message.event_id, message.sequence), 1)

    async def settle(self, message: Message, delivery: ClusterDelivery, error: Exception | None) -> None:
        """The handler came to its end, with `error` if it failed."""
        if isinstance(error, Unavailable):
            await self.give_back(message, wait=True)
        elif error is None or (delivery.marked and await self._is_done(delivery.envelope.id)):
            self.delivered += 1
            await self._done(message, ACKED)
        elif delivery.attempt >= self._settings.max_deliver:
            await self.bury(message, delivery.attempt, error)
        else:
            delay = retry_in(self._settings.retry_seconds, delivery.attempt, error)
            self.failed += 1
            outcome = f"delivery {delivery.attempt} failed, again in {delay:g} s"
            report(logging.WARNING, self._name, message.event_id, error, outcome)
            await self._say(message, given_back(delay))

    async def bury(self, message: Message, attempts: int, error: Exception) -> None:
        """It becomes a dead letter. Killed before JetStream knows, it is the same letter again."""
        subject, envelope = message.subject, message.payload.decode("utf-8", "replace")
        now, text = self._clock.now(), storable(describe(error))
        letter = DeadLetter(message.event_id, self._name, subject, attempts, now, text, envelope)
        await self._session()
        await self._dead_letters.add(letter, message.payload, f"{message.event_id}/{self._name}/at {message.sequence}")
        self.failed += 1
        outcome = f"delivery {attempts} failed, now a dead letter"
        report(logging.ERROR, self._name, message.event_id, error, outcome)
        await self._done(message, DROPPED)

    async def give_back(self, message: Message, *, wait: bool = False) -> None:
        """It is delivered again and this one does not count; at once, or with `wait` later each time."""
        await self._session()
        count = await self._waits.add(message.event_id, message.sequence)
        delay = backoff(self._settings.retry_seconds, count, LONGEST_WAIT) if wait else 0.0
        await self._say(message, given_back(delay))

    async def _done(self, message: Message, word: bytes) -> None:
        await self._say(message, word)
        if message.delivered > 1:
            with suppress(Unavailable):
                await self._waits.forget(message.event_id, message.sequence)

    async def _say(self, message: Message, word: bytes) -> None:
        """Tell JetStream. While NATS is away that is waited for, as long as the message may still be ours."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ACK_SECONDS):
                while True:
                    session = await self._session()
                    with suppress(NatsUnavailable):
                        message.answered = True
                        await session.publish(message.reply, word)
                        return

    async def _session(self) -> NatsSession:
        """The session, waited for. Raises NatsUnavailable while there is none and this process stops."""
        if not (self._connection.is_connected or self.leaving.is_set()):
            waiting = {asyncio.ensure_future(each) for each in (self._connection.session(), self.leaving.wait())}
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waiting:
                    each.cancel()
        return self._connection.current()

    async def _is_done(self, event_id: str) -> bool:
        return bool(await self._db.fetch(sql.IS_DONE(consumer=self._name, event_id=event_id)))
