"""The edge: what every request passes on its way in and out, around the whole application.

    edge = Edge(app, cors=Cors(origins), metrics=metrics, clock=clock, limits=BodyLimits(app, http.max_body))
    Server(edge, interface="asgi", ...)
    ...
    edge.draining = True                  # answers close their connections
    edge.refusing = True                  # and what comes now is answered 503
    await edge.idle(20.0)                 # until the last request is answered

It takes a trusted proxy's word for who asks, gives a request its call context, counts it, limits its body and answers
preflights; it gives the answer its request id, CORS and security headers, whoever wrote it. It runs on every request,
so that it is written for speed: headers become one dict, and nothing is built that this request does not need.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any, TypeAlias

from girok.clock import Clock
from girok.context import CallContext, use
from girok.errors import InvalidInput, NotFound, Text, Unavailable
from girok.http.body import Arrivals, GuardedBody, PayloadTooLarge
from girok.http.body_limits import BodyLimits
from girok.http.call import as_get, call_context
from girok.http.cors import Cors, Header
from girok.http.problems import MEDIA_TYPE, problem, translate
from girok.http.proxies import Proxies
from girok.telemetry.metrics import Metrics
from girok.telemetry.tracing import span

__all__ = ["ASGIApp", "Edge", "InvalidHost", "InvalidText", "Stopping"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

_STORED = ("/public/", "/private/", "/temp/")
"""Where files go up and down: their routes have limits of their own."""
_PROBES = frozenset({"/livez", "/readyz", "/metrics"})
_NOSNIFF: Header = (b"x-content-type-options", b"nosniff")
_CLOSE: Header = (b"connection", b"close")
_log = logging.getLogger(__name__)
_access = logging.getLogger("girok.access")


class InvalidHost(InvalidInput):
    """HTTP/1.1 wants one Host header (RFC 9112, section 3.2)."""

    reason = "INVALID_HOST"
    text = Text("The request must have one Host header.", "요청에는 Host 헤더가 하나 있어야 합니다.")


class InvalidText(InvalidInput):
    """The character NUL in a parameter: no text has it here, and PostgreSQL cannot store it."""

    reason = "INVALID_TEXT"
    text = Text("Parameters must not hold the character NUL.", "매개변수에 NUL 문자는 쓸 수 없습니다.")


class Stopping(Unavailable):
    """This process is about to end and takes no more requests."""

    reason = "STOPPING"


class Edge:
    """The outermost ASGI application.

    Bodies are on their way in `arrivals`. Set `draining` before the process stops, then `refusing`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        cors: Cors,
        metrics: Metrics,
        clock: Clock,
        limits: BodyLimits,
        access_log: bool = False,
        proxies: Proxies | None = None,
    ) -> None:
        self.draining = False
        self.refusing = False
        self.arrivals = Arrivals()
        self._app = app
        self._cors = cors
        self._metrics = metrics
        self._clock = clock
        self._limits = limits
        self._access_log = access_log
        self._proxies = proxies
        self._running: set[asyncio.Task[Any] | None] = set()
        self._nothing_runs = asyncio.Event()
        self._cut = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        kind = scope["type"]
        if self._proxies is not None and kind != "lifespan":
            self._proxies.unwrap(scope)
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "websocket":
            with use(call_context(scope, dict(scope["headers"]))):
                await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    @property
    def in_flight(self) -> int:
        """How many requests run now."""
        return len(self._running)

    def cut_off(self) -> None:
        """Cancel what runs; whoever has had no answer yet is told so."""
        self._cut = True
        for task in self._running:
            if task is not None:
                task.cancel()

    async def idle(self, timeout: float) -> bool:  # noqa: ASYNC109 - an answer, not an exception, says that it passed
        """Wait until no request runs, `timeout` seconds at most. False when some still do."""
        try:
            async with asyncio.timeout(timeout):
                while self._running:
                    self._nothing_runs.clear()
                    await self._nothing_runs.wait()
        except TimeoutError:
            return False
        return True

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        method, path = scope["method"], scope["path"]
        answer = _Answer(send, self, scope["http_version"])
        task = asyncio.current_task()
        self._running.add(task)
        try:
            with use(call_context(scope, headers)) as call:
                answer.headers = self._answer_headers(scope, path, headers, call)
                with span(method, "server", {"url.path": path}, root=b"traceparent" not in headers):
                    await self._answer(scope, headers, receive, answer)
                if self._access_log:
                    _access.info("%s %s %d", method, path, answer.status, extra=_access_fields(started, call))
        finally:
            self._running.discard(task)
            if not self._running:
                self._nothing_runs.set()
            self._metrics.observe(method, _route(scope), answer.status, perf_counter() - started)

    async def _answer(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, answer: "_Answer") -> None:
        """Let the application answer, and answer what it may not or could not."""
        method, path = scope["method"], scope["path"]
        try:
            if method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers:
                more = self._cors.preflight(path, headers, scope["scheme"])
                await answer.whole(204, list(more), b"")
                return
            self._admit(scope, headers)
            if method == "HEAD" and not path.startswith(_STORED):  # files know HEAD
                as_get(scope)
            if b"content-length" in headers or b"transfer-encoding" in headers or scope["http_version"] != "1.1":
                receive = await self._guarded(path, headers, receive)
            await self._app(scope, receive, answer)
        except asyncio.CancelledError:
            if not self._cut:
                raise
            await self._fail(Stopping(retry_after=1), scope, answer)
        except Exception as error:  # noqa: BLE001 - the outermost boundary: whatever it is, the caller gets an answer
            await self._fail(error, scope, answer)

    def _admit(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """Raises Stopping for what comes too late; InvalidHost, InvalidText, NotFound for what can mean nobody."""
        if self.refusing and scope["path"] not in _PROBES:
            raise Stopping(retry_after=1)
        if b"%00" in scope["query_string"]:
            raise InvalidText
        if "\0" in scope["path"]:
            raise NotFound
        if not headers.get(b"host") and scope["http_version"] == "1.1":
            raise InvalidHost
        given = scope["headers"]
        if len(given) > len(headers) and [name for name, _ in given].count(b"host") > 1:
            raise InvalidHost

    async def _guarded(self, path: str, headers: dict[bytes, bytes], receive: Receive) -> Receive:
        """`receive` with the limit for this path. Who reads a body that is too long answers that in its own form."""
        limit = float("inf") if path.startswith(_STORED) else self._limits.of(path)
        body = GuardedBody(receive, limit, self.arrivals, may_dawdle=path.startswith(_STORED))
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > limit:
            if b"expect" not in headers:  # else the client waits for our word and has sent nothing
                await body.discard()
            return _too_large
        return body

    async def _fail(self, error: Exception, scope: Scope, answer: "_Answer") -> None:
        if answer.status:
            # The server cuts the connection when the body does not end, so that nobody takes a part for the whole.
            _log.error("failed in the middle of an answer", exc_info=error)
            return
        known = error if isinstance(error, Stopping) else translate(error)  # which would log each of them
        status, headers, body = problem(known, scope, self._clock)
        named = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await answer.whole(status, [(b"content-type", MEDIA_TYPE.encode()), *named], body)

    def _answer_headers(
        self, scope: Scope, path: str, headers: dict[bytes, bytes], call: CallContext
    ) -> tuple[Header, ...]:
        return ((b"x-request-id", call.request_id.encode()), *self._cors.headers(path, headers, scope["scheme"]))


class _Answer:
    """ASGI's `send`: adds the edge's headers to an answer, where it has none of its own, and knows its status."""

    __slots__ = ("_edge", "_http_version", "_send", "headers", "status")

    def __init__(self, send: Send, edge: Edge, http_version: str) -> None:
        self._send = send
        self._edge = edge
        self._http_version = http_version
        self.headers: tuple[Header, ...] = ()
        self.status = 0

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given: list[Header] = [*message.get("headers", ())]
            message = {**message, "headers": self._with_ours(given)}
        return self._send(message)

    async def whole(self, status: int, headers: list[Header], body: bytes) -> None:
        """An answer of the edge itself."""
        length = [(b"content-length", str(len(body)).encode())] if body else []
        await self({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
        await self({"type": "http.response.body", "body": body})

    def _with_ours(self, given: list[Header]) -> list[Header]:
        names = {name for name, _ in given}
        if b"access-control-allow-origin" in names:  # a route with a CORS rule of its own, such as public images
            given += [each for each in self.headers if not each[0].startswith((b"access-control-", b"vary"))]
        else:
            given += self.headers
        if _NOSNIFF[0] not in names:
            given.append(_NOSNIFF)
        if self._edge.draining and self._http_version.startswith("1"):
            given.append(_CLOSE)
        return given


async def _too_large() -> Message:
    raise PayloadTooLarge


def _route(scope: Scope) -> str:
    """The template of the route that answered; one word for all that has none, to keep the labels few."""
    template = scope.get("path_template")
    if template:
        return template
    handler = scope.get("route_handler")
    return min(handler.paths) if handler is not None else "(none)"


def _access_fields(started: float, call: CallContext) -> dict[str, Any]:
    return {"ms": round((perf_counter() - started) * 1000, 2), "address": call.address}
