"""The outbox of a cluster: an event is one row of `event_outbox`, there until NATS has it, whoever listens to it.

A row is appended with a lease: for some seconds it belongs to the process that appended it, which publishes it as soon
as it is durable. When that process dies, or has more to publish than it remembers, the row is due and any process takes
it (relay.py).
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

from girok.clock import Clock, IdFactory
from girok.db.statement import Statement
from girok.events.event import Envelope, Event, encode
from girok.events.outbox import seal
from girok.events.outgoing import LEASE_SECONDS
from girok.events.statements import APPEND
from girok.events.tables import RELAY

__all__ = ["RelayOutbox"]

_REMEMBERED = 5_000


class RelayOutbox:
    """What the database of a clustered process appends events with. It remembers the ids of what it appended."""

    def __init__(self, clock: Clock, ids: IdFactory) -> None:
        self._clock = clock
        self._ids = ids
        self._listener: Callable[[], None] | None = None
        self._appended: dict[int, tuple[Event | Envelope, list[tuple[str, float]]]] = {}
        """By the identity of the event, oldest first: ids and the ends of their leases, not known to be durable."""
        self._ready: deque[tuple[str, float]] = deque()

    @property
    def waiting(self) -> int:
        """How many can be taken."""
        return len(self._ready)

    def listen(self, listener: Callable[[], None]) -> None:
        """`listener` is called on the loop when there is something to `take`."""
        self._listener = listener

    def statements(self, event: Event | Envelope) -> Sequence[Statement]:
        """What appends `event` to the unit that is running."""
        envelope = seal(event, self._clock, self._ids)
        text, due_at = encode(envelope), envelope.occurred_at
        self._forget()
        if len(self._appended) + len(self._ready) < _REMEMBERED:
            due_at += timedelta(seconds=LEASE_SECONDS)
            until = time.monotonic() + LEASE_SECONDS
            self._appended.setdefault(id(event), (event, []))[1].append((envelope.id, until))
        return [APPEND(event_id=envelope.id, consumer=RELAY, subject=envelope.type, envelope=text, due_at=due_at)]

    def committed(self, events: Sequence[Event | Envelope]) -> None:
        """These are durable, or nobody knows: whether their rows are there is looked at before they are published."""
        for event in events:
            _, appended = self._appended.pop(id(event), (event, ()))
            self._ready.extend(appended)
        if self._ready and self._listener is not None:
            self._listener()

    def take(self, limit: int) -> list[str]:
        """The ids of events to publish now, in the order of their commits, `limit` at the most.

        Among them may be some of units that were undone.
        """
        now = time.monotonic()
        taken: list[str] = []
        while self._ready and len(taken) < limit:
            event_id, until = self._ready.popleft()
            if until > now:
                taken.append(event_id)
        return taken

    def _forget(self) -> None:
        """What was not durable by the end of its lease was undone, or is due and taken like any other row."""
        now = time.monotonic()
        while self._appended:
            oldest = next(iter(self._appended))
            if self._appended[oldest][1][0][1] > now:
                return
            del self._appended[oldest]
