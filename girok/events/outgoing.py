"""What is published to NATS: events for everybody or for one consumer only, and dead letters.

An event is published under its own subject. Its headers say which event it is, so that JetStream drops what it has seen
within the stream's duplicate window, and in which stream it has to end: what another one took would be lost.
"""

import json
import time

import msgspec

from girok.events.bus import DeadLetter
from girok.events.streams import DEAD, durable_name, stream_of
from girok.events.tables import RELAY

__all__ = ["FOR_CONSUMER", "LEASE_SECONDS", "LETTER", "Outgoing", "buried", "directed", "published"]

LEASE_SECONDS = 5.0
"""For how long a row of the outbox belongs to the process that appended or took it."""
FOR_CONSUMER = "Girok-Consumer"
"""Header: the event is for this consumer only, the others leave it alone."""
LETTER = "Girok-Letter"
"""Header: what is known of a dead letter, as JSON in ASCII; the payload is the event's."""
_EXPECTED_STREAM = "Nats-Expected-Stream"
_MESSAGE_ID = "Nats-Msg-Id"


class Outgoing(msgspec.Struct, frozen=True):
    """A row of the outbox on its way: its key, what is published where, and until when (`time.monotonic`) it is ours.

    `attempts` says how often NATS refused it.
    """

    event_id: str
    consumer: str
    subject: str
    payload: bytes
    headers: dict[str, str]
    until: float
    attempts: int = 0


def published(event_id: str, subject: str, envelope: str, attempts: int) -> Outgoing:
    """The event for everybody who listens to its subject."""
    headers = {_MESSAGE_ID: event_id, _EXPECTED_STREAM: stream_of(subject)}
    return Outgoing(event_id, RELAY, subject, envelope.encode(), headers, _lease(), attempts)


def directed(event_id: str, consumer: str, subject: str, payload: bytes, message_id: str) -> Outgoing:
    """The event for one consumer. `message_id` tells the times apart that it is given to it."""
    headers = {_MESSAGE_ID: message_id, _EXPECTED_STREAM: stream_of(subject), FOR_CONSUMER: consumer}
    return Outgoing(event_id, consumer, subject, payload, headers, _lease())


def buried(letter: DeadLetter, payload: bytes, message_id: str) -> Outgoing:
    """A dead letter. `payload` is the event as it came, `message_id` tells the deaths of one event apart."""
    known = msgspec.to_builtins(letter)
    del known["envelope"]
    headers = {_MESSAGE_ID: message_id, _EXPECTED_STREAM: DEAD.name, LETTER: json.dumps(known)}
    subject = DEAD.subject_for(durable_name(letter.consumer))
    return Outgoing(letter.event_id, letter.consumer, subject, payload, headers, _lease())


def _lease() -> float:
    return time.monotonic() + LEASE_SECONDS
