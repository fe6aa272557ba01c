"""What REST's clients send and read, in their own names (camelCase)."""

from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, UnsetType

from girok.context import Role
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
    "instant",
]


class RegisterBody(Confidential, frozen=True):
    email: str
    username: str
    password: str
    name: str


class LoginBody(Confidential, frozen=True):
    email: str
    password: str


class RefreshBody(Confidential, frozen=True, rename="camel"):
    refresh_token: str


class LogoutBody(Confidential, frozen=True, rename="camel"):
    refresh_token: str | None = None


class DomainAccessBody(Confidential, frozen=True, rename="camel"):
    domain: str
    expires_in_hours: int
    recipient_email: str | None = None


class ProfileBody(msgspec.Struct, frozen=True):
    """What is absent stays; null takes an avatar or a bio away."""

    name: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    avatar: str | UnsetType | None = UNSET
    bio: str | UnsetType | None = UNSET


class PasswordChangeBody(Confidential, frozen=True, rename="camel"):
    current_password: str
    new_password: str


class PasswordResetBody(Confidential, frozen=True, rename="camel"):
    token: str
    new_password: str


class PasswordBody(Confidential, frozen=True):
    password: str | None = None


class EmailBody(Confidential, frozen=True):
    email: str


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
            instant(user.created_at),
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
        return cls(user.id, user.username, user.name, user.avatar, user.bio, instant(user.created_at))


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
            instant(session.created_at),
            instant(session.last_used_at),
            session.current,
        )


class Message(msgspec.Struct, frozen=True):
    message: str


def instant(moment: datetime) -> str:
    """ISO 8601, UTC, milliseconds, `Z`."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
