"""Sessions of browsers: an opaque handle in the cookie, the tokens of a session of auth behind it.

The handle is 256 random bits; its SHA-256 is the row's key, and the tokens in the row are sealed for that hash. So
neither a copy of the database nor the log of a proxy is enough to act as anybody. Whether a session is valid is auth's
to say, at each request: here nothing is remembered but what sealed tokens open to.
"""

import asyncio
import hashlib
import secrets
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import lru_cache
from types import TracebackType
from typing import Self

import msgspec

from girok import sealing
from girok.clock import Clock
from girok.context import Actor, acting_as
from girok.errors import InvalidBearer, RateLimited, Unauthenticated, Unavailable
from girok.keys import Keys
from plugins.auth.ports import (
    AuthService,
    Confidential,
    LogoutRequest,
    RefreshRequest,
    SignedIn,
    actor_of_bearer,
)
from plugins.bff import cookies
from plugins.bff.errors import InsecureTransport
from plugins.bff.repository import SessionRepository, StoredSession

__all__ = ["Sessions", "Visit"]

_KEY = "bff-sessions"
_OPENED = 4_096
_AHEAD = timedelta(seconds=60)
"""How long before its end an access token is replaced."""


class _Tokens(Confidential, frozen=True):
    """What a row's `tokens` are, unsealed."""

    access: str
    refresh: str


class Sessions:
    """What the bff knows of browsers."""

    def __init__(self, rows: SessionRepository, auth: AuthService, clock: Clock, keys: Keys) -> None:
        self._rows = rows
        self._auth = auth
        self._clock = clock
        self._key = keys.get(_KEY)
        self._opened: Callable[[str, bytes], _Tokens] = lru_cache(maxsize=_OPENED)(self._unsealed)
        self._renewing: dict[str, asyncio.Task[_Tokens | None]] = {}
        """By the hash of a handle: the tokens that this process asks for."""

    async def actor_of_token(self, token: str, origin: str | None = None) -> Actor | None:
        """Who an access token speaks for at this instant, for a page of `origin`; None when it is not valid."""
        try:
            return await actor_of_bearer(self._auth, token, origin)
        except InvalidBearer:
            return None

    async def actor_of_cookie(self, header: str) -> Actor | None:
        """See BrowserSessions in auth's ports.py."""
        handle = cookies.read(header.encode("latin-1", "replace"))
        return await self.actor_of_handle(handle) if handle is not None else None

    async def actor_of_handle(self, handle: str) -> Actor | None:
        """Who is signed in with a cookie at this instant; None when nobody is, any more."""
        now = self._clock.now()
        row = await self._rows.find(_hash(handle), now)
        if row is None:
            return None
        try:
            tokens = self._opened(row.handle_hash, row.tokens)
        except sealing.SealBroken:  # a database and keys that do not belong together
            return None
        if row.access_expires_at <= now + _AHEAD:
            renewed = await self._renewed(row, tokens)
            if renewed is None:
                return None
            tokens = renewed
        return await self.actor_of_token(tokens.access)

    async def begin(self, login: SignedIn, *, instead_of: str | None) -> str:
        """The handle of a new session. The session behind the handle `instead_of` is over."""
        if instead_of is not None:
            await self._log_out(instead_of)
        handle = secrets.token_urlsafe(32)
        handle_hash = _hash(handle)
        session = StoredSession(
            handle_hash=handle_hash,
            session_id=login.session_id,
            user_id=login.user.id,
            tokens=self._sealed(handle_hash, _Tokens(login.access_token, login.refresh_token)),
            access_expires_at=login.access_expires_at,
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

    async def _renewed(self, row: StoredSession, tokens: _Tokens) -> _Tokens | None:
        """The session's next tokens, asked for once however many requests wait; None when the session is over."""
        task = self._renewing.get(row.handle_hash)
        if task is None:
            task = asyncio.create_task(self._renew(row, tokens))
            self._renewing[row.handle_hash] = task
            task.add_done_callback(lambda _: self._renewing.pop(row.handle_hash))
        try:
            return await asyncio.shield(task)
        except (Unavailable, RateLimited):
            if row.access_expires_at > self._clock.now():  # it is early: the present token still counts
                return tokens
            raise

    async def _renew(self, row: StoredSession, tokens: _Tokens) -> _Tokens | None:
        """Which refresh token to ask for is stored first: then whoever asks, however often, gets the same one.

        So processes that do this at once go on with one pair, and a kill after the answer loses nothing.
        """
        next_id = await self._rows.reserve(row, str(uuid.uuid4()))
        if next_id is None:  # another process was faster
            found = await self._rows.find(row.handle_hash, self._clock.now())
            return self._opened(found.handle_hash, found.tokens) if found else None
        try:
            given = await self._auth.refresh(RefreshRequest(tokens.refresh, next_id))
        except Unauthenticated:
            return None
        renewed = _Tokens(given.access_token, given.refresh_token)
        sealed = self._sealed(row.handle_hash, renewed)
        await self._rows.renew(
            msgspec.structs.replace(row, tokens=sealed, access_expires_at=given.access_expires_at, next_id=next_id)
        )
        return renewed

    def _sealed(self, handle_hash: str, tokens: _Tokens) -> bytes:
        return sealing.seal(self._key, _purpose(handle_hash), msgspec.json.encode(tokens))

    def _unsealed(self, handle_hash: str, sealed: bytes) -> _Tokens:
        return msgspec.json.decode(sealing.open(self._key, _purpose(handle_hash), sealed), type=_Tokens)


class Visit:
    """One request of a browser, as a context: the body runs as `actor`, and as whoever signs in meanwhile.

    `cookie` is what the answer does to the browser's: a handle to keep, "" to drop it, None to leave it as it is.
    `ended_social_login`: the secret `browser` is of no more use, so that the answer takes it away too.
    """

    def __init__(
        self, sessions: Sessions, actor: Actor | None, handle: str | None, *, device: str, browser: str, is_safe: bool
    ) -> None:
        """`handle` is the cookie's, `browser` the secret of a social login (see auth's social/cookies.py).

        `is_safe`: nobody on the way can read what this browser sends.
        """
        self.device = device
        self.browser = browser
        self.cookie: str | None = None
        self.ended_social_login = False
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
