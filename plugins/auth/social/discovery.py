"""What an OpenID Connect provider says of itself (OpenID Connect Discovery, section 4), kept for an hour."""

import asyncio
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from girok.clock import Clock
from plugins.auth.social.errors import ProviderUnavailable
from plugins.auth.social.outgoing import Outgoing
from plugins.auth.social.providers import Endpoints

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

__all__ = ["Issuer"]

_KEPT = timedelta(hours=1)
_SAFE = re.compile(r"https://[^\s]+|http://(?:127\.0\.0\.1|localhost|\[::1\])(?:[:/][^\s]*)?")


class _Metadata(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _KeySet(msgspec.Struct, frozen=True):
    keys: tuple[dict[str, Any], ...]


class Issuer:
    """One provider, as it describes itself at `url`."""

    def __init__(self, url: str, outgoing: Outgoing, clock: Clock) -> None:
        self._url = url
        self._outgoing = outgoing
        self._clock = clock
        self._endpoints: Endpoints | None = None
        self._keys: KeySet | None = None
        self._asked_at: datetime | None = None
        self._asking = asyncio.Lock()

    async def endpoints(self) -> Endpoints:
        """Where it answers. Raises ProviderUnavailable, also where it calls itself otherwise than we do."""
        async with self._asking:
            now = self._clock.now()
            if self._endpoints is None or self._asked_at is None or now - self._asked_at >= _KEPT:
                document = await self._outgoing.get(f"{self._url.rstrip('/')}/.well-known/openid-configuration")
                self._endpoints, self._keys, self._asked_at = _read(document, self._url), None, now
            return self._endpoints

    async def keys(self, *, unlike: "KeySet | None" = None) -> "KeySet":
        """The keys that sign its ID tokens; others than `unlike`, where that lacks a key that is used now.

        Raises ProviderUnavailable.
        """
        endpoints = await self.endpoints()
        async with self._asking:
            if self._keys is None or self._keys is unlike:
                self._keys = _key_set(await self._outgoing.get(endpoints.jwks or ""))
            return self._keys


def _read(document: bytes, url: str) -> Endpoints:
    try:
        found = msgspec.json.decode(document, type=_Metadata)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderUnavailable from error
    if found.issuer != url:
        raise ProviderUnavailable from ValueError(f"{url} calls itself {found.issuer[:200]!a}")
    addresses = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint)
    if not all(each is None or _SAFE.fullmatch(each) for each in addresses):
        raise ProviderUnavailable from ValueError(f"{url} names an address that is not https")
    by_post = "client_secret_post" in found.token_endpoint_auth_methods_supported
    return Endpoints(
        authorize=found.authorization_endpoint,
        token=found.token_endpoint,
        userinfo=found.userinfo_endpoint,
        jwks=found.jwks_uri,
        client_auth="client_secret_post" if by_post else "client_secret_basic",
        names_issuer=found.authorization_response_iss_parameter_supported,
    )


def _key_set(document: bytes) -> "KeySet":
    """The keys of a set (RFC 7517) that we know how to use."""
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet, import_key

    try:
        found = msgspec.json.decode(document, type=_KeySet)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderUnavailable from error
    usable: list[Any] = []
    for each in found.keys:
        try:
            usable.append(import_key(each))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return KeySet(usable)
