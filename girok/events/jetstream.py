"""JetStream's API, as far as the bus needs it: requests in JSON on `$JS.API.`, and publishing that is acknowledged."""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from girok.errors import Text, Unavailable
from girok.nats import NatsConnection

__all__ = ["JetStream", "JetStreamError", "failure_of"]

_STREAM_MISSING, _CONSUMER_MISSING, _MESSAGE_MISSING = 10059, 10014, 10037


class JetStreamError(Unavailable):
    """JetStream does not do what it was asked for; `code` is its `err_code`."""

    reason = "JETSTREAM_ERROR"

    def __init__(self, description: str, code: int) -> None:
        super().__init__(Text(description, description))
        self.code = code

    @property
    def missing(self) -> bool:
        """Whether the stream, the consumer or the message is not there."""
        return self.code in (_STREAM_MISSING, _CONSUMER_MISSING, _MESSAGE_MISSING)


class _Failure(msgspec.Struct):
    description: str = ""
    err_code: int = 0


class _Answer(msgspec.Struct):
    error: _Failure | None = None
    count: int = 0


_answer = msgspec.json.Decoder(_Answer)
Stored = tuple[str, bytes, dict[str, str]]
"""Subject, payload and headers of a message."""


class JetStream:
    """JetStream behind the connection of this process. Every method raises NatsUnavailable while it is away."""

    def __init__(self, connection: NatsConnection) -> None:
        self._connection = connection

    async def call(self, verb: str, body: object = None) -> dict[str, Any]:
        """The answer to `$JS.API.{verb}`. Raises JetStreamError, NoResponders."""
        payload = b"" if body is None else msgspec.json.encode(body)
        answer = await self._connection.current().request(f"$JS.API.{verb}", payload)
        if failure := failure_of(answer.data):
            raise failure
        return msgspec.json.decode(answer.data, type=dict[str, Any])

    async def find(self, verb: str, body: object = None) -> dict[str, Any] | None:
        """The answer, None when what is asked about is not there. Raises JetStreamError, NoResponders."""
        try:
            return await self.call(verb, body)
        except JetStreamError as error:
            if error.missing:
                return None
            raise

    async def store(self, subject: str, payload: bytes, headers: dict[str, str]) -> None:
        """Publish, and return once it is stored. Raises JetStreamError, MessageRefused, NoResponders (no stream)."""
        answer = await self._connection.current().request(subject, payload, headers=headers)
        if failure := failure_of(answer.data):
            raise failure

    async def store_all(self, messages: Sequence[Stored]) -> None:
        """Publish messages of one stream, 1,000 at the most, as an atomic batch (ADR-50): all of them, or none.

        A server that flushes every message to its disk flushes a batch once. Raises what `store` raises; JetStreamError
        also for a message that the stream has already.
        """
        session, batch = self._connection.current(), secrets.token_hex(8)
        *others, (subject, payload, headers) = messages
        for number, (each_subject, each_payload, each_headers) in enumerate(others, start=1):
            within = {**each_headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            await session.publish(each_subject, each_payload, headers=within)
        last = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(len(messages)), "Nats-Batch-Commit": "1"}
        answer = await session.request(subject, payload, headers={**headers, **last})
        if failure := failure_of(answer.data):
            raise failure
        if _answer.decode(answer.data).count != len(messages):
            raise JetStreamError("the server knows no batches", 0)


def failure_of(answer: bytes) -> JetStreamError | None:
    """The error in an answer of JetStream."""
    error = _answer.decode(answer).error
    return JetStreamError(error.description, error.err_code) if error else None
