"""Auth's published contract: accounts, sessions and the tokens that stand for them."""

from datetime import datetime
from typing import Protocol

import msgspec

from girok.context import Role
from girok.port import policy

__all__ = [
    "AuthService",
    "EndOtherSessionsRequest",
    "EndOtherSessionsResponse",
    "EndSessionRequest",
    "EndSessionResponse",
    "GetUserByUsernameRequest",
    "GetUserRequest",
    "GetUsersByIdsRequest",
    "ListSessionsRequest",
    "LoginRequest",
    "LoginResponse",
    "LogoutRequest",
    "LogoutResponse",
    "RegisterRequest",
    "RegisterResponse",
    "Session",
    "SessionsResponse",
    "User",
    "UsersResponse",
    "ValidateTokenRequest",
    "ValidateTokenResponse",
]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account. `email` is there only when who asks is the user."""

    id: str
    username: str
    name: str
    role: Role
    created_at: datetime
    avatar: str | None = None
    bio: str | None = None
    email: str | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One login. `device` is its User-Agent, `current` whether the call came with it."""

    id: str
    created_at: datetime
    last_used_at: datetime
    current: bool
    device: str | None = None
    address: str | None = None


class ValidateTokenRequest(msgspec.Struct, frozen=True):
    """`token`: an access token as `Login` gave it."""

    token: str


class ValidateTokenResponse(msgspec.Struct, frozen=True):
    """`valid` is false, and all else empty, for a token that is unknown, malformed, expired or of an ended session."""

    valid: bool
    user_id: str = ""
    role: Role = "GUEST"
    session_id: str = ""
    expires_at: datetime | None = None


class GetUserRequest(msgspec.Struct, frozen=True):
    id: str


class GetUserByUsernameRequest(msgspec.Struct, frozen=True):
    username: str


class GetUsersByIdsRequest(msgspec.Struct, frozen=True):
    """At most 1,000 ids."""

    ids: tuple[str, ...]


class UsersResponse(msgspec.Struct, frozen=True):
    """Those that exist, in no order."""

    users: tuple[User, ...]


class RegisterRequest(msgspec.Struct, frozen=True):
    email: str
    username: str
    password: str
    name: str
    device: str | None = None


class RegisterResponse(msgspec.Struct, frozen=True):
    """A new account with its first session."""

    user: User
    session_id: str
    access_token: str
    expires_at: datetime


class LoginRequest(msgspec.Struct, frozen=True):
    email: str
    password: str
    device: str | None = None


class LoginResponse(msgspec.Struct, frozen=True):
    """A new session. `expires_at` is when it ends even in use."""

    user: User
    session_id: str
    access_token: str
    expires_at: datetime


class LogoutRequest(msgspec.Struct, frozen=True):
    """Ends the session of who acts."""


class LogoutResponse(msgspec.Struct, frozen=True):
    pass


class ListSessionsRequest(msgspec.Struct, frozen=True):
    pass


class SessionsResponse(msgspec.Struct, frozen=True):
    """The living sessions of who acts, last used first."""

    sessions: tuple[Session, ...]


class EndSessionRequest(msgspec.Struct, frozen=True):
    id: str


class EndSessionResponse(msgspec.Struct, frozen=True):
    pass


class EndOtherSessionsRequest(msgspec.Struct, frozen=True):
    pass


class EndOtherSessionsResponse(msgspec.Struct, frozen=True):
    ended: int


class AuthService(Protocol):
    """Accounts and sessions. Who acts comes with the call context."""

    @policy(deadline=2.0, idempotent=True)
    async def validate_token(self, request: ValidateTokenRequest) -> ValidateTokenResponse:
        """Whether a token is good at this instant: its session's row is read, never remembered."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def get_user(self, request: GetUserRequest) -> User:
        """Raises UserNotFound."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def get_user_by_username(self, request: GetUserByUsernameRequest) -> User:
        """Raises UserNotFound."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def get_users_by_ids(self, request: GetUsersByIdsRequest) -> UsersResponse:
        """Ids that do not exist are left out."""
        ...

    @policy(deadline=15.0)
    async def register(self, request: RegisterRequest) -> RegisterResponse:
        """Raises EmailTaken, UsernameTaken, InvalidInput, RateLimited."""
        ...

    @policy(deadline=15.0)
    async def login(self, request: LoginRequest) -> LoginResponse:
        """Raises InvalidCredentials (the same, in the same time, for an unknown email), RateLimited."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def logout(self, request: LogoutRequest) -> LogoutResponse:
        """Twice is no error."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def list_sessions(self, request: ListSessionsRequest) -> SessionsResponse:
        """Raises Unauthenticated."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def end_session(self, request: EndSessionRequest) -> EndSessionResponse:
        """One of one's own sessions. Raises SessionNotFound, also for somebody else's."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def end_other_sessions(self, request: EndOtherSessionsRequest) -> EndOtherSessionsResponse:
        """Every session of who acts but the one that the call came with."""
        ...
