"""The streams of a cluster: one for the events of each domain, one for dead letters, one for what only waits.

All of them keep by limits and in files: a work queue would refuse a second consumer on a subject, and one that nobody
has made yet finds what happened before it.
"""

import json
from typing import Any

import msgspec

__all__ = ["DEAD", "NOTE", "WAITS", "Stream", "config_of", "differences", "durable_name", "event_stream", "stream_of"]

_SECOND = 1_000_000_000
_DAY = 86_400.0
_DUPLICATE_WINDOW = 120.0
"""Seconds in which JetStream drops a message that it has. A row of the outbox is published again when its lease of 5 s
is over and whoever had it died, and by the next process within a second of that. A wider window costs memory (150 bytes
a message), and what comes later is told by its mark in `event_done`."""
NOTE = "girok"
"""The key of a stream's metadata that says how girok made it."""


class Stream(msgspec.Struct, frozen=True):
    """A stream over `prefix.>`. `max_age` in seconds, 0 for ever; `newest` keeps only the last of each subject."""

    name: str
    prefix: str
    max_age: float
    newest: bool = False

    def subject_for(self, *tokens: str) -> str:
        """A subject of this stream."""
        return ".".join((self.prefix, *tokens))


DEAD = Stream("GIROK_DEAD", "girok.dead", 0)
"""Dead letters, until somebody has them delivered again."""
WAITS = Stream("GIROK_WAITS", "girok.waits", 40 * _DAY, newest=True)
"""How often an event was given back without having failed (waits.py)."""


def event_stream(domain: str, days: float = 7) -> Stream:
    """The stream of a domain's events: FEED over `feed.>`."""
    return Stream(domain.upper(), domain, days * _DAY)


def stream_of(subject: str) -> str:
    """The name of the stream that keeps a subject."""
    return subject.partition(".")[0].upper()


def durable_name(consumer: str) -> str:
    """The name of a consumer in JetStream, which takes no dots: `feed_fan-out` for `feed.fan-out`."""
    return consumer.replace(".", "_")


def config_of(stream: Stream) -> dict[str, Any]:
    """The stream's configuration, as far as girok cares: replicas, placement and the like are the operator's."""
    return {
        "name": stream.name,
        "subjects": [f"{stream.prefix}.>"],
        "retention": "limits",
        "storage": "file",
        "discard": "old",
        "max_age": int(stream.max_age * _SECOND),
        "max_msgs": -1,
        "max_bytes": -1,
        "max_msg_size": -1,
        "max_msgs_per_subject": 1 if stream.newest else -1,
        "duplicate_window": int(_DUPLICATE_WINDOW * _SECOND),
        "allow_atomic": True,
    }


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What is not as wanted, each as `key: X instead of Y`."""
    return [
        f"{key}: {json.dumps(found.get(key))} instead of {json.dumps(value)}"
        for key, value in wanted.items()
        if found.get(key) != value
    ]
