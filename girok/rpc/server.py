"""The gRPC server of a process: every port of its roles, health and reflection.

    server = RpcServer([(contract_of("feed", "FeedService"), ports[FeedService])], secret=secret)
    await server.start("127.0.0.1", 50053)

A call runs under the context that its metadata carries, within its deadline. Health and reflection need no secret.
"""

import asyncio
import hmac
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from grpclib.const import Cardinality, Handler, Status
from grpclib.encoding.proto import ProtoStatusDetailsCodec
from grpclib.exceptions import GRPCError
from grpclib.health.check import ServiceStatus
from grpclib.health.service import OVERALL, Health
from grpclib.reflection.service import ServerReflection
from grpclib.server import Server, Stream

from girok.context import use
from girok.errors import GirokError, Internal
from girok.port import DeadlineExceeded
from girok.rpc.contract import Contract, Method
from girok.rpc.converter import MOST_BYTES, Unsendable
from girok.rpc.metadata import SECRET, from_metadata
from girok.rpc.status import Draining, SecretRefused, grpc_error
from girok.rpc.wire import Codec

__all__ = ["RpcServer"]

_HEAD = 5
"""Bytes before each message: whether it is compressed, and its length."""
_log = logging.getLogger("girok.rpc")
_Answer = Callable[["Stream[Any, Any]"], Awaitable[None]]


class RpcServer:
    """Serves `ports`: each contract with the port that answers it, in process."""

    def __init__(
        self, ports: Sequence[tuple[Contract, Any]], *, secret: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self._secret = secret.encode()
        self._tls = tls
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False
        self._serving = ServiceStatus()
        services = [_Service(contract, self._handlers(contract, port)) for contract, port in ports]
        health = Health({each: [self._serving] for each in (OVERALL, *services)})
        self._server = Server(
            ServerReflection.extend([*services, health]), codec=Codec(), status_details_codec=ProtoStatusDetailsCodec()
        )

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError."""
        self._serving.set(True)
        await self._server.start(host, port, ssl=self._tls, family=socket.AF_INET6 if ":" in host else socket.AF_INET)

    async def drain(self, seconds: float) -> None:
        """Refuse new calls and finish those that run, for `seconds` at most; then close. Twice is no error."""
        self._draining = True
        self._serving.set(False)
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        finally:
            self._server.close()
            await self._server.wait_closed()

    def _handlers(self, contract: Contract, port: Any) -> Mapping[str, Handler]:
        return {
            each.path: Handler(self._answer(each, getattr(port, each.name)), Cardinality.UNARY_UNARY, bytes, bytes)
            for each in contract.methods
        }

    def _answer(self, method: Method, call: Callable[[Any], Awaitable[Any]]) -> _Answer:
        async def answer(stream: "Stream[Any, Any]") -> None:
            self._in_flight += 1
            self._idle.clear()
            try:
                await stream.send_message(await self._call(method, call, stream))
            except GirokError as error:
                raise grpc_error(error) from None
            except (GRPCError, TimeoutError):
                raise
            except Exception:  # noqa: BLE001 - the boundary: our own fault
                _log.exception("%s failed", method.path)
                raise grpc_error(Internal()) from None
            finally:
                self._in_flight -= 1
                if not self._in_flight:
                    self._idle.set()

        return answer

    async def _call(self, method: Method, call: Callable[[Any], Awaitable[Any]], stream: "Stream[Any, Any]") -> bytes:
        metadata: dict[str, str | bytes] = dict(stream.metadata) if stream.metadata else {}
        given = metadata.get(SECRET)
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), self._secret):
            raise SecretRefused
        if self._draining:
            raise Draining
        context = from_metadata(metadata, stream.deadline.time_remaining() if stream.deadline else None)
        try:
            async with asyncio.timeout(method.policy.deadline):
                request = method.request.decode(await _message(stream))
        except TimeoutError as error:
            raise DeadlineExceeded from error
        with use(context):
            result = await call(request)
        try:
            return method.response.encode(result)
        except Unsendable:
            _log.exception("the answer of %s cannot be sent", method.path)
            raise Internal from None


async def _message(stream: "Stream[Any, Any]") -> bytes:
    """The bytes of the one message. grpclib would take any length into memory."""
    source = stream._stream  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - it has no way to read less
    head = await source.recv_data(_HEAD)
    if len(head) < _HEAD or head[0]:
        raise GRPCError(Status.INVALID_ARGUMENT, "one message is expected, not compressed")
    length = int.from_bytes(head[1:], "big")
    if length > MOST_BYTES:
        raise GRPCError(Status.RESOURCE_EXHAUSTED, f"a message has {MOST_BYTES} bytes at the most, not {length}")
    data = await source.recv_data(length)
    if len(data) < length:
        raise GRPCError(Status.INVALID_ARGUMENT, "the message is cut off")
    return data


class _Service:
    """A port's methods as grpclib wants them."""

    def __init__(self, contract: Contract, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers
        self.name = contract.service

    def __mapping__(self) -> Mapping[str, Handler]:
        return self._handlers
