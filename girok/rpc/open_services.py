"""Health and reflection: what anybody may ask, without the cluster's secret.

grpclib has both services; they are given our calls in the form of its streams.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from google.protobuf.message import DecodeError
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.health.check import ServiceStatus
from grpclib.health.service import OVERALL, Health
from grpclib.reflection.service import ServerReflection

from girok.rpc.http2_server import Fields, Incoming, Route

__all__ = ["open_routes"]

_MOST_BYTES = 4096
_DEADLINE = 3600.0


def open_routes(services: Collection[str], serving: ServiceStatus) -> Iterator[tuple[bytes, Route]]:
    """The routes of both by path; `serving` is the health of all services."""
    named: list[Any] = [_Named(each) for each in services]
    health = Health({each: [serving] for each in (OVERALL, *named)})
    for service in ServerReflection.extend([*named, health])[len(named) :]:
        for path, handler in service.__mapping__().items():
            yield path.encode(), Route(_anybody, _Answer(handler), _MOST_BYTES, _DEADLINE, streams=True)


def _anybody(fields: Fields) -> None:
    del fields


class _Named:
    """A service of which grpclib needs to know only the name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __mapping__(self) -> Mapping[str, None]:
        return {f"/{self._name}/": None}


class _Answer:
    """A method of grpclib's as a Route wants it."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    async def __call__(self, call: Incoming) -> bytes:
        await self._handler.func(_Stream(call, self._handler))
        return b""


class _Stream:
    """What grpclib's services use of a stream."""

    def __init__(self, call: Incoming, handler: Any) -> None:
        self._call = call
        self._handler = handler

    async def recv_message(self) -> Any:
        """The next message, None after the last."""
        data = await self._call.messages.get()
        try:
            return None if data is None else self._handler.request_type.FromString(data)
        except DecodeError:
            raise GRPCError(Status.INVALID_ARGUMENT, "the message cannot be read") from None

    async def send_message(self, message: Any) -> None:
        """Answer with one message."""
        await self._call.send(message.SerializeToString())

    async def send_trailing_metadata(self, *, status: Status) -> None:
        """End with a status."""
        raise GRPCError(status)

    def __aiter__(self) -> "_Stream":
        return self

    async def __anext__(self) -> Any:
        message = await self.recv_message()
        if message is None:
            raise StopAsyncIteration
        return message
