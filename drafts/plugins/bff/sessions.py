"""Sessions of browsers: an opaque handle in the cookie, an access token of auth behind it.

The handle is 256 random bits; its SHA-256 is the row's key, and the token in the row is sealed for that hash. So
neither a copy of the database nor the log of a proxy is enough to act as anybody. Whether a session is valid is auth's
to say, at each request: here nothing is remembered but what a sealed token opens to.
"""

import hashlib
import secrets
from collections.abc import Callable
from functools import lru_cache

from girok import sealing
from girok.clock import Clock
from girok.context import Actor
from girok.keys import Keys
from plugins.auth.ports import AuthService, LoginResponse, RegisterResponse, ValidateTokenRequest
from plugins.bff.repository import SessionRepository, StoredSession

__all__ = ["Sessions"]

_KEY = "bff-sessions"
_OPENED = 4_096


class Sessions:
    """What the bff knows of browsers."""

    def __init__(self, rows: SessionRepository, auth: AuthService, clock: Clock, keys: Keys) -> None:
        self._rows = rows
        self._auth = auth
        self._clock = clock
        self._key = keys.get(_KEY)
        self._token: Callable[[str, bytes], str] = lru_cache(maxsize=_OPENED)(self._unsealed)

    async def actor_of_token(self, token: str) -> Actor | None:
        """Who an access token speaks for at this instant; None when it is not valid."""
        found = await self._auth.validate_token(ValidateTokenRequest(token))
        return Actor(found.user_id, found.role, found.session_id) if found.valid else None

    async def actor_of_handle(self, handle: str) -> Actor | None:
        """Who is signed in with a cookie at this instant; None when nobody is, any more."""
        row = await self._rows.find(_hash(handle), self._clock.now())
        if row is None:
            return None
        try:
            token = self._token(row.handle_hash, row.access_token)
        except sealing.SealBroken:  # a database and keys that do not belong together
            return None
        return await self.actor_of_token(token)

    async def begin(self, login: LoginResponse | RegisterResponse, *, instead_of: str | None) -> str:
        """The handle of a new session; the handle `instead_of` is worth nothing from now on."""
        handle = secrets.token_urlsafe(32)
        handle_hash = _hash(handle)
        session = StoredSession(
            handle_hash=handle_hash,
            session_id=login.session_id,
            access_token=sealing.seal(self._key, _purpose(handle_hash), login.access_token.encode()),
            created_at=self._clock.now(),
            expires_at=login.expires_at,
        )
        await self._rows.add(session, instead_of=_hash(instead_of) if instead_of else None)
        return handle

    async def end(self, handle: str) -> None:
        """Forget a handle."""
        await self._rows.remove(_hash(handle))

    def _unsealed(self, handle_hash: str, sealed: bytes) -> str:
        return sealing.open(self._key, _purpose(handle_hash), sealed).decode()


def _hash(handle: str) -> str:
    return hashlib.sha256(handle.encode("ascii")).hexdigest()


def _purpose(handle_hash: str) -> str:
    return f"bff_session:{handle_hash}"
