"""The providers as data: where each is, what it is asked for, and how its answer is read."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from plugins.auth.social.profile import SocialProfile, from_claims, from_kakao, from_naver
from plugins.auth.social.settings import SocialSettings

__all__ = ["Endpoints", "Provider", "providers"]


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """Where a provider answers. `userinfo` may be missing where an ID token says it all."""

    authorize: str
    token: str
    userinfo: str | None = None
    jwks: str | None = None
    client_auth: str = "client_secret_post"
    names_issuer: bool = False
    """Whether its redirects always have `iss` (RFC 9207)."""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. It has an `issuer`, where it is discovered and gives ID tokens (OpenID Connect), or `endpoints`."""

    id: str
    """As profiles name it: `google`, `oidc:NAME`."""
    path: str
    """Its part of the address: `google`, `oidc/NAME`."""
    label: str
    client_id: str
    client_secret: str
    read: Callable[[str, Mapping[str, Any]], SocialProfile]
    scope: str | None = None
    pkce: bool = True
    issuer: str | None = None
    other_issuers: tuple[str, ...] = ()
    """What else its ID tokens may name as theirs."""
    endpoints: Endpoints | None = None
    userinfo_query: dict[str, str] = {}

    @property
    def is_configured(self) -> bool:
        """Whether girok is a client there."""
        return bool(self.client_id)

    @property
    def setting(self) -> str:
        """The key that makes girok a client there."""
        return f"auth.{self.path.replace('/', '.')}.client_id"


def providers(settings: SocialSettings) -> tuple[Provider, ...]:
    """All that girok knows, configured or not."""
    return (_google(settings), _kakao(settings), _naver(settings), *_oidc(settings))


def _google(settings: SocialSettings) -> Provider:
    given = settings.google
    return Provider(
        id="google",
        path="google",
        label="Google",
        client_id=given.client_id,
        client_secret=given.client_secret,
        read=from_claims,
        scope="openid email profile",
        issuer=given.issuer,
        other_issuers=("accounts.google.com",) if given.issuer == "https://accounts.google.com" else (),
    )


def _kakao(settings: SocialSettings) -> Provider:
    """Without a scope: Kakao asks for what the application's consent items name, and refuses others."""
    given = settings.kakao
    return Provider(
        id="kakao",
        path="kakao",
        label="Kakao",
        client_id=given.client_id,
        client_secret=given.client_secret,
        read=from_kakao,
        endpoints=Endpoints(authorize=given.authorize_url, token=given.token_url, userinfo=given.userinfo_url),
        userinfo_query={"secure_resource": "true"},  # images by https
    )


def _naver(settings: SocialSettings) -> Provider:
    """Without PKCE: Naver's documentation has none. Its consent screen is the application's."""
    given = settings.naver
    return Provider(
        id="naver",
        path="naver",
        label="Naver",
        client_id=given.client_id,
        client_secret=given.client_secret,
        read=from_naver,
        pkce=False,
        endpoints=Endpoints(authorize=given.authorize_url, token=given.token_url, userinfo=given.userinfo_url),
    )


def _oidc(settings: SocialSettings) -> tuple[Provider, ...]:
    return tuple(
        Provider(
            id=f"oidc:{name}",
            path=f"oidc/{name}",
            label=given.label or name,
            client_id=given.client_id,
            client_secret=given.client_secret,
            read=from_claims,
            scope="openid email profile",
            issuer=given.issuer,
        )
        for name, given in settings.oidc.items()
    )
