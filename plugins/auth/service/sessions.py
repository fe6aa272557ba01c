"""Sessions: the tokens that one gives, whether it is valid at this instant, its refresh rotation, its end.

A refresh token is used up 30 s after its first use. Until then it may be used again (two tabs refresh at once, an
answer is lost), and each use gives a pair of its own. Later somebody else has it, or had it: the session ends. Only
tokens that may be used are stored, so a signed one that is not was used up.
"""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from girok.context import Role, current, require_user
from girok.errors import Unavailable
from girok.ratelimit import RateLimiter
from plugins.auth.errors import InvalidRefreshToken, SessionNotFound
from plugins.auth.messages import (
    EndOtherSessionsRequest,
    EndOtherSessionsResponse,
    EndSessionRequest,
    EndSessionResponse,
    ListSessionsRequest,
    LogoutRequest,
    LogoutResponse,
    RefreshRequest,
    RefreshResponse,
    Session,
    SessionsResponse,
    ValidateTokenRequest,
    ValidateTokenResponse,
)
from plugins.auth.repository import Account, AuthRepository, LivingSession, NewRefreshToken, NewSession, Opening, Told
from plugins.auth.rules import is_id
from plugins.auth.service.story import Story, address_label, by_address, device_label
from plugins.auth.tokens import Claims, Tokens

__all__ = ["TOUCH_EVERY", "Lengths", "NewTokens", "Sessions"]

TOUCH_EVERY = timedelta(minutes=5)
_GRACE = timedelta(seconds=30)
_MOST_SESSIONS = 1000
_INVALID = ValidateTokenResponse(valid=False)


class Lengths(NamedTuple):
    """How long an access token, a refresh token and a session in use are good."""

    access: timedelta
    refresh: timedelta
    session: timedelta


class NewTokens(NamedTuple):
    """An access token and until when it is good; a refresh token."""

    access: str
    access_expires_at: datetime
    refresh: str


class Sessions:
    """See AuthService in ports.py."""

    def __init__(
        self, accounts: AuthRepository, tokens: Tokens, story: Story, limiter: RateLimiter, lengths: Lengths
    ) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._story = story
        self._limiter = limiter
        self._lengths = lengths
        self._touches: dict[str, asyncio.Task[None]] = {}
        """By session id: the writes of `last_used_at` that are under way."""

    async def settle(self) -> None:
        """Return once every use of a session that was noticed is written."""
        await asyncio.gather(*self._touches.values())

    def opening(
        self, user_id: str, device: str | None, *, domain: str | None = None, length: timedelta | None = None
    ) -> Opening:
        """A session of this user to be stored; with a domain it is a guest's."""
        now = self._story.now()
        session = NewSession(
            id=self._story.new_id(),
            user_id=user_id,
            domain=domain,
            device=device_label(device),
            address=address_label(),
            created_at=now,
            expires_at=now + (length or self._lengths.session),
        )
        return Opening(session, None if domain is not None else self._refresh_token(session.id, session.expires_at))

    async def store(self, opening: Opening, *told: Told) -> None:
        """Store it, with what it tells. Raises UserNotFound."""
        await self._accounts.open_session(opening, told)

    async def tokens(self, account: Account, opening: Opening) -> NewTokens:
        """The first pair of a session with a refresh token."""
        assert opening.refresh is not None
        return await self._pair(account.email, account.role, account.id, opening.refresh)

    async def guest_token(self, opening: Opening, email: str) -> str:
        """The one token of a guest's session."""
        session = opening.session
        claims = Claims(
            sub=session.user_id,
            sid=session.id,
            email=email,
            role="GUEST",
            type="DOMAIN_ACCESS",
            iat=_seconds(session.created_at),
            exp=_seconds(session.expires_at),
            domain=session.domain or "",
        )
        return await self._tokens.sign(claims, session.created_at)

    async def validate_token(self, request: ValidateTokenRequest) -> ValidateTokenResponse:
        now = self._story.now()
        claims = await self._tokens.verify(request.token, now)
        if claims is None or claims.type == "REFRESH":
            return _INVALID
        session = await self._living(claims, now)
        if session is None:
            return _INVALID
        if session.last_used_at <= now - TOUCH_EVERY and session.id not in self._touches:
            self._touches[session.id] = asyncio.create_task(self._touch(session.id, now))
        return ValidateTokenResponse(
            valid=True,
            user_id=session.user_id,
            role="GUEST" if session.domain is not None else session.role,
            session_id=session.id,
            expires_at=session.expires_at,
            domain=session.domain or "",
        )

    async def refresh(self, request: RefreshRequest) -> RefreshResponse:
        await self._limiter.spend("refresh", *by_address())
        now = self._story.now()
        claims = await self._tokens.verify(request.refresh_token, now)
        session = await self._living(claims, now) if claims is not None and claims.type == "REFRESH" else None
        if claims is None or session is None or not _may_name(request.next_id, claims):
            raise InvalidRefreshToken
        token = self._refresh_token(session.id, session.expires_at, request.next_id)
        if not await self._accounts.rotate(claims.jti, token, now, _GRACE):
            reused = self._story.entry("refresh.reused", session.user_id, session_id=session.id)
            await self._accounts.end_session(session.id, session.user_id, now, reused)
            raise InvalidRefreshToken
        pair = await self._pair(session.email, session.role, session.user_id, token)
        return RefreshResponse(pair.access, pair.refresh, pair.access_expires_at)

    async def logout(self, request: LogoutRequest) -> LogoutResponse:
        actor = current().actor
        ending = {(actor.session_id, actor.user_id)} if actor is not None else set[tuple[str, str]]()
        if request.refresh_token:
            claims = await self._tokens.verify(request.refresh_token, self._story.now())
            if claims is not None and claims.type == "REFRESH":
                ending.add((claims.sid, claims.sub))
        for session_id, user_id in ending:
            await self._end(session_id, user_id)
        return LogoutResponse()

    async def list_sessions(self, request: ListSessionsRequest) -> SessionsResponse:  # noqa: ARG002 - a port's method takes one
        actor = require_user()
        living = await self._accounts.sessions_of(actor.user_id, self._story.now(), _MOST_SESSIONS)
        return SessionsResponse(
            tuple(
                Session(
                    id=each.id,
                    created_at=each.created_at,
                    last_used_at=each.last_used_at,
                    current=each.id == actor.session_id,
                    device=each.device,
                    address=each.address,
                )
                for each in living
            )
        )

    async def end_session(self, request: EndSessionRequest) -> EndSessionResponse:
        actor = require_user()
        if not is_id(request.id) or not await self._end(request.id, actor.user_id):
            raise SessionNotFound
        return EndSessionResponse()

    async def end_other_sessions(self, request: EndOtherSessionsRequest) -> EndOtherSessionsResponse:  # noqa: ARG002 - as above
        actor = require_user()
        told = self._story.entry("session.others_ended", actor.user_id)
        ended = await self._accounts.end_other_sessions(actor.user_id, actor.session_id, self._story.now(), told)
        return EndOtherSessionsResponse(ended)

    async def _living(self, claims: Claims, now: datetime) -> LivingSession | None:
        """The session of a verified token."""
        session = await self._accounts.session(claims.sid, now)
        return session if session is not None and session.user_id == claims.sub else None

    async def _end(self, session_id: str, user_id: str) -> bool:
        told = self._story.entry("session.ended", user_id, detail=session_id)
        return await self._accounts.end_session(session_id, user_id, self._story.now(), told)

    def _refresh_token(self, session_id: str, session_ends: datetime, named: str | None = None) -> NewRefreshToken:
        expires_at = min(self._story.now() + self._lengths.refresh, session_ends)
        return NewRefreshToken(named or self._story.new_id(), session_id, expires_at)

    async def _pair(self, email: str, role: Role, user_id: str, refresh: NewRefreshToken) -> NewTokens:
        now = self._story.now()
        access = Claims(
            sub=user_id,
            sid=refresh.session_id,
            email=email,
            role=role,
            type="ACCESS",
            iat=_seconds(now),
            exp=_seconds(min(now + self._lengths.access, refresh.expires_at)),
        )
        next_one = msgspec.structs.replace(access, type="REFRESH", exp=_seconds(refresh.expires_at), jti=refresh.id)
        return NewTokens(
            await self._tokens.sign(access, now), access.expires_at, await self._tokens.sign(next_one, now)
        )

    async def _touch(self, session_id: str, now: datetime) -> None:
        try:
            # A store that cannot write must not end anybody's call; the session's next one tries again.
            with suppress(Unavailable):
                await self._accounts.touch(session_id, now)
        finally:
            del self._touches[session_id]


def _may_name(next_id: str | None, claims: Claims) -> bool:
    """Whether the next refresh token after this one can be called so."""
    return not next_id or (is_id(next_id) and next_id != claims.jti)


def _seconds(when: datetime) -> int:
    return int(when.timestamp())
