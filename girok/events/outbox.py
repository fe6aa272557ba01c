"""The outbox: an event that a unit emits becomes rows of `event_outbox` in that very unit, one for each consumer.

The state and its events so commit together or not at all. The database calls `statements` for every `Emit` of a unit
and `committed` with the events of units that are durable; then the bus is woken.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from girok.clock import Clock, IdFactory
from girok.context import current
from girok.db.statement import Statement
from girok.events.consumer import Consumer
from girok.events.event import Envelope, Event, encode, pack
from girok.events.statements import APPEND

__all__ = ["Outbox"]

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
        twice = [name for name, count in Counter(each.name for each in consumers).items() if count > 1]
        if twice:
            raise ValueError(f"two consumers are called {twice[0]!r}")
        for each in consumers:
            subject = _subject(each.event)
            self._names[subject] = (*self._names.get(subject, ()), each.name)

    def listen(self, listener: Listener) -> None:
        """`listener` is called on the loop after each commit with the names of the consumers that it is news for."""
        self._listener = listener

    def statements(self, event: Event) -> Sequence[Statement]:
        """What appends `event` to the unit that is running; nothing when nobody here consumes its subject."""
        subject = _subject(type(event))
        names = self._names.get(subject)
        if not names:
            return ()
        now = self._clock.now()
        context = current()
        event_id = self._ids.new()
        envelope = encode(
            Envelope(
                id=event_id,
                type=subject,
                occurred_at=now,
                actor_id=context.actor.user_id if context.actor else None,
                traceparent=context.traceparent,
                data=pack(event),
            )
        )
        return [APPEND(event_id=event_id, consumer=name, subject=subject, envelope=envelope, now=now) for name in names]

    def committed(self, events: Sequence[Event]) -> None:
        """These are durable: tell the listener whom they are for, if they are for anybody."""
        names = frozenset(name for event in events for name in self._names.get(event.subject, ()))
        if names and self._listener is not None:
            self._listener(names)


def _subject(event: type[Event]) -> str:
    if not event.subject:
        raise ValueError(f"the event {event.__name__} has no subject")
    return event.subject
