"""Events: what happened, as a frozen Struct with a subject; and the envelope that carries one.

    class PostCreated(Event, frozen=True):
        subject: ClassVar[str] = "feed.post.created"
        post_id: str
        author_id: str

The payload on every bus is JSON `{id, type, occurredAt, actorId, traceparent, data}` (contracts of the platform);
`type` is the subject, `data` the Struct in camelCase.
"""

from datetime import datetime
from typing import ClassVar

import msgspec

__all__ = ["Envelope", "Event"]


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """The base of every event. A subclass sets `subject`."""

    subject: ClassVar[str] = ""


class Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """An event on its way. `data` is the event's JSON, decoded by the consumer that knows its type."""

    id: str
    type: str
    occurred_at: datetime
    actor_id: str | None
    traceparent: str
    data: msgspec.Raw
