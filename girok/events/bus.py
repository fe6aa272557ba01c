"""The port of a bus: what carries events from the outbox to their consumers.

In one box `LocalBus` answers it: the outbox itself is the queue. In a cluster it is `JetStreamBus`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

__all__ = ["Bus", "ConsumerStats", "DeadLetter"]


class DeadLetter(msgspec.Struct, frozen=True, rename="camel"):
    """An event that one consumer gave up after `attempts` deliveries; `error` is what the last one met.

    `envelope` is the payload as it was stored.
    """

    event_id: str
    consumer: str
    subject: str
    attempts: int
    dead_at: datetime
    error: str
    envelope: str


class ConsumerStats(msgspec.Struct, frozen=True, rename="camel"):
    """A consumer in figures.

    `delivered` and `failed` count deliveries since the start (`failed` without those that only have to wait).
    `depth` events are not done yet, the dead ones left out; `dead` is the number of dead letters; `lag` is for how
    many seconds the oldest has been due (in a cluster: there, retries included), 0 without one.
    """

    consumer: str
    delivered: int
    failed: int
    depth: int
    dead: int
    lag: float


class Bus(Protocol):
    """A bus. Delivery is at least once, to every consumer; effects stored behind `Delivery.once` happen once."""

    async def start(self) -> None:
        """Deliver from now on, first what an earlier process left."""
        ...

    async def drain(self, seconds: float = 20.0) -> None:
        """Start no more deliveries and finish those that run, for `seconds` at most; the rest is delivered again
        after the next start. Twice is no error."""
        ...

    async def dead(self, limit: int = 1000) -> list[DeadLetter]:
        """The dead letters, oldest death first. Raises Unavailable."""
        ...

    async def retry(self, ids: Sequence[str] | None = None) -> int:
        """Deliver dead letters again as if for the first time: those of the events `ids`, all without it.

        How many there were, counting each consumer. Raises Unavailable.
        """
        ...

    async def stats(self) -> tuple[ConsumerStats, ...]:
        """Every consumer in figures. Raises Unavailable."""
        ...

    def counts(self) -> Mapping[str, int]:
        """What it has counted besides, by the name of a metric: see Store.counts."""
        ...
