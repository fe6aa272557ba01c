"""The outbox: an event that a unit emits becomes rows of `event_outbox` in that very unit, one for each consumer.

The state and its events so commit together or not at all. The database calls `statements` for every `Emit` of a unit
and `committed` with the events of units that are durable; then the bus is woken.

This one is that of one box, where the rows are the queue. In a cluster it is `RelayOutbox` (relay_outbox.py).
"""

from collections import Counter
from collections.abc import Callable, Sequence

from girok.clock import Clock, IdFactory
from girok.context import current
from girok.db.statement import Statement
from girok.events.consumer import Consumer
from girok.events.event import Envelope, Event, encode, pack
from girok.events.statements import APPEND

__all__ = ["Outbox", "check_names", "seal", "subject_of"]

Listener = Callable[[frozenset[str]], None]


class Outbox:
    """What the database appends events with. It knows which consumers this process has.

    Raises ValueError for a name that two consumers have or an event without a subject.
    """

    def __init__(self, clock: Clock, ids: IdFactory, consumers: Sequence[Consumer]) -> None:
        self._clock = clock
        self._ids = ids
        self._names: dict[str, tuple[str, ...]] = {}
        self._listener: Listener | None = None
        check_names([each.name for each in consumers])
        for each in consumers:
            subject = subject_of(each.event)
            self._names[subject] = (*self._names.get(subject, ()), each.name)

    def listen(self, listener: Listener) -> None:
        """`listener` is called on the loop after each commit with the names of the consumers that it is news for."""
        self._listener = listener

    def consumers_of(self, subject: str) -> tuple[str, ...]:
        """The names of the consumers that listen to a subject."""
        return self._names.get(subject, ())

    def statements(self, event: Event | Envelope) -> Sequence[Statement]:
        """What appends `event` to the unit that is running; nothing when nobody here consumes its subject."""
        names = self._names.get(_subject(event))
        if not names:
            return ()
        envelope = seal(event, self._clock, self._ids)
        text, subject, now = encode(envelope), envelope.type, envelope.occurred_at
        return [
            APPEND(event_id=envelope.id, consumer=name, subject=subject, envelope=text, due_at=now) for name in names
        ]

    def committed(self, events: Sequence[Event | Envelope]) -> None:
        """These are durable: tell the listener whom they are for, if they are for anybody."""
        names = frozenset(name for event in events for name in self._names.get(_subject(event), ()))
        if names and self._listener is not None:
            self._listener(names)


def seal(event: Event | Envelope, clock: Clock, ids: IdFactory) -> Envelope:
    """A new envelope around `event`, with who acts in the running call and its trace; one that is sealed as it is."""
    if isinstance(event, Envelope):
        return event
    context = current()
    return Envelope(
        id=ids.new(),
        type=subject_of(type(event)),
        occurred_at=clock.now(),
        actor_id=context.actor.user_id if context.actor else None,
        traceparent=context.traceparent,
        data=pack(event),
    )


def subject_of(event: type[Event]) -> str:
    """The subject of an event. Raises ValueError for one without."""
    if not event.subject:
        raise ValueError(f"the event {event.__name__} has no subject")
    return event.subject


def _subject(event: Event | Envelope) -> str:
    return event.type if isinstance(event, Envelope) else subject_of(type(event))


def check_names(names: Sequence[str]) -> None:
    """Raises ValueError for a name that is there twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"two consumers are called {twice[0]!r}")
