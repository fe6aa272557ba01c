"""Auth's published contract: accounts, sessions and the tokens that stand for them.

users = await users_by_id(context.ports[AuthService], [post.author_id for post in posts])
users[post.author_id].username
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

import msgspec

from girok.context import Role
from girok.port import policy

__all__ = [
    "AuthService",
    "Confidential",
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
    "users_by_id",
]

MOST_IDS = 1000


class Confidential(msgspec.Struct, frozen=True):
    """The base of what holds a password, a token or a hash of one: its values never show in a log or a traceback."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


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


class ValidateTokenRequest(Confidential, frozen=True):
    """`token`: an access token as `Login` gave it."""

    token: str


class ValidateTokenResponse(msgspec.Struct, frozen=True):
    """`valid` is false, and all else empty, for a token that is unknown, malformed, expired or of an ended session.

    `expires_at` is when the session ends even in use.
    """

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


class RegisterRequest(Confidential, frozen=True):
    """Emails are unique in any case of their letters. `device` is the client's User-Agent."""

    email: str
    username: str
    password: str
    name: str
    device: str | None = None


class RegisterResponse(Confidential, frozen=True):
    """A new account with its first session. `expires_at` is when that ends even in use."""

    user: User
    session_id: str
    access_token: str
    expires_at: datetime


class LoginRequest(Confidential, frozen=True):
    """`device` is the client's User-Agent."""

    email: str
    password: str
    device: str | None = None


class LoginResponse(Confidential, frozen=True):
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
    """The living sessions of who acts, last used first, 1,000 at the most."""

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
        """Ids that do not exist are left out. Raises InvalidInput for more than 1,000."""
        ...

    @policy(deadline=15.0)
    async def register(self, request: RegisterRequest) -> RegisterResponse:
        """Raises EmailTaken or UsernameTaken; RateLimited; HashingBusy; InvalidEmail, InvalidUsername, InvalidPassword
        or InvalidName after the first field that is wrong, with every wrong one in its details.
        """
        ...

    @policy(deadline=15.0)
    async def login(self, request: LoginRequest) -> LoginResponse:
        """Raises InvalidCredentials (the same, in the same time, for an unknown email), RateLimited, HashingBusy."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def logout(self, request: LogoutRequest) -> LogoutResponse:
        """Twice is no error, nor is it with nobody signed in."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def list_sessions(self, request: ListSessionsRequest) -> SessionsResponse:
        """Raises Unauthenticated."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def end_session(self, request: EndSessionRequest) -> EndSessionResponse:
        """One of one's own; twice is no error. Raises Unauthenticated; SessionNotFound, also for somebody else's."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def end_other_sessions(self, request: EndOtherSessionsRequest) -> EndOtherSessionsResponse:
        """Every session of who acts but the one that the call came with. Raises Unauthenticated."""
        ...


async def users_by_id(auth: AuthService, ids: Iterable[str]) -> dict[str, User]:
    """Those of `ids` that exist, by their id: what a batched resolver needs. One call for each 1,000 of them."""
    distinct = tuple(dict.fromkeys(ids))
    found: dict[str, User] = {}
    for start in range(0, len(distinct), MOST_IDS):
        response = await auth.get_users_by_ids(GetUsersByIdsRequest(distinct[start : start + MOST_IDS]))
        found.update((each.id, each) for each in response.users)
    return found
