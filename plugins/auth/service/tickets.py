"""Tickets: proofs of one use, as links in mails and at the end of a social login.

What is given away is 256 random bits; its SHA-256 is stored, and what the ticket stands for is sealed for that.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from girok import sealing
from girok.keys import Keys
from plugins.auth.repository import AuthRepository, Ticket, TicketPurpose

__all__ = ["Tickets"]

_KEY = "auth-tickets"
_FORM = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Tickets:
    """Gives them away and knows them again."""

    def __init__(self, accounts: AuthRepository, keys: Keys) -> None:
        self._accounts = accounts
        self._key = keys.get(_KEY)

    async def issue(
        self, purpose: TicketPurpose, user_id: str | None, content: bytes, now: datetime, length: timedelta
    ) -> str:
        """A new one; what to give away."""
        token = secrets.token_urlsafe(32)
        hashed = _hash(token)
        sealed = sealing.seal(self._key, _purpose(hashed), content)
        await self._accounts.add_ticket(
            Ticket(hash=hashed, purpose=purpose, user_id=user_id, content=sealed, expires_at=now + length)
        )
        return token

    async def find(self, token: str, purpose: TicketPurpose, now: datetime) -> Ticket | None:
        """The ticket of what was given away; None when it is malformed, used, expired, or for something else."""
        return await self._accounts.ticket(_hash(token), purpose, now) if _FORM.fullmatch(token) else None

    def content(self, ticket: Ticket) -> bytes:
        """What it stands for. Raises sealing.SealBroken when the database and the keys do not belong together."""
        return sealing.open(self._key, _purpose(ticket.hash), ticket.content)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def _purpose(ticket_hash: str) -> str:
    return f"auth_ticket:{ticket_hash}"
