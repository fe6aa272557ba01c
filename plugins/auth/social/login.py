"""The authorization code flow: from a browser that wants in to who somebody is at a provider.

What is checked when the browser comes back, in this order: that this browser began a login at this provider in the last
ten minutes (the sealed attempt in its cookie, and `state`); that this provider answers (`iss`, RFC 9207; the attempt
opens for one provider only, and each has a redirect URI of its own); the provider's own word of an error; then the
code, which the provider takes once, with PKCE's verifier, and the ID token with its nonce.
"""

import logging
from collections.abc import Mapping, Sequence
from hmac import compare_digest
from typing import Any, NamedTuple, cast

import msgspec

from girok.clock import Clock
from girok.keys import Keys
from plugins.auth.social.attempt import Attempt, Ending, new_attempt, opened, sealed
from plugins.auth.social.discovery import Issuer
from plugins.auth.social.errors import (
    ProviderNotConfigured,
    ProviderUnavailable,
    SocialLoginDenied,
    SocialLoginExpired,
    SocialLoginFailed,
)
from plugins.auth.social.id_token import Expected, IdTokenInvalid, KeyUnknown, verified
from plugins.auth.social.outgoing import Grant, Outgoing, authorization_url
from plugins.auth.social.profile import MalformedProfile, SocialProfile
from plugins.auth.social.providers import Endpoints, Provider

__all__ = ["Begun", "Finished", "SocialLogin"]

_KEY = "social-logins"
_LONGEST_CODE = 4096
_NO = frozenset({"access_denied", "consent_required", "interaction_required", "login_required"})
_AWAY = frozenset({"server_error", "temporarily_unavailable"})
_log = logging.getLogger(__name__)


class Begun(NamedTuple):
    """Where to send the browser, and the sealed attempt that its cookie keeps meanwhile."""

    url: str
    cookie: str


class Finished(NamedTuple):
    """Who somebody is, and how their browser goes on."""

    profile: SocialProfile
    ending: Ending


class SocialLogin:
    """Logins at these providers."""

    def __init__(self, providers: Sequence[Provider], keys: Keys, clock: Clock, outgoing: Outgoing) -> None:
        self._key = keys.get(_KEY)
        self._clock = clock
        self._outgoing = outgoing
        self._issuers = {each.id: Issuer(each.issuer, outgoing, clock) for each in providers if each.issuer}

    async def begin(self, provider: Provider, ending: Ending, redirect_uri: str) -> Begun:
        """Raises ProviderNotConfigured, ProviderUnavailable."""
        if not provider.is_configured:
            raise ProviderNotConfigured(provider.label, provider.setting)
        endpoints = await self._endpoints(provider)
        attempt = new_attempt(ending, redirect_uri, self._clock.now())
        return Begun(authorization_url(provider, endpoints, attempt), sealed(attempt, self._key, provider.id))

    async def finish(self, provider: Provider, query: Mapping[str, str], cookie: str | None) -> Finished:
        """The end of what `begin` began: `query` is the callback's, `cookie` the attempt that the browser kept.

        Raises ProviderNotConfigured, SocialLoginExpired, SocialLoginDenied, SocialLoginFailed, ProviderUnavailable.
        """
        if not provider.is_configured:
            raise ProviderNotConfigured(provider.label, provider.setting)
        attempt = opened(cookie or "", self._key, provider.id, self._clock.now())
        if attempt is None or not compare_digest(attempt.state.encode(), query.get("state", "").encode()):
            raise SocialLoginExpired
        endpoints = await self._endpoints(provider)
        code = _code(provider, endpoints, query)
        async with self._outgoing.exchange(provider, endpoints, attempt, code) as grant:
            answer = await self._answer(provider, endpoints, attempt, grant)
        try:
            return Finished(provider.read(provider.id, answer), attempt.ending)
        except MalformedProfile as error:
            raise ProviderUnavailable from error

    async def _endpoints(self, provider: Provider) -> Endpoints:
        return provider.endpoints or await self._issuers[provider.id].endpoints()

    async def _answer(
        self, provider: Provider, endpoints: Endpoints, attempt: Attempt, grant: Grant
    ) -> Mapping[str, Any]:
        """What says who somebody is. An ID token need not have the email: userinfo has it then."""
        if provider.issuer is None:
            return await _userinfo(provider, endpoints, grant)
        claims = await self._claims(provider, provider.issuer, attempt, grant)
        if "email" in claims or endpoints.userinfo is None:
            return claims
        more = await _userinfo(provider, endpoints, grant)
        if more.get("sub") != claims.get("sub"):
            raise _failed(provider, "userinfo is another user's")
        return {**more, **claims}

    async def _claims(self, provider: Provider, issuer_url: str, attempt: Attempt, grant: Grant) -> Mapping[str, Any]:
        token = grant.token.get("id_token")
        if not isinstance(token, str):
            raise _failed(provider, "no ID token")
        expected = Expected((issuer_url, *provider.other_issuers), provider.client_id, attempt.nonce)
        now = self._clock.now()
        issuer = self._issuers[provider.id]
        keys = await issuer.keys()
        try:
            try:
                return verified(token, keys, expected, now)
            except KeyUnknown:
                return verified(token, await issuer.keys(unlike=keys), expected, now)
        except IdTokenInvalid as error:
            raise _failed(provider, str(error)) from None


def _code(provider: Provider, endpoints: Endpoints, query: Mapping[str, str]) -> str:
    """The code of a callback. Raises what the callback says instead, if it is this provider that says it."""
    named = query.get("iss")
    if provider.issuer is not None and (named != provider.issuer if named else endpoints.names_issuer):
        raise _failed(provider, "another issuer answers")
    if error := query.get("error"):
        if error in _NO:
            raise SocialLoginDenied
        if error in _AWAY:
            raise ProviderUnavailable from RuntimeError(f"{provider.id} answers {error}")
        raise _failed(provider, f"it answers {error[:60]!a}")
    code = query.get("code", "")
    if not 0 < len(code) <= _LONGEST_CODE:
        raise _failed(provider, "no code")
    return code


async def _userinfo(provider: Provider, endpoints: Endpoints, grant: Grant) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(await grant.userinfo(endpoints.userinfo or "", provider.userinfo_query))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderUnavailable from error
    if not isinstance(found, dict):
        raise ProviderUnavailable from ValueError(f"userinfo of {provider.id} is no object")
    return cast("Mapping[str, Any]", found)


def _failed(provider: Provider, why: str) -> SocialLoginFailed:
    """The error for the browser; why is for the operator."""
    _log.warning("a social login at %s failed: %s", provider.id, why)
    return SocialLoginFailed()
