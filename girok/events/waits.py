"""How often an event was given back to JetStream without having failed: since something was away, or at a drain.

JetStream counts every delivery, and a message given back is delivered once more. So the attempt that a delivery is, is
JetStream's count less the number kept here: what remains are deliveries that failed and deliveries that a kill cut off.
Both numbers are with NATS, so they survive this process, and are there when the database is what is away.
"""

import base64

from girok.events.jetstream import JetStream
from girok.events.streams import WAITS

__all__ = ["Waits"]


class Waits:
    """The numbers by consumer, event and its place in the stream. Every method may raise NatsUnavailable."""

    def __init__(self, jetstream: JetStream, durable: str) -> None:
        self._jetstream = jetstream
        self._durable = durable

    async def count(self, event_id: str, sequence: int) -> int:
        """How often it was given back."""
        body = {"last_by_subj": self._subject(event_id, sequence)}
        found = await self._jetstream.find(f"STREAM.MSG.GET.{WAITS.name}", body)
        return int(base64.b64decode(found["message"]["data"])) if found else 0

    async def add(self, event_id: str, sequence: int) -> int:
        """It is given back once more. How often that makes."""
        count = await self.count(event_id, sequence) + 1
        await self._jetstream.store(self._subject(event_id, sequence), str(count).encode(), {})
        return count

    async def forget(self, event_id: str, sequence: int) -> None:
        """The event is done or dead."""
        await self._jetstream.call(f"STREAM.PURGE.{WAITS.name}", {"filter": self._subject(event_id, sequence)})

    def _subject(self, event_id: str, sequence: int) -> str:
        return WAITS.subject_for(self._durable, event_id, str(sequence))
