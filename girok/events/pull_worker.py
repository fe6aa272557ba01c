"""One consumer's deliveries in a cluster, pulled from JetStream.

As in one box (worker.py), a worker sleeps until it is woken, starts at most `in_flight` handlers at once, waits while
something is unavailable, and gives up after `max_deliver` attempts. What differs is who remembers: a message belongs to
this process as long as it says every few seconds that it is at work, and to any other one soon after a kill.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from girok.clock import Clock
from girok.errors import Unavailable
from girok.events.consumer import Consumer
from girok.events.delivery import ClusterDelivery
from girok.events.event import open_envelope
from girok.events.handling import UNREADABLE, describe, handle
from girok.events.jetstream import JetStream, JetStreamError
from girok.events.message import ACK_SECONDS, IN_PROGRESS, Message
from girok.events.outage import Outage
from girok.events.pull import Pull
from girok.events.settlement import Endless, Settlement
from girok.events.stream_keeper import StreamKeeper
from girok.nats import NatsConnection, NatsSession, NatsUnavailable
from girok.sections import Events

__all__ = ["PullWorker"]

_BEAT_SECONDS = ACK_SECONDS / 3
_REOPEN_SECONDS = 1.0
_LAST_WORD = 1.0
_log = logging.getLogger("girok.events")
_Opened = tuple[Message, object, ClusterDelivery]


class PullWorker:
    """Delivers to one consumer."""

    def __init__(
        self,
        consumer: Consumer,
        connection: NatsConnection,
        jetstream: JetStream,
        keeper: StreamKeeper,
        settlement: Settlement,
        *,
        clock: Clock,
        settings: Events,
    ) -> None:
        self.consumer = consumer
        self.settlement = settlement
        self.pull = Pull(jetstream, consumer.name, consumer.event.subject, self._receive)
        self._connection = connection
        self._keeper = keeper
        self._clock = clock
        self._max_deliver = settings.max_deliver
        self._data = msgspec.json.Decoder(consumer.event)
        self._outage = Outage(consumer.name, settings)
        self._most = consumer.in_flight * consumer.most
        self._held: dict[int, Message] = {}
        """By sequence: what was received and is not answered yet."""
        self._arrived: deque[Message] = deque()
        """Those of them that no handler has begun with."""
        self._running: dict[asyncio.Task[None], Sequence[Message]] = {}
        self._news = asyncio.Event()
        self._stopping = False
        self._said = ""

    async def run(self) -> None:
        """Deliver until `drain`. Nothing that goes wrong ends it."""
        beat = asyncio.create_task(self._beat())
        try:
            while not self._stopping:
                session = await self._connection.session()
                try:
                    await self.pull.close()
                    await self._keeper.ready(session)
                    await self.pull.open(session)
                    self._said = ""
                    await self._serve(session)
                except Exception as error:  # noqa: BLE001 - the boundary: the consumer cannot be had
                    self._report(error)
                    await asyncio.wait({session.lost}, timeout=_REOPEN_SECONDS)
        finally:
            beat.cancel()

    async def drain(self, seconds: float) -> None:
        """Start nothing more, give back what has not begun, and finish what runs, for `seconds` at most."""
        self._stopping = True
        self.settlement.leaving.set()
        self._news.set()
        running = set(self._running)
        try:
            await self._give_back_rest()
            if running:
                await asyncio.wait(running, timeout=seconds)
        finally:
            late = [(task, messages) for task, messages in self._running.items() if task in running]
            for task, _ in late:
                task.cancel()
        if late:
            _log.warning("consumer %s: %d calls did not end in %g s", self.consumer.name, len(late), seconds)
            await self._give_back([message for _, messages in late for message in messages])

    async def _serve(self, session: NatsSession) -> None:
        session.lost.add_done_callback(lambda _: self._news.set())
        while not (session.lost.done() or self._stopping):
            self._news.clear()
            if self.pull.refused:
                self._keeper.missing()
                raise NatsUnavailable
            rest = self._outage.rest
            if rest > 0:
                asyncio.get_running_loop().call_later(rest, self._news.set)
            else:
                self._begin()
                most = 1 if self._outage else self._most
                await self.pull.ask(most - len(self._held), most)
            await self._news.wait()

    def _receive(self, message: Message | None) -> None:
        if message is not None:
            known = self._held.get(message.sequence)
            if known is None or known.answered:
                self._held[message.sequence] = message
                self._arrived.append(message)
            else:
                known.reply = message.reply  # we were silent for too long, and get it again while we are at it
        self._news.set()

    def _begin(self) -> None:
        """Start handlers for what has arrived, as far as there is room; in an outage one, to see whether it is over."""
        calls, size = (1, 1) if self._outage else (self.consumer.in_flight, self.consumer.most)
        while self._arrived and len(self._running) < calls:
            batch = [self._arrived.popleft() for _ in range(min(size, len(self._arrived)))]
            task = asyncio.get_running_loop().create_task(self._work(batch))
            self._running[task] = batch
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        for message in self._running.pop(task):
            self._let_go(message)
        self._news.set()

    def _let_go(self, message: Message) -> None:
        if self._held.get(message.sequence) is message:
            del self._held[message.sequence]

    async def _work(self, batch: Sequence[Message]) -> None:
        """One call of the handler with all that follows from it."""
        try:
            opened = [each for message in batch if (each := await self._open(message))]
            if opened:
                await self._call(opened)
        except NatsUnavailable:
            return  # JetStream was not told, so it delivers again
        except Exception as error:  # noqa: BLE001 - the boundary: its end cannot be stored, so it comes again
            self._outage.met(error)

    async def _open(self, message: Message) -> _Opened | None:
        """The event and its delivery; None when it is dead."""
        try:
            envelope = open_envelope(message.payload)
            event = self._data.decode(envelope.data)
        except UNREADABLE as error:
            await self.settlement.bury(message, 1, error)
            return None
        attempt = await self.settlement.attempt(message)
        if attempt > self._max_deliver:
            await self.settlement.bury(message, attempt - 1, Endless("its handler was cut off each time"))
            return None
        return message, event, ClusterDelivery(envelope, attempt, self.consumer.name, self._clock)

    async def _call(self, opened: Sequence[_Opened]) -> None:
        error = await handle(self.consumer, [(event, delivery) for _, event, delivery in opened])
        if error is not None and not isinstance(error, Unavailable) and len(opened) > 1:
            for each in opened:
                await self._call([each])  # which of them is to blame?
            return
        if isinstance(error, Unavailable):
            self._outage.met(error)
        else:
            self._outage.over()
        for message, _, delivery in opened:
            await self.settlement.settle(message, delivery, error)

    async def _beat(self) -> None:
        """Say that this process is at work on what it holds."""
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            old = asyncio.get_running_loop().time() - _BEAT_SECONDS
            with suppress(NatsUnavailable):
                session = self._connection.current()
                for message in [each for each in self._held.values() if each.since < old and not each.answered]:
                    await session.publish(message.reply, IN_PROGRESS)

    async def _give_back_rest(self) -> None:
        """What is on its way or has not begun is for other processes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD):
                await self.pull.close()
        rest = list(self._arrived)
        self._arrived.clear()
        await self._give_back(rest)

    async def _give_back(self, messages: Sequence[Message]) -> None:
        if not self._connection.is_connected:
            return  # JetStream will notice that nobody is at work on them
        with suppress(TimeoutError, NatsUnavailable):
            async with asyncio.timeout(_LAST_WORD):
                for message in messages:
                    await self.settlement.give_back(message)
                    self._let_go(message)

    def _report(self, error: Exception) -> None:
        """Once for each reason that the consumer cannot be had for."""
        text = describe(error)
        if isinstance(error, NatsUnavailable) or text == self._said:
            return
        self._said = text
        known = isinstance(error, JetStreamError)
        _log.error("consumer %s cannot be had: %s; trying again", self.consumer.name, text, exc_info=not known)
