"""A delivery of the local bus: its mark of what is done is the outbox row itself."""

from girok.db.unit import Unit, rows
from girok.events.event import Envelope
from girok.events.statements import DONE

__all__ = ["LocalDelivery"]


class LocalDelivery:
    """See girok.events.consumer.Delivery."""

    __slots__ = ("_consumer", "attempt", "envelope", "marked")

    def __init__(self, envelope: Envelope, attempt: int, consumer: str) -> None:
        self.envelope = envelope
        self.attempt = attempt
        self.marked = False
        """Whether a unit has asked `once`; it may have been undone since."""
        self._consumer = consumer

    def once(self) -> Unit[bool]:
        """Delete the outbox row together with the effect: who finds it gone comes too late."""
        self.marked = True
        return bool((yield from rows(DONE(event_id=self.envelope.id, consumer=self._consumer))))
