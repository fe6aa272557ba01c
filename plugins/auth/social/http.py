"""The routes of social login. Browsers come here by themselves, so that what goes wrong is told by where they are sent.

    GET /v1/auth/{google,kakao,naver}[?return=bff]       302 to the provider
    GET /v1/auth/{google,kakao,naver}/callback           302 to {web_origin}/auth/callback?token= | ?code= | ?error=
    GET /v1/auth/oidc/NAME, /callback                    the same for the providers of [auth.oidc.NAME]

`error` is a stable code (errors.py, or what SocialAccounts raises). No part of a request decides where a browser is
sent. A provider that is not configured answers 404. An address that comes too often is answered 429: a redirect would
take the code away with it, and so the page can be loaded again a moment later.
"""

import logging
import re
import secrets
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlencode

from litestar import MediaType, Request, Response, get
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from girok.errors import GirokError, RateLimited, log_fault
from girok.http.edge import InvalidHost
from girok.http.openapi import answers
from girok.kit import Kit
from girok.ratelimit import RateLimiter
from girok.sections import Web
from plugins.auth.service.story import by_address
from plugins.auth.social import cookies
from plugins.auth.social.accounts import SocialAccounts
from plugins.auth.social.attempt import Ending
from plugins.auth.social.errors import ProviderNotConfigured, SocialLoginExpired
from plugins.auth.social.login import Finished, SocialLogin
from plugins.auth.social.outgoing import Outgoing
from plugins.auth.social.providers import Provider, providers
from plugins.auth.social.settings import SocialSettings

__all__ = ["routes"]

_HOST = re.compile(r"(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_MOST_PARAMETERS = 32
_log = logging.getLogger(__name__)


def routes(kit: Kit, accounts: SocialAccounts, outgoing: Outgoing | None = None) -> Sequence[HTTPRouteHandler]:
    """The handlers, two for each provider that there is."""
    known = providers(kit.settings.get(SocialSettings))
    login = SocialLogin(known, kit.keys, kit.clock, outgoing or Outgoing())
    target = f"{kit.settings.get(Web).origins[0]}/auth/callback"
    return [handler for each in known for handler in _Door(each, login, accounts, target, kit.limiter).handlers()]


class _Seen(NamedTuple):
    """What a request tells of the browser and of how it reached us."""

    secure: bool
    origin: str
    cookie: str
    device: str | None


class _Door:
    """The two routes of one provider."""

    def __init__(
        self, provider: Provider, login: SocialLogin, accounts: SocialAccounts, target: str, limiter: RateLimiter
    ) -> None:
        self._provider = provider
        self._login = login
        self._accounts = accounts
        self._target = target
        self._limiter = limiter
        self._path = f"/v1/auth/{provider.path}"

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """As Litestar takes them."""
        label = self._provider.label
        name = self._provider.path.replace("/", "_")

        @get(self._path, status_code=302, summary=f"Sign in with {label}", operation_id=f"signInWith_{name}")
        @answers(ProviderNotConfigured, InvalidHost, RateLimited)
        async def begin(
            request: Request[Any, Any, Any],
            ending: Annotated[Literal["bff"] | None, QueryParameter(name="return")] = None,
        ) -> Response[bytes]:
            """Sends the browser to the provider. Anyone may call it."""
            await self._limiter.spend("social", *by_address())
            return await self._begin(_seen(request), ending or "token")

        @get(
            f"{self._path}/callback",
            status_code=302,
            summary=f"Come back from {label}",
            operation_id=f"comeBackFrom_{name}",
        )
        @answers(ProviderNotConfigured, InvalidHost, RateLimited)
        async def callback(request: Request[Any, Any, Any]) -> Response[bytes]:
            """Where the provider sends the browser back. Only who began a login in this browser comes through."""
            await self._limiter.spend("social", *by_address())
            return await self._finish(_seen(request), request.scope["query_string"])

        return begin, callback

    async def _begin(self, seen: _Seen, ending: Ending) -> Response[bytes]:
        try:
            begun = await self._login.begin(self._provider, ending, f"{seen.origin}{self._path}/callback")
        except ProviderNotConfigured:
            raise
        except GirokError as error:
            return _redirect(self._with_error(error))
        return _redirect(begun.url, cookies.with_attempt(begun.cookie, self._provider.path, secure=seen.secure))

    async def _finish(self, seen: _Seen, query: bytes) -> Response[bytes]:
        """Whatever comes of it, the attempt is used up; not so by a callback that somebody else made up."""
        used = cookies.without_attempt(self._provider.path, secure=seen.secure)
        attempt = cookies.attempt_of(seen.cookie, self._provider.path, secure=seen.secure)
        try:
            finished = await self._login.finish(self._provider, _single(query), attempt)
            location, given = await self._ended(finished, seen)
        except ProviderNotConfigured:
            raise
        except SocialLoginExpired as error:
            return _redirect(self._with_error(error))
        except GirokError as error:
            return _redirect(self._with_error(error), used)
        return _redirect(location, used, *given)

    async def _ended(self, finished: Finished, seen: _Seen) -> tuple[str, tuple[Cookie, ...]]:
        """Where the browser is sent, and what it gets along."""
        if finished.ending == "token":
            return self._with(token=await self._accounts.sign_in(finished.profile, seen.device)), ()
        browser = secrets.token_urlsafe(32)
        code = await self._accounts.hold(finished.profile, browser)
        return self._with(code=code), (cookies.with_browser(browser, secure=seen.secure),)

    def _with_error(self, error: GirokError) -> str:
        if error.category.http_status >= 500:
            log_fault(_log, f"a social login at {self._provider.id} ended with {error.reason}", error)
        return self._with(error=error.reason)

    def _with(self, **query: str) -> str:
        return f"{self._target}?{urlencode(query)}"


def _seen(request: Request[Any, Any, Any]) -> _Seen:
    """From the connection, or from a trusted proxy, whose word the edge has put in its place. Raises InvalidHost."""
    host, scheme = request.headers.get("host", ""), request.scope["scheme"]
    if not _HOST.fullmatch(host):
        raise InvalidHost
    return _Seen(
        secure=scheme == "https",
        origin=f"{scheme}://{host}",
        cookie="; ".join(request.headers.getall("cookie", [])),
        device=request.headers.get("user-agent"),
    )


def _single(query: bytes) -> dict[str, str]:
    """The parameters of a callback; none where one comes twice (RFC 6749, section 3.1), or where there are many."""
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return {}
    found = dict(pairs)
    return found if len(found) == len(pairs) else {}


def _redirect(location: str, *given: Cookie) -> Response[bytes]:
    """A 302 that no cache keeps, and whose address, which may hold a token, no page tells to another."""
    headers = {"location": location, "cache-control": "no-store", "referrer-policy": "no-referrer"}
    return Response(b"", status_code=302, media_type=MediaType.TEXT, headers=headers, cookies=given)
