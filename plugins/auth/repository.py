"""Auth's storage port. Each method is one unit of work; events given to it commit with the change, or not at all."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol, TypeAlias

import msgspec

from girok.context import Role
from girok.events.event import Event
from plugins.auth.audit import AuditEntry
from plugins.auth.messages import Confidential, Provider

__all__ = [
    "Account",
    "AuthRepository",
    "Credentials",
    "Identity",
    "KeyRepository",
    "LivingSession",
    "NewRefreshToken",
    "NewSession",
    "Opening",
    "PasswordChange",
    "Shown",
    "StoredKey",
    "StoredSession",
    "Ticket",
    "TicketPurpose",
    "Told",
]


TicketPurpose = Literal["VERIFY_EMAIL", "RESET_PASSWORD", "SOCIAL_LOGIN"]


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
    provider: Provider = "LOCAL"
    email_verified_at: datetime | None = None
    disabled_at: datetime | None = None
    """Since when nobody can sign in to it."""


class Credentials(Confidential, frozen=True):
    """An account and the hash of its password; None without a password."""

    account: Account
    password_hash: str | None


class PasswordChange(Confidential, frozen=True, kw_only=True):
    """`old` is the hash that is replaced, None for an account without a password; `kept` a session that goes on.

    With a `ticket` (its hash) nobody had to know the old password: the ticket is used up, and the email verified.
    """

    user_id: str
    old: str | None
    ticket: str | None = None
    new: str
    kept: str
    now: datetime


class NewSession(Confidential, frozen=True, kw_only=True):
    """A login, or a guest token for `domain`. Used for the last time now, it ends at `expires_at`."""

    id: str
    user_id: str
    domain: str | None = None
    device: str | None
    address: str | None
    created_at: datetime
    expires_at: datetime


class NewRefreshToken(msgspec.Struct, frozen=True):
    """A refresh token as it is stored: it may be used until `expires_at`."""

    id: str
    session_id: str
    expires_at: datetime


class Ticket(Confidential, frozen=True, kw_only=True):
    """A proof of one use: `hash` is the SHA-256 of what was given away, `content` what it stands for, sealed."""

    hash: str
    purpose: TicketPurpose
    user_id: str | None
    content: bytes
    expires_at: datetime


class StoredKey(Confidential, frozen=True, kw_only=True):
    """A key that signs tokens; its private half is sealed."""

    id: str
    number: int
    private_key: bytes
    created_at: datetime
    signs_from: datetime


class Opening(NamedTuple):
    """A session to be stored; a guest's has no refresh token."""

    session: NewSession
    refresh: NewRefreshToken | None


class Identity(NamedTuple):
    """Somebody at a provider: what `provider` calls `subject`."""

    provider: str
    subject: str


Shown: TypeAlias = str | Identity
"""What one signs in with: the hash of a password, or an identity."""
Told: TypeAlias = Event | AuditEntry
"""What commits with a change, or not at all."""


class LivingSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has not ended, with its user's present role and email."""

    id: str
    user_id: str
    role: Role
    email: str
    domain: str | None
    device: str | None
    address: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class StoredSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is kept, also when it has ended."""

    id: str
    domain: str | None
    device: str | None
    address: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class AuthRepository(Protocol):
    """A session lives until it was ended, expired, or was not used for the time that the store was given."""

    async def check_free(self, email_key: str, username: str) -> None:
        """Raises EmailTaken or UsernameTaken, whose details name both when both are."""
        ...

    async def register(
        self,
        account: Account,
        email_key: str,
        shown: str | Identity | None,
        opening: Opening | None,
        told: Sequence[Told],
    ) -> None:
        """Store the account, with its first session if one is given.

        Raises as `check_free` does, and IdentityTaken: of two at once, one is stored.
        """
        ...

    async def credentials(self, email_key: str) -> Credentials | None:
        """The account that logs in with this email."""
        ...

    async def credentials_of(self, user_id: str) -> Credentials | None:
        """The same, for an account that is known."""
        ...

    async def replace_hash(self, user_id: str, old: str, new: str) -> None:
        """Store another hash of the same password, unless the stored one is not `old` any more."""
        ...

    async def change_password(self, change: PasswordChange, told: Sequence[Told]) -> bool:
        """Store the hash of another password and end every session but one. Links to reset it are good no more.

        False, and nothing is done, when the old hash was changed or the ticket used.
        """
        ...

    async def verify_email(self, ticket: Ticket, now: datetime, *told: Told) -> bool:
        """The user of the ticket owns the email; False when the ticket was used."""
        ...

    async def add_ticket(self, ticket: Ticket) -> None:
        """Store a ticket."""
        ...

    async def ticket(self, ticket_hash: str, purpose: TicketPurpose, now: datetime) -> Ticket | None:
        """A ticket that may be used."""
        ...

    async def use(self, ticket: Ticket) -> bool:
        """Use it up; False when somebody did."""
        ...

    async def account_of(self, identity: Identity) -> Credentials | None:
        """The account that one signs in to with this identity."""
        ...

    async def link(self, identity: Identity, user_id: str, now: datetime, *told: Told) -> None:
        """One signs in to this account with this identity from now on. Raises IdentityTaken when it has an account."""
        ...

    async def erase(self, user_id: str, now: datetime, *told: Told) -> list[str] | None:
        """Remove everything that is stored of a user but their id; None when there is no such account.

        The ids of the sessions that were theirs.
        """
        ...

    async def update_account(self, user_id: str, changes: Mapping[str, str | None]) -> Account:
        """Change `name`, `username`, `avatar` or `bio`; the account then. Raises UsernameTaken, UserNotFound."""
        ...

    async def open_session(self, opening: Opening, told: Sequence[Told]) -> None:
        """Store a session of an account that is there. Raises UserNotFound when it was erased meanwhile."""
        ...

    async def tell(self, *told: Told) -> None:
        """Store these alone, where nothing else changes."""
        ...

    async def rotate(self, used: str, refresh: NewRefreshToken, now: datetime, grace: timedelta) -> bool:
        """Store a refresh token for the one that is `used`; False when that one was used up before.

        It is used up `grace` after its first use. A repetition (`refresh` is stored, and nobody used it) is no error.
        Raises InvalidRefreshToken, and nothing is used, when the new one's id is another token's.
        """
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

    async def session(self, session_id: str, now: datetime) -> LivingSession | None:
        """A living session."""
        ...

    async def touch(self, session_id: str, now: datetime) -> None:
        """The session was used."""
        ...

    async def sessions_of(self, user_id: str, now: datetime, limit: int) -> list[LivingSession]:
        """The living sessions of a user, last used first."""
        ...

    async def stored_sessions(self, user_id: str, after: str, limit: int) -> list[StoredSession]:
        """The sessions of a user whose id follows `after`, those that ended too, by id."""
        ...

    async def end_session(self, session_id: str, user_id: str, now: datetime, *told: Told) -> bool:
        """End a session of this user; False when they never had it. One that was ended stays as it is."""
        ...

    async def end_other_sessions(self, user_id: str, kept: str, now: datetime, *told: Told) -> int:
        """End every living session of the user but `kept`; how many there were."""
        ...

    async def tell_erasures(self, now: datetime, limit: int) -> int:
        """Tell again of erasures: of one that was told once after half an hour, then each day for a month.

        How many it were.
        """
        ...

    async def set_role(self, user_id: str, role: Role, *told: Told) -> None:
        """Give an account another role."""
        ...

    async def set_disabled(self, user_id: str, since: datetime | None, now: datetime, *told: Told) -> None:
        """Let nobody sign in to an account `since` then, and end its sessions; None lets them again."""
        ...

    async def page(self, after: str, limit: int) -> list[Account]:
        """The accounts whose id follows `after`, by their id: the oldest first."""
        ...

    async def identities(self, user_id: str) -> list[Identity]:
        """What one signs in to this account with, beside a password."""
        ...

    async def audit(self, after: str, limit: int, user_id: str | None = None) -> list[AuditEntry]:
        """The entries whose id follows `after`, oldest first: all, or those of an account."""
        ...

    async def purge(self, now: datetime, keep: timedelta, limit: int) -> int:
        """Remove what is over, sessions `keep` after their end: `limit` rows of a table at most. How many it were."""
        ...


class KeyRepository(Protocol):
    """The keys that sign tokens."""

    async def signing_keys(self) -> list[StoredKey]:
        """All, by their number."""
        ...

    async def add_key(self, key: StoredKey) -> None:
        """Store a key, unless there is one with its number."""
        ...

    async def remove_keys(self, ids: Sequence[str]) -> None:
        """Forget keys; no error for one that is not there."""
        ...
