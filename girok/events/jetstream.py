"""JetStream's API, as far as the bus needs it: requests in JSON on `$JS.API.`, and publishing that is acknowledged."""

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


_answer = msgspec.json.Decoder(_Answer)


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


def failure_of(answer: bytes) -> JetStreamError | None:
    """The error in an answer of JetStream."""
    error = _answer.decode(answer).error
    return JetStreamError(error.description, error.err_code) if error else None
