"""The outbox of a cluster: an event is one row of `event_outbox`, there until NATS has it, whoever listens to it.

A row is appended with a lease: for some seconds it belongs to the process that appended it, which publishes it from
memory as soon as it is durable, without reading it back. When that process dies, or has more to publish than it
remembers, the row is due and any process takes it (relay.py).
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

from girok.clock import Clock, IdFactory
from girok.db.statement import Statement
from girok.events.event import Event, encode
from girok.events.outbox import seal
from girok.events.outgoing import LEASE_SECONDS, Outgoing, published
from girok.events.statements import APPEND
from girok.events.tables import RELAY

__all__ = ["RelayOutbox"]

_REMEMBERED = 5_000
"""Events that wait in memory: some megabytes."""


class RelayOutbox:
    """What the database of a clustered process appends events with."""

    def __init__(self, clock: Clock, ids: IdFactory) -> None:
        self._clock = clock
        self._ids = ids
        self._listener: Callable[[], None] | None = None
        self._appended: dict[int, tuple[Event, list[Outgoing]]] = {}
        """By the identity of the event, oldest first: not known to be durable yet, or undone."""
        self._ready: deque[Outgoing] = deque()

    def __len__(self) -> int:
        return len(self._ready)

    def listen(self, listener: Callable[[], None]) -> None:
        """`listener` is called on the loop when there is something to `take`."""
        self._listener = listener

    def statements(self, event: Event) -> Sequence[Statement]:
        """What appends `event` to the unit that is running."""
        envelope = seal(event, self._clock, self._ids)
        text, due_at = encode(envelope), envelope.occurred_at
        self._forget_undone()
        if len(self._appended) + len(self._ready) < _REMEMBERED:
            due_at += timedelta(seconds=LEASE_SECONDS)
            outgoing = published(envelope.id, envelope.type, text)
            self._appended.setdefault(id(event), (event, []))[1].append(outgoing)
        return [APPEND(event_id=envelope.id, consumer=RELAY, subject=envelope.type, envelope=text, due_at=due_at)]

    def committed(self, events: Sequence[Event]) -> None:
        """These are durable."""
        for event in events:
            _, appended = self._appended.pop(id(event), (event, []))
            # The same object appended twice: one of the two may be of an attempt that was undone. Their leases tell.
            if len(appended) == 1:
                self._ready.append(appended[0])
        if self._ready and self._listener is not None:
            self._listener()

    def take(self, limit: int) -> list[Outgoing]:
        """What is to be published next, in the order of commits, `limit` at the most."""
        now = time.monotonic()
        taken: list[Outgoing] = []
        while self._ready and len(taken) < limit:
            outgoing = self._ready.popleft()
            if outgoing.until > now:
                taken.append(outgoing)
        return taken

    def put_back(self, outgoing: Outgoing) -> None:
        """It could not be published: it is next again, as long as it is ours."""
        self._ready.appendleft(outgoing)

    def _forget_undone(self) -> None:
        now = time.monotonic()
        while self._appended:
            oldest = next(iter(self._appended))
            if self._appended[oldest][1][0].until > now:
                return
            del self._appended[oldest]
