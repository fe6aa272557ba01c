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
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.health.check import ServiceStatus

from girok.context import use
from girok.errors import GirokError, Internal, Unavailable, log_fault
from girok.rpc.contract import Contract, Method
from girok.rpc.converter import MOST_BYTES, Unsendable
from girok.rpc.http2_server import Fields, Incoming, Route, ServerConnection
from girok.rpc.metadata import SECRET, from_fields
from girok.rpc.open_services import open_routes
from girok.rpc.status import Draining, SecretRefused, grpc_error
from girok.telemetry.tracing import span

__all__ = ["RpcServer"]

_MOST_CONNECTIONS = 1000
_HANDSHAKE_SECONDS = 5.0
_GOODBYE_SECONDS = 0.5
_GRPC = {"rpc.system": "grpc"}
_log = logging.getLogger("girok.rpc")


class RpcServer:
    """Serves `ports`: each contract with the port that answers it, in process."""

    def __init__(
        self, ports: Sequence[tuple[Contract, Any]], *, secret: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self._secret = secret.encode()
        self._tls = tls
        self._serving = ServiceStatus()
        self._draining = False
        self._connections: set[ServerConnection] = set()
        self._server: asyncio.Server | None = None
        self._quiet = asyncio.Event()
        self._routes = dict(open_routes([contract.service for contract, _ in ports], self._serving))
        for contract, port in ports:
            for each in contract.methods:
                answer = self._answer(each, getattr(port, each.name))
                self._routes[each.path.encode()] = Route(self._admit, answer, MOST_BYTES, each.policy.deadline)

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError."""
        self._serving.set(True)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: ServerConnection(self),
            host,
            port,
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
            backlog=1024,
            ssl=self._tls,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if self._tls else None,
        )

    async def drain(self, seconds: float) -> None:
        """Refuse new calls and finish those that run, for `seconds` at most; then close. Twice is no error."""
        self._draining = True
        self._serving.set(False)
        with suppress(TimeoutError):
            await self._until(lambda: not any(each.is_busy for each in self._connections), seconds)
        if self._server is not None:
            self._server.close()
        for each in tuple(self._connections):
            each.say_goodbye()
        with suppress(TimeoutError):
            await self._until(lambda: not self._connections, _GOODBYE_SECONDS)
        for each in tuple(self._connections):
            each.abort()

    def route(self, path: bytes) -> Route:
        """See Host."""
        try:
            return self._routes[path]
        except KeyError:
            raise GRPCError(Status.UNIMPLEMENTED, "there is no such method") from None

    def opened(self, connection: ServerConnection) -> bool:
        """See Host."""
        self._connections.add(connection)
        return len(self._connections) <= _MOST_CONNECTIONS

    def lost(self, connection: ServerConnection) -> None:
        """See Host."""
        self._connections.discard(connection)
        self._quiet.set()

    def answered(self) -> None:
        """See Host."""
        self._quiet.set()

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not done():
                self._quiet.clear()
                await self._quiet.wait()

    def _admit(self, fields: Fields) -> None:
        given = fields.get(SECRET)
        if not given or not hmac.compare_digest(given, self._secret):
            raise grpc_error(SecretRefused())
        if self._draining:
            raise grpc_error(Draining())

    def _answer(self, method: Method, call: Callable[[Any], Awaitable[Any]]) -> Callable[[Incoming], Awaitable[bytes]]:
        async def answer(incoming: Incoming) -> bytes:
            try:
                with use(from_fields(incoming.fields, incoming.end)), span(method.path[1:], "server", _GRPC):
                    return method.response.encode(await call(method.request.decode(incoming.message)))
            except Unsendable:
                _log.exception("the answer of %s cannot be sent", method.path)
            except GirokError as error:
                if error.category == Unavailable.category:
                    log_fault(_log, f"{method.path} answered {error.reason}", error)  # its caller is not told the cause
                raise grpc_error(error) from None
            except GRPCError:
                raise
            except Exception:  # noqa: BLE001 - the boundary: our own fault
                _log.exception("%s failed", method.path)
            raise grpc_error(Internal())

        return answer
