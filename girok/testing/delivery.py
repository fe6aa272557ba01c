"""Deliveries for tests of consumers: a bus delivers at least once, so a handler must bear to be called again."""

from datetime import UTC, datetime

import msgspec

from girok.events.consumer import Consumer, Delivery
from girok.events.delivery import LocalDelivery
from girok.events.event import Envelope

__all__ = ["delivered_before"]


def delivered_before(consumer: Consumer) -> Delivery:
    """A delivery of an event that `consumer` is done with: its `once` says no."""
    envelope = Envelope("done", consumer.event.subject, datetime.now(UTC), None, "", msgspec.Raw(b"{}"))
    return LocalDelivery(envelope, 2, consumer.name)
