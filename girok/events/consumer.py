"""What a plugin's `consumers.py` declares: which event goes to which function, and how often it may fail.

    def consumers(kit: Kit) -> Sequence[Consumer]:
        return [Consumer("feed.fan-out", PostCreated, handler)]

A handler is given the event and its Delivery. It stores its effect in a unit that begins with `delivery.once()`: that
unit commits the effect and the mark that it happened, so an event delivered twice has one effect.

    async def fan_out(event: PostCreated, delivery: Delivery) -> None:
        def unit() -> Unit[None]:
            if (yield from delivery.once()):
                yield from execute(PUSH(post_id=event.post_id))
        await db.run(unit)

Many events cost less together: `Batched(handler, 100)` in place of the handler is given up to 100 that wait anyway.

    async def fan_out(batch: Batch) -> None:
        def unit() -> Unit[None]:
            for event, delivery in (yield from batch.once()):
                yield from execute(PUSH(post_id=event.post_id))
        await db.run(unit)

A handler that raises is called again later; after a batch that failed, with each of its events alone. `Unavailable`
(a store, a peer) means that the event is not to blame: it waits until that is back, however long. Anything else counts,
and so does a handler that takes longer than `timeout`: after `[events] max_deliver` of them the event is a dead letter.
Each is waited for longer, and no less than the error's `retry_after`.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Protocol

import msgspec

from girok.db.unit import Unit
from girok.events.event import Envelope, Event

__all__ = ["Batch", "BatchHandler", "Batched", "Consumer", "Delivery", "Handler"]


class Delivery(Protocol):
    """One event on its way to one consumer, the `attempt`-th time (from 1)."""

    @property
    def envelope(self) -> Envelope:
        """The event's id, time, actor and trace."""
        ...

    @property
    def attempt(self) -> int:
        """1 for the first delivery; deliveries that met an absent store or peer do not count, and in one box neither do
        those that a kill cut off."""
        ...

    def once(self) -> Unit[bool]:
        """In a unit: marks the event as done by this consumer. False when it was done before: then do nothing."""
        ...


class Batch(Protocol):
    """Events of one consumer with their deliveries, oldest first as far as the bus knows."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[tuple[Any, Delivery]]: ...

    def once(self) -> Unit[Sequence[tuple[Any, Delivery]]]:
        """In a unit: marks all of them as done by this consumer. Those that were not done before."""
        ...


Handler = Callable[[Any, Delivery], Awaitable[None]]
BatchHandler = Callable[[Batch], Awaitable[None]]


class Batched(msgspec.Struct, frozen=True):
    """A handler that is given up to `size` events at once."""

    handler: BatchHandler
    size: int = 100


class Consumer(msgspec.Struct, frozen=True):
    """`name` is stable (`role.what`): the durable consumer's name. `in_flight` calls of the handler run at once."""

    name: str
    event: type[Event]
    handler: Handler | Batched
    in_flight: int = 16
    timeout: float = 30.0
    """Seconds until a call counts as failed."""

    @property
    def most(self) -> int:
        """How many events one call of the handler is given at the most."""
        return self.handler.size if isinstance(self.handler, Batched) else 1
