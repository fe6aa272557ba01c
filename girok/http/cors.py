"""Which web origins may call girok, and how browsers are told (CORS, the Fetch standard).

`Origins` decides; the bff's CSRF rule asks it too. `Cors` gives the headers: every answer of the edge carries them, so
that a script can read a 404 or a 413 as well.
"""

import re
from collections.abc import Mapping, Sequence

from girok.refusal import Refusal

__all__ = ["DEVELOPMENT_ORIGINS", "Cors", "Origins"]

DEVELOPMENT_ORIGINS = ("http://127.0.0.1:3000", "http://localhost:3000")
Header = tuple[bytes, bytes]

_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?")
_COOKIE_PATHS = ("/graphql/", "/socket.io/")
_METHODS = b"GET, POST, PUT, PATCH, DELETE"
_ALLOWED_FOR_SECONDS = b"7200"
_VARY: Header = (b"vary", b"Origin")
_EXPOSED: Header = (b"access-control-expose-headers", b"X-Request-Id, Retry-After")
_CREDENTIALS: Header = (b"access-control-allow-credentials", b"true")


class Origins:
    """The origins of the web clients; girok's own is always one of them."""

    def __init__(self, configured: Sequence[str], *, development: bool) -> None:
        """`configured` is `[web] origins`. Raises Refusal on what is no origin, and in production on none at all."""
        for origin in configured:
            if not _ORIGIN.fullmatch(origin):
                raise Refusal(
                    f"web.origins (GIROK_WEB_ORIGINS): {origin!r} is not an origin like https://example.com, "
                    "in small letters and without a path"
                )
        if not configured and not development:
            raise Refusal("web.origins (GIROK_WEB_ORIGINS) must be set in production: the origins of the web clients")
        self.configured = tuple(configured) or DEVELOPMENT_ORIGINS
        self._set = frozenset(self.configured)

    @property
    def web_origin(self) -> str:
        """The first of them: where links to the web client lead."""
        return self.configured[0]

    def allowed(self, origin: str, host: str, scheme: str) -> bool:
        """Whether scripts of `origin` may call a girok that was reached as `host` over `scheme`.

        Behind a proxy that ends TLS girok sees `http` where the browser saw `https`, so that the own host's https
        origin counts as its own; the other way round it does not: a page from http is not to be trusted by https.
        """
        if origin in self._set:
            return True
        seen, _, rest = origin.partition("://")
        return bool(rest) and _same_host(rest, host, seen) and (seen == "https" or seen == scheme == "http")


class Cors:
    """The headers for an answer. REST is called with bearers, never with credentials; /graphql and /socket.io are."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins

    def headers(self, path: str, request: Mapping[bytes, bytes], scheme: str) -> tuple[Header, ...]:
        """What an answer to a request with these headers carries."""
        origin = request.get(b"origin")
        if origin is None or not self._allows(origin, request, scheme):
            return (_VARY,)
        allow = (b"access-control-allow-origin", origin)
        if _takes_cookies(path):
            return (_VARY, allow, _EXPOSED, _CREDENTIALS)
        return (_VARY, allow, _EXPOSED)

    def preflight(self, path: str, request: Mapping[bytes, bytes], scheme: str) -> tuple[Header, ...]:
        """What the 204 to a preflight carries beside `headers`; nothing for an origin that is not allowed."""
        if not self._allows(request[b"origin"], request, scheme):
            return ()
        names = b"Authorization, Content-Type"
        if _takes_cookies(path):
            names += b", X-Girok-Csrf"
        return (
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", names),
            (b"access-control-max-age", _ALLOWED_FOR_SECONDS),
        )

    def _allows(self, origin: bytes, request: Mapping[bytes, bytes], scheme: str) -> bool:
        return self._origins.allowed(origin.decode("latin-1"), request.get(b"host", b"").decode("latin-1"), scheme)


def _takes_cookies(path: str) -> bool:
    return f"{path}/".startswith(_COOKIE_PATHS)


def _same_host(host: str, other: str, scheme: str) -> bool:
    default = ":443" if scheme == "https" else ":80"
    return host.lower().removesuffix(default) == other.lower().removesuffix(default) != ""
