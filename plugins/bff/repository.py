"""The bff's storage port. Each method is one unit of work."""

from datetime import datetime
from typing import Protocol

import msgspec

from girok.events.consumer import Delivery

__all__ = ["SessionRepository", "StoredSession"]


class StoredSession(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in, until `expires_at`; its access token until `access_expires_at`.

    `tokens` are sealed. `next_id` is the id of the refresh token that somebody asks for already.
    """

    handle_hash: str
    session_id: str
    user_id: str
    tokens: bytes
    access_expires_at: datetime
    next_id: str | None = None
    created_at: datetime
    expires_at: datetime

    def __repr__(self) -> str:
        return "StoredSession(...)"


class SessionRepository(Protocol):
    """What the bff stores."""

    async def add(self, session: StoredSession, *, instead_of: str | None) -> None:
        """Store a session; the one of the hash `instead_of` is gone with the same commit."""
        ...

    async def find(self, handle_hash: str, now: datetime) -> StoredSession | None:
        """The session of a handle, unless it has expired."""
        ...

    async def reserve(self, session: StoredSession, next_id: str) -> str | None:
        """The id of the refresh token to ask for: `next_id`, or the one that another asks for already.

        None when the tokens are not those of `session` any more.
        """
        ...

    async def renew(self, session: StoredSession) -> None:
        """Store other tokens of a session, unless somebody did it before under its `next_id`."""
        ...

    async def forget(self, user_id: str, delivery: Delivery) -> None:
        """Forget all sessions of a user."""
        ...

    async def remove(self, handle_hash: str) -> None:
        """Forget a session; no error when there is none."""
        ...
