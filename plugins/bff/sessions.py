"""Sessions of browsers: an opaque handle in the cookie, an access token of auth behind it.

The handle is 256 random bits; its SHA-256 is the row's key, and the token in the row is sealed for that hash. So
neither a copy of the database nor the log of a proxy is enough to act as anybody. Whether a session is valid is auth's
to say, at each request: here nothing is remembered but what a sealed token opens to.
"""

import hashlib
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from functools import lru_cache
from types import TracebackType
from typing import Self, TypeAlias

from girok import sealing
from girok.clock import Clock
from girok.context import Actor, acting_as
from girok.keys import Keys
from plugins.auth.ports import AuthService, LoginResponse, LogoutRequest, RegisterResponse, ValidateTokenRequest
from plugins.bff.errors import InsecureTransport
from plugins.bff.repository import SessionRepository, StoredSession

__all__ = ["Sessions", "Visit"]

SignedIn: TypeAlias = LoginResponse | RegisterResponse

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

    async def begin(self, login: SignedIn, *, instead_of: str | None) -> str:
        """The handle of a new session. The session behind the handle `instead_of` is over."""
        if instead_of is not None:
            await self._log_out(instead_of)
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
        """The session behind a handle is over, and the handle worth nothing. Twice is no error."""
        await self._log_out(handle)
        await self._rows.remove(_hash(handle))

    async def _log_out(self, handle: str) -> None:
        actor = await self.actor_of_handle(handle)
        if actor is not None:
            with acting_as(actor):
                await self._auth.logout(LogoutRequest())

    def _unsealed(self, handle_hash: str, sealed: bytes) -> str:
        return sealing.open(self._key, _purpose(handle_hash), sealed).decode()


class Visit:
    """One request of a browser, as a context: the body runs as `actor`, and as whoever signs in meanwhile.

    `cookie` is what the answer does to the browser's: a handle to keep, "" to drop it, None to leave it as it is.
    """

    def __init__(
        self, sessions: Sessions, actor: Actor | None, handle: str | None, *, device: str, is_safe: bool
    ) -> None:
        """`handle` is the cookie's. `is_safe`: nobody on the way can read what this browser sends."""
        self.device = device
        self.cookie: str | None = None
        self._sessions = sessions
        self._handle = handle
        self._is_safe = is_safe
        self._acting = ExitStack()
        self._actor = actor

    def __enter__(self) -> Self:
        self._acting.enter_context(acting_as(self._actor))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._acting.close()

    def check_transport(self) -> None:
        """Raises InsecureTransport where a password must not be sent."""
        if not self._is_safe:
            raise InsecureTransport

    async def begin(self, login: SignedIn) -> None:
        """Sign this browser in. It always gets a new handle, so that one that somebody planted is worth nothing."""
        self.cookie = self._handle = await self._sessions.begin(login, instead_of=self._handle)
        self._acting.enter_context(acting_as(Actor(login.user.id, login.user.role, login.session_id)))

    async def end(self) -> None:
        """Sign this browser out; no error when it is not signed in."""
        if self._handle is not None:
            await self._sessions.end(self._handle)
            self.cookie, self._handle = "", None
        self._acting.enter_context(acting_as(None))


def _hash(handle: str) -> str:
    return hashlib.sha256(handle.encode("ascii")).hexdigest()


def _purpose(handle_hash: str) -> str:
    return f"bff_session:{handle_hash}"
