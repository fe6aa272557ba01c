"""Events on their way out of documents.

A document that an update changes carries its events itself until the relay has moved them:

    {_id: ..., text: "hello", events: [{id, subject, envelope}], events_due: <time>}

so that one atomic update commits both. `events_due` is a lease: until then the event belongs to the process that wrote
it, which moves it at once; afterwards, when that process died, any relay takes it. A document that is to be deleted is
marked `gone` instead, for nobody to read, and deleted once its events have left.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from girok.clock import Clock, IdFactory
from girok.events.event import Event, encode
from girok.events.outbox import seal

__all__ = ["EVENTS", "EVENTS_DUE", "GONE", "Changed", "MongoOutbox", "Sealed"]

EVENTS = "events"
EVENTS_DUE = "events_due"
GONE = "gone"
LEASE_SECONDS = 5.0
_REMEMBERED = 5_000


class Sealed(NamedTuple):
    """An event as it stands in a document, and when any relay may take it."""

    document: dict[str, str]
    due: datetime


class Changed(NamedTuple):
    """A document that carries events of this process."""

    collection: str
    key: str


class MongoOutbox:
    """Seals events for documents, and remembers which documents carry some."""

    def __init__(self, clock: Clock, ids: IdFactory) -> None:
        self._clock = clock
        self._ids = ids
        self._changed: deque[Changed] = deque(maxlen=_REMEMBERED)
        """What is forgotten here is found by the relays once its lease is over."""
        self._listener: Callable[[], None] | None = None

    @property
    def waiting(self) -> int:
        """How many documents can be taken."""
        return len(self._changed)

    def listen(self, listener: Callable[[], None]) -> None:
        """`listener` is called when there is something to `take`."""
        self._listener = listener

    def seal(self, event: Event) -> Sealed:
        """The event with an id, who acts and the trace of the running call: for `events` and `events_due`."""
        envelope = seal(event, self._clock, self._ids)
        due = envelope.occurred_at + timedelta(seconds=LEASE_SECONDS)
        return Sealed({"id": envelope.id, "subject": envelope.type, "envelope": encode(envelope)}, due)

    def changed(self, collection: str, key: str) -> None:
        """A document was stored with a sealed event in it."""
        self._changed.append(Changed(collection, key))
        if self._listener is not None:
            self._listener()

    def take(self, limit: int) -> list[Changed]:
        """Documents to look at now, oldest first."""
        return [self._changed.popleft() for _ in range(min(limit, len(self._changed)))]
