"""The bff's storage port. Each method is one unit of work."""

from datetime import datetime
from typing import Protocol

import msgspec

__all__ = ["SessionRepository", "StoredSession"]


class StoredSession(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in: `session_id` is auth's, `access_token` is sealed."""

    handle_hash: str
    session_id: str
    access_token: bytes
    created_at: datetime
    expires_at: datetime


class SessionRepository(Protocol):
    """Sessions by the hash of their handle."""

    async def add(self, session: StoredSession, *, instead_of: str | None) -> None:
        """Store the session, and remove the one whose hash is `instead_of`. Some expired ones go at the same time."""
        ...

    async def find(self, handle_hash: str, now: datetime) -> StoredSession | None:
        """The session, unless it has expired."""
        ...

    async def remove(self, handle_hash: str) -> None:
        """No error when it is not there."""
        ...
