"""/graphql: who calls, on which terms, and the cookie of the answer. What GraphQL is, girok/graphql knows."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple

from litestar import asgi
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from girok.context import Actor
from girok.errors import GirokError, Internal, InvalidBearer, log_fault
from girok.graphql.execute import Engine
from girok.graphql.http import GraphQLHttp, Request, Response, refuse
from girok.graphql.part import Context
from girok.http.cors import Origins
from girok.kit import Kit
from girok.manifest import discover, part
from girok.sections import Web
from girok.telemetry.tracing import span
from plugins.auth.ports import AuthService, BrowserSessions, browser_of, without_browser
from plugins.bff import cookies
from plugins.bff.csrf import Origin, Sender, is_cross_site
from plugins.bff.errors import CrossSiteRequest, RequestCut
from plugins.bff.plugin import SessionSettings
from plugins.bff.repository_sql import SqlSessionRepository
from plugins.bff.sessions import Sessions, Visit

__all__ = ["routes"]

_BAD_BEARER = (b"www-authenticate", b'Bearer error="invalid_token"')
_NO_WEBSOCKETS = 1008
_log = logging.getLogger(__name__)


def routes(kit: Kit) -> Sequence[ASGIRouteHandler]:
    """The one route. Raises SchemaError when the plugins' parts do not make a schema."""
    found = [part(name, "graphql") for name in discover()]
    sessions = Sessions(SqlSessionRepository(kit.db), kit.ports[AuthService], kit.clock, kit.keys)
    kit.ports.add(BrowserSessions, sessions)
    door = Door(
        GraphQLHttp(Engine(module.PART for module in found if module is not None)),
        sessions,
        # That production names its origins is checked where the edge is made; here it is the list that matters.
        Origins(kit.settings.get(Web).origins, development=True),
        kit,
    )

    @asgi("/graphql", copy_scope=False)
    async def graphql(scope: Scope, receive: Receive, send: Send) -> None:
        """GraphQL over HTTP. Anyone may call it: with a cookie, with a bearer, or as nobody."""
        await door(scope, receive, send)

    return (graphql,)


class Transport(NamedTuple):
    """How the request came: the scheme and host that the client used."""

    scheme: str
    host: str

    @property
    def is_safe(self) -> bool:
        """Whether nobody on the way can read it."""
        return self.scheme == "https" or _is_loopback(self.host)


class Door:
    """The ASGI application behind /graphql."""

    def __init__(self, graphql: GraphQLHttp, sessions: Sessions, origins: Origins, kit: Kit) -> None:
        self._graphql = graphql
        self._sessions = sessions
        self._origins = origins
        self._ports = kit.ports
        self._insecure = kit.settings.get(SessionSettings).insecure

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """ASGI. Whatever goes wrong is answered as GraphQL's clients read it."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": _NO_WEBSOCKETS, "reason": ""})
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        try:
            response = await self._answer(scope, headers, receive)
        except InvalidBearer as error:
            response = refuse(headers, error, _BAD_BEARER)
        except Exception as error:  # noqa: BLE001 - the boundary: what is no error of ours is told as INTERNAL
            response = refuse(headers, _translated(error))
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body, "more_body": False})

    async def _answer(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], receive: Receive) -> Response:
        method: str = scope["method"]
        body = await _body(receive) if method == "POST" else b""
        transport = _transport(scope, headers)
        cookie, bearer = headers.get(b"cookie", b""), _bearer(headers.get(b"authorization", b""))
        sender = Sender(
            method,
            self._origin(headers, transport),
            headers.get(b"sec-fetch-site", b"").decode("latin-1"),
            headers.get(b"x-girok-csrf") == b"1",
            cookies.has_session(cookie),
            bearer is not None,
        )
        if is_cross_site(sender):
            raise CrossSiteRequest
        handle = cookies.read(cookie)
        origin = headers.get(b"origin")
        actor = await self._actor(bearer, handle, origin.decode("latin-1") if origin else None)
        visit = Visit(
            self._sessions,
            actor,
            handle,
            browser=browser_of(cookie.decode("latin-1"), secure=transport.scheme == "https") or "",
            device=headers.get(b"user-agent", b"").decode("latin-1"),
            is_safe=self._insecure or transport.is_safe,
        )
        if sender.has_cookie and actor is None:
            visit.cookie = ""
        with visit, span("graphql"):
            request = Request(method, scope["query_string"], headers, body)
            response = await self._graphql.answer(request, Context(self._ports, visit))
        self._set_cookie(response, visit.cookie, transport)
        if visit.ended_social_login:
            response.headers.append((b"set-cookie", without_browser(secure=transport.scheme == "https")))
        return response

    async def _actor(self, bearer: str | None, handle: str | None, origin: str | None) -> Actor | None:
        """Who calls. Raises InvalidBearer for a token that is not valid, whatever cookie comes with it."""
        if bearer is not None:
            actor = await self._sessions.actor_of_token(bearer, origin)
            if actor is None:
                raise InvalidBearer
            return actor
        return await self._sessions.actor_of_handle(handle) if handle is not None else None

    def _origin(self, headers: Mapping[bytes, bytes], transport: Transport) -> Origin:
        origin = headers.get(b"origin")
        if origin is None:
            return "none"
        allowed = self._origins.allowed(origin.decode("latin-1"), transport.host, transport.scheme)
        return "allowed" if allowed else "foreign"

    def _set_cookie(self, response: Response, cookie: str | None, transport: Transport) -> None:
        if cookie is None:
            return
        secure = transport.scheme == "https" or not self._insecure
        line = cookies.written(cookie, secure=secure) if cookie else cookies.cleared(secure=secure)
        response.headers.append((b"set-cookie", line))


def _translated(error: Exception) -> GirokError:
    """`error` as one of ours; our own faults are logged."""
    known = error if isinstance(error, GirokError) else Internal()
    if known.category.http_status >= 500:
        log_fault(_log, f"answered {known.reason}", error)
    return known


def _transport(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> Transport:
    """From the connection, or from a trusted proxy, whose word the edge has put in its place."""
    return Transport(scope["scheme"], headers.get(b"host", b"").decode("latin-1"))


@lru_cache(maxsize=256)
def _is_loopback(host: str) -> bool:
    name = host.lower()
    name = name[1 : name.find("]")] if name.startswith("[") else name.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _bearer(authorization: bytes) -> str | None:
    scheme, _, token = authorization.decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def _body(receive: Callable[[], Awaitable[Any]]) -> bytes:
    """The whole body. Raises RequestCut, and what the edge raises for one that is too large."""
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise RequestCut
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)
