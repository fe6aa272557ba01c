"""The providers' part of `[auth]`.

    class AuthSettings(SocialSettings, frozen=True): ...

`settings.get(SocialSettings)` finds it in there.
"""

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

from girok.settings import Section, Settings, Wrong

__all__ = ["GoogleSettings", "KakaoSettings", "NaverSettings", "OidcSettings", "SocialSettings"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,30}[a-z0-9])?")
_URL = r"^(?:https://[^\s?#]+|http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?(?:/[^\s?#]*)?)\Z"
_FORM = {"form": "an https URL without a query; http only for this machine itself"}
_HIDDEN = {"secret": True}

ClientId = Annotated[str, Meta(description="The client id that the provider gave; empty: not offered.")]
ClientSecret = Annotated[str, Meta(extra=_HIDDEN, description="The client secret that the provider gave.")]
Authorize = Annotated[str, Meta(pattern=_URL, extra=_FORM, description="Where browsers are sent.")]
Token = Annotated[str, Meta(pattern=_URL, extra=_FORM, description="Where a code is exchanged for a token.")]
Userinfo = Annotated[str, Meta(pattern=_URL, extra=_FORM, description="Where a token is exchanged for a profile.")]
Issuer = Annotated[
    str, Meta(pattern=_URL, extra=_FORM, description="The issuer; its /.well-known/openid-configuration says the rest.")
]


class GoogleSettings(Struct, frozen=True, kw_only=True):
    """Signing in with Google."""

    client_id: ClientId = ""
    client_secret: ClientSecret = ""
    issuer: Issuer = "https://accounts.google.com"


class KakaoSettings(Struct, frozen=True, kw_only=True):
    """Signing in with Kakao; `client_id` is the REST API key."""

    client_id: ClientId = ""
    client_secret: ClientSecret = ""
    authorize_url: Authorize = "https://kauth.kakao.com/oauth/authorize"
    token_url: Token = "https://kauth.kakao.com/oauth/token"  # noqa: S105 - an address
    userinfo_url: Userinfo = "https://kapi.kakao.com/v2/user/me"


class NaverSettings(Struct, frozen=True, kw_only=True):
    """Signing in with Naver."""

    client_id: ClientId = ""
    client_secret: ClientSecret = ""
    authorize_url: Authorize = "https://nid.naver.com/oauth2.0/authorize"
    token_url: Token = "https://nid.naver.com/oauth2.0/token"  # noqa: S105 - an address
    userinfo_url: Userinfo = "https://openapi.naver.com/v1/nid/me"


class OidcSettings(Struct, frozen=True, kw_only=True):
    """Signing in with an OpenID Connect provider, at /v1/auth/oidc/NAME."""

    issuer: Issuer
    client_id: Annotated[str, Meta(min_length=1, description="The client id that the provider gave.")]
    client_secret: Annotated[
        str, Meta(extra=_HIDDEN, description="The client secret; empty for a client that has none.")
    ] = ""
    label: Annotated[str, Meta(description="What people call the provider; empty: its name here.")] = ""


class SocialSettings(Section, frozen=True):
    """Providers of social login."""

    section: ClassVar[str] = "auth"

    google: GoogleSettings = GoogleSettings()
    kakao: KakaoSettings = KakaoSettings()
    naver: NaverSettings = NaverSettings()
    oidc: dict[str, OidcSettings] = field(default_factory=dict[str, OidcSettings])

    def check(self, settings: Settings) -> Iterator[Wrong]:  # noqa: ARG002 - rules of other sections need them
        """An id comes with its secret (Kakao's may be switched off); names are parts of a path."""
        for name, each in (("google", self.google), ("naver", self.naver)):
            if each.client_id and not each.client_secret:
                yield Wrong(f"{name}.client_secret", f"must be set, as auth.{name}.client_id is")
        for name, each in (("google", self.google), ("kakao", self.kakao), ("naver", self.naver)):
            if each.client_secret and not each.client_id:
                yield Wrong(f"{name}.client_id", f"must be set, as auth.{name}.client_secret is")
        for name in self.oidc:
            if not _NAME.fullmatch(name):
                yield Wrong(f"oidc.{name}", "must be named with a-z, 0-9, - and _, in at most 32 characters")
