"""What REST's clients send and read, in their own names (camelCase).

The rules of `rules.py` stand here once more for who reads the OpenAPI: as documentation, since a refusal there has a
reason of its own.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from girok.clock import timestamp
from girok.context import Role
from plugins.auth import rules
from plugins.auth.messages import Confidential, Provider, Session, SignedIn, User

__all__ = [
    "AuthPayload",
    "DomainAccess",
    "DomainAccessBody",
    "EmailBody",
    "LoginBody",
    "LogoutBody",
    "Me",
    "Message",
    "PasswordBody",
    "PasswordChangeBody",
    "PasswordResetBody",
    "Person",
    "ProfileBody",
    "RefreshBody",
    "RegisterBody",
    "SessionView",
    "TokenBody",
    "TokenPair",
]


def _documented(**schema: Any) -> Meta:
    return Meta(extra_json_schema=schema)


Email = Annotated[str, _documented(pattern=rules.EMAIL_PATTERN, examples=["ada@example.org"])]
Username = Annotated[str, _documented(pattern=rules.USERNAME_PATTERN, minLength=3, maxLength=20)]
Name = Annotated[str, _documented(pattern=rules.NAME_PATTERN)]
NewPassword = Annotated[str, _documented(pattern=rules.PASSWORD_PATTERN, examples=["correct-Horse-7!"])]
Avatar = Annotated[str, _documented(pattern=r"^(?:https?://[!-~]+)?$", maxLength=2048)]
Bio = Annotated[str, _documented(pattern=rules.BIO_PATTERN, maxLength=500)]
Domain = Annotated[str, _documented(pattern=rules.DOMAIN_PATTERN, maxLength=253)]
Hours = Annotated[int, _documented(minimum=1, maximum=720)]


class RegisterBody(Confidential, frozen=True):
    email: Email
    username: Username
    password: NewPassword
    name: Name


class LoginBody(Confidential, frozen=True):
    email: str
    password: str


class RefreshBody(Confidential, frozen=True, rename="camel"):
    refresh_token: str


class LogoutBody(Confidential, frozen=True, rename="camel"):
    refresh_token: str | None = None


class DomainAccessBody(Confidential, frozen=True, rename="camel"):
    domain: Domain
    expires_in_hours: Hours
    recipient_email: Email | None = None


class ProfileBody(msgspec.Struct, frozen=True):
    """What is absent stays; null takes an avatar or a bio away."""

    name: Name | UnsetType = UNSET
    username: Username | UnsetType = UNSET
    avatar: Avatar | UnsetType | None = UNSET
    bio: Bio | UnsetType | None = UNSET


class PasswordChangeBody(Confidential, frozen=True, rename="camel"):
    current_password: str
    new_password: NewPassword


class PasswordResetBody(Confidential, frozen=True, rename="camel"):
    token: str
    new_password: NewPassword


class PasswordBody(Confidential, frozen=True):
    password: str | None = None


class EmailBody(Confidential, frozen=True):
    email: Email


class TokenBody(Confidential, frozen=True):
    token: str


class Me(msgspec.Struct, frozen=True, rename="camel"):
    """User, as its owner sees it."""

    id: str
    email: str
    username: str
    name: str
    avatar: str | None
    bio: str | None
    role: Role
    provider: Provider
    email_verified: bool
    created_at: str

    @classmethod
    def of(cls, user: User) -> "Me":
        """One's own account, as the service gave it to its owner."""
        return cls(
            user.id,
            user.email or "",
            user.username,
            user.name,
            user.avatar,
            user.bio,
            user.role,
            user.provider or "LOCAL",
            user.email_verified,
            timestamp(user.created_at),
        )


class Person(msgspec.Struct, frozen=True, rename="camel"):
    """User, as everybody sees it."""

    id: str
    username: str
    name: str
    avatar: str | None
    bio: str | None
    created_at: str

    @classmethod
    def of(cls, user: User) -> "Person":
        """Anybody's account."""
        return cls(user.id, user.username, user.name, user.avatar, user.bio, timestamp(user.created_at))


class AuthPayload(Confidential, frozen=True, rename="camel"):
    user: Me
    access_token: str
    refresh_token: str

    @classmethod
    def of(cls, signed_in: SignedIn) -> "AuthPayload":
        """A session that begins."""
        return cls(Me.of(signed_in.user), signed_in.access_token, signed_in.refresh_token)


class TokenPair(Confidential, frozen=True, rename="camel"):
    access_token: str
    refresh_token: str


class DomainAccess(Confidential, frozen=True, rename="camel"):
    access_token: str
    expires_at: str
    access_url: str


class SessionView(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    device: str | None
    address: str | None
    created_at: str
    last_used_at: str
    current: bool

    @classmethod
    def of(cls, session: Session) -> "SessionView":
        """One of one's own sessions."""
        return cls(
            session.id,
            session.device,
            session.address,
            timestamp(session.created_at),
            timestamp(session.last_used_at),
            session.current,
        )


class Message(msgspec.Struct, frozen=True):
    message: str
