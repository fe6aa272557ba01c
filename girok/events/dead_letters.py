"""Dead letters of a cluster: messages of the stream GIROK_DEAD, one for each event and consumer that gave it up."""

import base64
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from girok.events.bus import DeadLetter
from girok.events.jetstream import JetStream
from girok.events.outgoing import LETTER, buried, directed
from girok.events.streams import DEAD

__all__ = ["DeadLetters"]

_log = logging.getLogger("girok.events")


class DeadLetters:
    """The letters. Every method may raise NatsUnavailable."""

    def __init__(self, jetstream: JetStream) -> None:
        self._jetstream = jetstream

    async def add(self, letter: DeadLetter, payload: bytes, message_id: str) -> None:
        """Keep a letter; the same `message_id` again is no second one. Raises JetStreamError, MessageRefused."""
        outgoing = buried(letter, payload, message_id)
        await self._jetstream.store(outgoing.subject, outgoing.payload, outgoing.headers)

    async def first(self, limit: int) -> list[DeadLetter]:
        """The letters, oldest death first."""
        found: list[DeadLetter] = []
        if limit > 0:
            async for _, letter, _ in self._all():
                found.append(letter)
                if len(found) == limit:
                    break
        return found

    async def revive(self, ids: Sequence[str] | None) -> int:
        """Publish the events of these letters again, each to its consumer only; None: of all that are here now.

        Killed in between, an event may be published twice: JetStream or the consumer's mark sees that.
        """
        wanted = None if ids is None else set(ids)
        info = await self._jetstream.find(f"STREAM.INFO.{DEAD.name}")
        count, last = 0, info["state"]["last_seq"] if info else 0
        async for sequence, letter, payload in self._all():
            if sequence > last:
                break
            if wanted is None or letter.event_id in wanted:
                message_id = f"{letter.event_id}/{letter.consumer}/{sequence}"
                again = directed(letter.event_id, letter.consumer, letter.subject, payload, message_id)
                await self._jetstream.store(again.subject, again.payload, again.headers)
                await self._jetstream.call(f"STREAM.MSG.DELETE.{DEAD.name}", {"seq": sequence, "no_erase": True})
                count += 1
        return count

    async def counts(self) -> dict[str, int]:
        """How many there are, by the consumer's durable name."""
        body = {"subjects_filter": DEAD.subject_for(">")}
        info = await self._jetstream.find(f"STREAM.INFO.{DEAD.name}", body)
        subjects: dict[str, int] = info["state"].get("subjects") or {} if info else {}
        return {subject.rpartition(".")[2]: count for subject, count in subjects.items()}

    async def _all(self) -> AsyncIterator[tuple[int, DeadLetter, bytes]]:
        """Sequence, letter and payload of each."""
        sequence = 0
        while message := await self._next(sequence + 1):
            sequence = message["seq"]
            payload = base64.b64decode(message.get("data", ""))
            known = _header(base64.b64decode(message.get("hdrs", "")), LETTER)
            try:
                fields: dict[str, Any] = msgspec.json.decode(known, type=dict[str, Any])
                letter = msgspec.convert({**fields, "envelope": payload.decode("utf-8", "replace")}, DeadLetter)
            except msgspec.MsgspecError:
                _log.warning("message %d of %s is no dead letter", sequence, DEAD.name)
            else:
                yield sequence, letter, payload

    async def _next(self, sequence: int) -> dict[str, Any] | None:
        body = {"seq": sequence, "next_by_subj": DEAD.subject_for(">")}
        found = await self._jetstream.find(f"STREAM.MSG.GET.{DEAD.name}", body)
        return found["message"] if found else None


def _header(block: bytes, name: str) -> bytes:
    """The value of a header in a block of them, empty without it."""
    start = f"{name}: ".encode()
    return next((line[len(start) :] for line in block.split(b"\r\n") if line.startswith(start)), b"")
