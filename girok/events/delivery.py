"""Deliveries: an event on its way to a consumer, and how it is marked as done."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

from girok.clock import Clock
from girok.db.unit import Unit, rows
from girok.events.event import Envelope
from girok.events.statements import DONE, MARK_DONE

__all__ = ["ClusterDelivery", "LocalDelivery", "MarkedDelivery", "Together"]

D = TypeVar("D", bound="MarkedDelivery")


class MarkedDelivery(ABC):
    """See girok.events.consumer.Delivery. A subclass says what the mark is."""

    __slots__ = ("attempt", "consumer", "envelope", "marked")

    def __init__(self, envelope: Envelope, attempt: int, consumer: str) -> None:
        self.envelope = envelope
        self.attempt = attempt
        self.consumer = consumer
        self.marked = False
        """Whether a unit has asked `once`; it may have been undone since."""

    def once(self) -> Unit[bool]:
        """See Delivery.once."""
        self.marked = True
        return bool((yield from self.mark([self.envelope.id])))

    @abstractmethod
    def mark(self, ids: Sequence[str]) -> Unit[set[str]]:
        """Mark these events as done by the consumer. Those that were not."""


class LocalDelivery(MarkedDelivery):
    """A delivery in one box: there the outbox is the queue, and the mark is that the row is gone."""

    __slots__ = ()

    def mark(self, ids: Sequence[str]) -> Unit[set[str]]:
        """See MarkedDelivery.mark."""
        return _ids((yield from rows(DONE(event_ids=ids, consumer=self.consumer))))


class ClusterDelivery(MarkedDelivery):
    """A delivery in a cluster: the mark is a row of `event_done`."""

    __slots__ = ("_clock",)

    def __init__(self, envelope: Envelope, attempt: int, consumer: str, clock: Clock) -> None:
        super().__init__(envelope, attempt, consumer)
        self._clock = clock

    def mark(self, ids: Sequence[str]) -> Unit[set[str]]:
        """See MarkedDelivery.mark."""
        return _ids((yield from rows(MARK_DONE(event_ids=ids, consumer=self.consumer, now=self._clock.now()))))


class Together(Generic[D]):
    """See girok.events.consumer.Batch."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Sequence[tuple[Any, D]]) -> None:
        self._pairs = pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[tuple[Any, D]]:
        return iter(self._pairs)

    def once(self) -> Unit[Sequence[tuple[Any, D]]]:
        """See Batch.once. An event that is in here twice is given once."""
        for _, delivery in self._pairs:
            delivery.marked = True
        new = yield from self._pairs[0][1].mark([delivery.envelope.id for _, delivery in self._pairs])
        fresh: list[tuple[Any, D]] = []
        for event, delivery in self._pairs:
            if delivery.envelope.id in new:
                new.discard(delivery.envelope.id)
                fresh.append((event, delivery))
        return fresh


def _ids(found: Sequence[dict[str, Any]]) -> set[str]:
    return {each["event_id"] for each in found}
