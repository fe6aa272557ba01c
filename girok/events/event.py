"""Events: what happened, as a frozen Struct with a subject; and the envelope that carries one.

    class PostCreated(Event, frozen=True):
        subject: ClassVar[str] = "feed.post.created"
        post_id: str
        author_id: str

The payload on every bus is JSON `{id, type, occurredAt, actorId, traceparent, data}` (contracts of the platform);
`type` is the subject, `data` the Struct in camelCase, every time in it ISO 8601, UTC, with milliseconds and `Z`.
"""

from datetime import datetime
from typing import Any, ClassVar, cast

import msgspec

from girok.clock import timestamp

__all__ = ["Envelope", "Event", "encode", "open_envelope", "pack"]


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


_envelope_decoder = msgspec.json.Decoder(Envelope)


def pack(event: Event) -> msgspec.Raw:
    """The event's `data`."""
    return msgspec.Raw(msgspec.json.encode(_with_timestamps(msgspec.to_builtins(event, builtin_types=(datetime,)))))


def encode(envelope: Envelope) -> str:
    """The payload. (msgspec alone would write times with microseconds.)"""
    payload = {
        "id": envelope.id,
        "type": envelope.type,
        "occurredAt": timestamp(envelope.occurred_at),
        "actorId": envelope.actor_id,
        "traceparent": envelope.traceparent,
        "data": envelope.data,
    }
    return msgspec.json.encode(payload).decode()


def open_envelope(payload: str | bytes) -> Envelope:
    """The envelope of a payload; fields that it does not know are left out. Raises msgspec.DecodeError."""
    return _envelope_decoder.decode(payload)


def _with_timestamps(value: Any) -> Any:
    """`value`, as `to_builtins` made it, with every datetime as text."""
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, dict):
        return {name: _with_timestamps(each) for name, each in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_with_timestamps(each) for each in cast("list[Any]", value)]
    return value
