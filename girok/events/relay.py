"""The relay of a cluster: publishes the rows of the outbox to JetStream, and deletes those that JetStream has.

What this process commits is published at once (relay_outbox.py). About once a second the relay looks for rows that are
due: those of a process that died, those that were too many to remember, and those that are left from a time as one box.
They are taken with SKIP LOCKED, so that several processes share them, and never by their place in an order: a row that
commits late would be passed over.

While NATS is away the rows stay where they are and nothing is tried. A row whose deletion is lost is published again:
JetStream knows its id for two minutes, its consumers know it by their mark.
"""

import asyncio
import logging
import time
from datetime import timedelta
from functools import partial
from itertools import groupby

from girok.clock import Clock
from girok.db.database import Database
from girok.db.statement import Row
from girok.db.unit import Unit, execute, rows
from girok.errors import Unavailable
from girok.events import statements as sql
from girok.events.backlog import storable
from girok.events.bus import DeadLetter
from girok.events.handling import backoff, describe
from girok.events.jetstream import JetStream, JetStreamError
from girok.events.outgoing import LEASE_SECONDS, Outgoing, buried, directed, published
from girok.events.relay_outbox import RelayOutbox
from girok.events.stream_keeper import StreamKeeper
from girok.events.streams import stream_of
from girok.events.tables import RELAY
from girok.nats import MessageRefused, NatsConnection, NatsSession, NatsUnavailable, NoResponders

__all__ = ["Relay"]

_AT_ONCE = 500
_LOOK_SECONDS = 1.0
_LINGER_SECONDS = 0.05
"""Deletions wait for each other that long: one commit for all of them."""
_CHUNK = 500
_LONGEST_PAUSE = 5.0
_LONGEST_RETRY = 30.0
_log = logging.getLogger("girok.events")


class Relay:
    """Publishes for this process."""

    def __init__(
        self, connection: NatsConnection, keeper: StreamKeeper, db: Database, outbox: RelayOutbox, clock: Clock
    ) -> None:
        self.published = 0
        """How many events JetStream took from this process."""
        self._connection = connection
        self._jetstream = JetStream(connection)
        self._keeper = keeper
        self._db = db
        self._outbox = outbox
        self._clock = clock
        self._news = asyncio.Event()
        self._flying = False
        self._next_look = 0.0
        self._strangers = True
        """Whether rows may be there that are for a single consumer: left from a time as one box."""
        self._stumbles = 0
        self._resume_at = 0.0
        self._again: list[Outgoing] = []
        """What could not be published, and is ours still."""
        self._stored: list[Outgoing] = []
        self._refused: list[tuple[Outgoing, Exception]] = []
        self._settling = False
        self._answers = asyncio.Event()
        self._finishing = asyncio.Event()
        self._store_away = False

    @property
    def waiting(self) -> int:
        """How many events this process remembers that are not published yet."""
        return self._outbox.waiting + len(self._again)

    @property
    def idle(self) -> bool:
        """Whether everything that this process remembers is published, and its rows are gone."""
        return not (self.waiting or self._stored or self._refused or self._flying or self._settling)

    async def run(self) -> None:
        """Publish. Does not end."""
        self._outbox.listen(self._news.set)
        await asyncio.gather(self._publish(), self._settle())

    async def finish(self, seconds: float) -> None:
        """Return when everything remembered is published and settled, NATS is away, or the time is over."""
        self._finishing.set()
        end = time.monotonic() + seconds
        while not self.idle and self._connection.is_connected and time.monotonic() < end:  # noqa: ASYNC110 - at a drain
            await asyncio.sleep(0.01)

    async def _publish(self) -> None:
        while True:
            session = await self._connection.session()
            try:
                await self._keeper.ready(session)
                await self._serve(session)
            except NatsUnavailable:
                continue
            except Exception:  # noqa: BLE001 - the boundary: nothing ends the relay
                _log.exception("the relay begins anew")
                await asyncio.sleep(_LOOK_SECONDS)

    async def _serve(self, session: NatsSession) -> None:
        session.lost.add_done_callback(lambda _: self._news.set())
        self._next_look = self._resume_at = 0.0
        while not session.lost.done():
            self._news.clear()
            if outgoing := await self._next():
                groups = groupby(sorted(outgoing, key=_by_stream), key=_by_stream)
                self._flying = True
                try:
                    await asyncio.gather(*(self._send(list(group)) for _, group in groups))
                finally:
                    self._flying = False
            else:
                await self._rest()

    async def _next(self) -> list[Outgoing]:
        """What is to be published now."""
        now = time.monotonic()
        if now < self._resume_at:
            return []
        if again := self._again:
            self._again = []
            return [each for each in again if each.until > now]
        try:
            while ids := self._outbox.take(_AT_ONCE):
                if found := await self._read(ids):
                    return found
            if now < self._next_look:
                return []
            found = await self._claim(_AT_ONCE)
        except Exception as error:  # noqa: BLE001 - the boundary: the store cannot be read or written
            self._say_store(error)
            found = []
        self._next_look = time.monotonic() + (0 if found else _LOOK_SECONDS)
        return found

    async def _read(self, ids: list[str]) -> list[Outgoing]:
        """Of these those that are there."""
        found = {row["event_id"]: row for row in await self._db.fetch(sql.BY_ID(consumer=RELAY, event_ids=ids))}
        self._store_away = False
        return [_event(found[event_id]) for event_id in ids if event_id in found]

    async def _claim(self, limit: int) -> list[Outgoing]:
        """Take what is due, for the time of a lease."""
        now = self._clock.now()
        until = now + timedelta(seconds=LEASE_SECONDS)
        if await self._db.fetch(sql.OLDEST_DUE(consumer=RELAY, now=now)):
            found = await self._db.run(lambda: rows(sql.CLAIM(now=now, until=until, limit=limit)))
            return [_event(row) for row in sorted(found, key=_by_id)]
        if self._strangers:
            found = await self._db.run(lambda: rows(sql.CLAIM_STRANGERS(now=now, until=until, limit=limit)))
            self._strangers = bool(found or await self._db.fetch(sql.STRANGERS(relay=RELAY)))
            return [_stranger(row) for row in sorted(found, key=_by_id)]
        return []

    async def _send(self, outgoing: list[Outgoing]) -> None:
        """Publish events of one stream, as a batch when there are several and the stream takes it."""
        if len(outgoing) > 1:
            try:
                await self._jetstream.store_all([(each.subject, each.payload, each.headers) for each in outgoing])
            except (JetStreamError, MessageRefused):
                pass  # one of them, most likely: which?
            except NatsUnavailable as error:
                self._answered(outgoing, error)
                return
            else:
                self._answered(outgoing, None)
                return
        await asyncio.gather(*(self._send_one(each) for each in outgoing))

    async def _send_one(self, outgoing: Outgoing) -> None:
        try:
            await self._jetstream.store(outgoing.subject, outgoing.payload, outgoing.headers)
        except (Unavailable, MessageRefused) as error:
            self._answered([outgoing], error)
        else:
            self._answered([outgoing], None)

    def _answered(self, outgoing: list[Outgoing], error: Exception | None) -> None:
        if error is None:
            self._stumbles = 0
            self.published += len(outgoing)
            self._stored += outgoing
            self._answers.set()
        elif isinstance(error, NatsUnavailable) and not isinstance(error, NoResponders):
            self._again += outgoing
            self._stumble()
        else:
            self._keeper.missing()
            self._refused += [(each, error) for each in outgoing]
            self._answers.set()

    async def _rest(self) -> None:
        """Until there is news, or it is time to look."""
        wake_at = max(self._next_look, self._resume_at)
        timer = asyncio.get_running_loop().call_later(max(wake_at - time.monotonic(), 0.001), self._news.set)
        try:
            await self._news.wait()
        finally:
            timer.cancel()

    def _stumble(self) -> None:
        """No answer: try again after a while, twice as long each time; at once on a new connection."""
        now = time.monotonic()
        if now >= self._resume_at:
            self._stumbles += 1
            self._resume_at = now + backoff(0.1, self._stumbles, _LONGEST_PAUSE)
        self._news.set()

    async def _settle(self) -> None:
        """Delete what is stored, and put off what was refused."""
        while True:
            await self._answers.wait()
            if not self._finishing.is_set():
                await asyncio.sleep(_LINGER_SECONDS)
            self._answers.clear()
            while self._stored or self._refused:
                stored, self._stored = self._stored[:_CHUNK], self._stored[_CHUNK:]
                refused, self._refused = self._refused[:_CHUNK], self._refused[_CHUNK:]
                self._settling = True
                try:
                    await self._db.run(partial(self._settled, stored, refused))
                except Exception as error:  # noqa: BLE001 - the boundary
                    self._stored, self._refused = stored + self._stored, refused + self._refused
                    self._say_store(error)
                    await asyncio.sleep(_LOOK_SECONDS)
                else:
                    self._store_away = False
                    _say_refused(refused)
                finally:
                    self._settling = False

    def _settled(self, stored: list[Outgoing], refused: list[tuple[Outgoing, Exception]]) -> Unit[None]:
        for consumer, group in groupby(sorted(stored, key=_by_consumer), key=_by_consumer):
            yield from execute(sql.DONE(event_ids=[each.event_id for each in group], consumer=consumer))
        for each, error in refused:
            due_at = self._clock.now() + timedelta(seconds=backoff(1.0, each.attempts + 1, _LONGEST_RETRY))
            text = storable(describe(error))
            yield from execute(sql.FAILED(event_id=each.event_id, consumer=each.consumer, error=text, due_at=due_at))

    def _say_store(self, error: Exception) -> None:
        if not self._store_away:
            self._store_away = True
            trace = None if isinstance(error, Unavailable) else error
            _log.warning("the outbox cannot be read or written: %s; trying again", describe(error), exc_info=trace)


def _event(row: Row) -> Outgoing:
    return published(row["event_id"], row["subject"], row["envelope"], row["attempts"])


def _stranger(row: Row) -> Outgoing:
    """A row that is for a single consumer, left from a time as one box: an event or a dead letter."""
    event_id, consumer, subject, envelope = row["event_id"], row["consumer"], row["subject"], row["envelope"]
    if row["dead_at"] is None:
        return directed(event_id, consumer, subject, envelope.encode(), f"{event_id}/{consumer}")
    letter = DeadLetter(event_id, consumer, subject, row["attempts"], row["dead_at"], row["error"] or "", envelope)
    return buried(letter, envelope.encode(), f"{event_id}/{consumer}/dead")


def _say_refused(refused: list[tuple[Outgoing, Exception]]) -> None:
    if refused:
        outgoing, error = refused[0]
        _log.warning(
            "NATS refused %d events, the first on %s: %s; trying again", len(refused), outgoing.subject, describe(error)
        )


def _by_id(row: Row) -> str:
    return row["event_id"]


def _by_consumer(outgoing: Outgoing) -> str:
    return outgoing.consumer


def _by_stream(outgoing: Outgoing) -> str:
    return stream_of(outgoing.subject)
