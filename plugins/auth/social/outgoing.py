"""Requests to providers, by Authlib over httpx2. Both are loaded at the first one: a box without logins needs neither.

Whatever goes wrong on the way is ProviderUnavailable, with its cause; only what the provider itself says no to is not.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import quote_plus

from plugins.auth.social.attempt import Attempt
from plugins.auth.social.errors import ProviderUnavailable, SocialLoginFailed
from plugins.auth.social.providers import Endpoints, Provider

__all__ = ["Grant", "Outgoing", "authorization_url"]

_SECONDS = 10.0
_LONGEST_WORD = 60
_VISIBLE = re.compile(r"[!-~]+")
_log = logging.getLogger(__name__)


def authorization_url(provider: Provider, endpoints: Endpoints, attempt: Attempt) -> str:
    """Where the browser is sent: the authorization request (RFC 6749, section 4.1.1; RFC 7636, section 4.3)."""
    from authlib.oauth2.client import OAuth2Client

    client = cast("Any", OAuth2Client)(
        None,
        client_id=provider.client_id,
        redirect_uri=attempt.redirect_uri,
        scope=provider.scope,
        code_challenge_method="S256",
    )
    more = {"nonce": attempt.nonce} if provider.issuer else {}
    verifier = attempt.verifier if provider.pkce else None
    url, _ = client.create_authorization_url(endpoints.authorize, attempt.state, code_verifier=verifier, **more)
    return str(url)


class Grant:
    """What a code was exchanged for: `token` is the token endpoint's answer. Good until `exchange` ends."""

    def __init__(self, client: Any, token: Mapping[str, Any]) -> None:
        self._client = client
        self.token = token

    async def userinfo(self, url: str, query: Mapping[str, str]) -> bytes:
        """Ask for the profile with the access token (RFC 6750). Raises SocialLoginFailed where that is refused."""
        bearer = {"authorization": f"Bearer {self.token['access_token']}"}
        answer = await self._client.request("GET", url, params=query or None, headers=bearer, withhold_token=True)
        if answer.status_code in {401, 403}:
            raise SocialLoginFailed
        return bytes(answer.raise_for_status().content)


class Outgoing:
    """The way to providers. Nothing takes longer than `seconds`."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._tls: ssl.SSLContext | None = None

    async def get(self, url: str) -> bytes:
        """A document that anybody may read. Raises ProviderUnavailable."""
        async with self._client() as client:
            answer = await client.request("GET", url, withhold_token=True)
            return bytes(answer.raise_for_status().content)

    @asynccontextmanager
    async def exchange(
        self, provider: Provider, endpoints: Endpoints, attempt: Attempt, code: str
    ) -> AsyncGenerator[Grant, None]:
        """Exchange a code (RFC 6749, section 4.1.3), and ask on with what it gave within the time that is left.

        Raises SocialLoginFailed when the provider refuses the code, ProviderUnavailable.
        """
        method = endpoints.client_auth if provider.client_secret else "none"
        # Authlib leaves this out for Basic (RFC 6749, section 2.3.1); ids of most providers have nothing to quote.
        quoted = quote_plus if method == "client_secret_basic" else str
        async with self._client(
            client_id=quoted(provider.client_id),
            client_secret=quoted(provider.client_secret),
            token_endpoint_auth_method=method,
        ) as client:
            token = await _fetched(client, provider, endpoints, attempt, code)
            yield Grant(client, token)

    @asynccontextmanager
    async def _client(self, **options: Any) -> AsyncGenerator[Any, None]:
        import httpx2
        from authlib.common.errors import AuthlibBaseError
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        if self._tls is None:
            self._tls = await asyncio.to_thread(httpx2.create_ssl_context)  # reads every certificate of the world
        try:
            async with (
                asyncio.timeout(self._seconds),
                cast("Any", AsyncOAuth2Client)(verify=self._tls, timeout=self._seconds, **options) as client,
            ):
                yield client
        except AuthlibBaseError as error:
            # Its description may hold the code, and so may a traceback.
            said = ascii(error.error)[:_LONGEST_WORD]
            _log.warning("a provider of social login refused a code: %s", said)
            raise SocialLoginFailed from None
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            raise ProviderUnavailable from error


async def _fetched(
    client: Any, provider: Provider, endpoints: Endpoints, attempt: Attempt, code: str
) -> Mapping[str, Any]:
    """The token endpoint's answer, with an access token that fits into a header. Naver wants the state once more."""
    more = {"code_verifier": attempt.verifier} if provider.pkce else {"state": attempt.state}
    try:
        token = await client.fetch_token(
            endpoints.token, grant_type="authorization_code", code=code, redirect_uri=attempt.redirect_uri, **more
        )
    except (ValueError, TypeError, RecursionError) as error:  # Authlib's, of an answer that is none
        raise ProviderUnavailable from error
    access_token = token.get("access_token")
    if not isinstance(access_token, str) or not _VISIBLE.fullmatch(access_token):
        raise ProviderUnavailable from ValueError(f"{provider.id} gave no access token")
    return token
