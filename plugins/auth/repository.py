"""Auth's storage port. Each method is one unit of work; events given to it commit with the change, or not at all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from girok.context import Role
from plugins.auth.events import UserLoggedIn, UserRegistered
from plugins.auth.ports import Confidential

__all__ = ["Account", "AuthRepository", "Credentials", "LivingSession", "NewSession"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is stored. What others see of it is the service's to decide."""

    id: str
    email: str
    username: str
    name: str
    role: Role
    created_at: datetime
    avatar: str | None = None
    bio: str | None = None


class Credentials(Confidential, frozen=True):
    """An account and the hash of its password; None without a password."""

    account: Account
    password_hash: str | None


class NewSession(Confidential, frozen=True, kw_only=True):
    """A login. Used for the last time now, it ends at `expires_at`."""

    id: str
    user_id: str
    token_hash: str
    device: str | None
    address: str | None
    created_at: datetime
    expires_at: datetime


class LivingSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has not ended, with its user's present role."""

    id: str
    user_id: str
    role: Role
    device: str | None
    address: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class AuthRepository(Protocol):
    """A session lives until it was ended, expired, or was not used for the time that the store was given."""

    async def check_free(self, email_key: str, username: str) -> None:
        """Raises EmailTaken or UsernameTaken, whose details name both when both are."""
        ...

    async def register(
        self,
        account: Account,
        email_key: str,
        password_hash: str,
        session: NewSession,
        events: tuple[UserRegistered, UserLoggedIn],
    ) -> None:
        """Store the account with its first session. Raises as `check_free` does: of two at once, one is stored."""
        ...

    async def credentials(self, email_key: str) -> Credentials | None:
        """The account that logs in with this email."""
        ...

    async def replace_hash(self, user_id: str, old: str, new: str) -> None:
        """Store another hash of a password, unless the stored one is not `old` any more."""
        ...

    async def open_session(self, session: NewSession, event: UserLoggedIn) -> None:
        """Store a session of an account that is there."""
        ...

    async def account(self, user_id: str) -> Account | None:
        """One account."""
        ...

    async def account_by_username(self, username: str) -> Account | None:
        """One account."""
        ...

    async def accounts(self, user_ids: Sequence[str]) -> list[Account]:
        """Those that exist, in no order."""
        ...

    async def session_by_token(self, token_hash: str, now: datetime) -> LivingSession | None:
        """The living session of a token."""
        ...

    async def touch(self, session_id: str, now: datetime) -> None:
        """The session was used."""
        ...

    async def sessions_of(self, user_id: str, now: datetime, limit: int) -> list[LivingSession]:
        """The living sessions of a user, last used first."""
        ...

    async def end_session(self, session_id: str, user_id: str, now: datetime) -> bool:
        """End a session of this user; False when they never had it. One that is over stays as it is."""
        ...

    async def end_other_sessions(self, user_id: str, kept: str, now: datetime) -> int:
        """End every living session of the user but `kept`; how many there were."""
        ...
