"""Auth's use cases. Who acts comes with the call context; everything stored goes through the repository."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from girok.clock import Clock, IdFactory
from girok.context import current, require_user
from girok.errors import InvalidInput, Text, Unavailable
from girok.kit import Kit
from girok.ratelimit import RateLimiter
from plugins.auth import tokens
from plugins.auth.errors import InvalidCredentials, SessionNotFound, UserNotFound
from plugins.auth.events import UserLoggedIn, UserRegistered
from plugins.auth.passwords import Argon2, Passwords
from plugins.auth.plugin import AuthSettings
from plugins.auth.ports import (
    MOST_IDS,
    EndOtherSessionsRequest,
    EndOtherSessionsResponse,
    EndSessionRequest,
    EndSessionResponse,
    GetUserByUsernameRequest,
    GetUserRequest,
    GetUsersByIdsRequest,
    ListSessionsRequest,
    LoginRequest,
    LoginResponse,
    LogoutRequest,
    LogoutResponse,
    RegisterRequest,
    RegisterResponse,
    Session,
    SessionsResponse,
    User,
    UsersResponse,
    ValidateTokenRequest,
    ValidateTokenResponse,
)
from plugins.auth.repository import Account, AuthRepository, Credentials, NewSession
from plugins.auth.repository_sql import SqlAuthRepository
from plugins.auth.rules import (
    check_registration,
    clean_label,
    email_key,
    is_id,
    is_username,
    network,
    password_bytes,
)

__all__ = ["Auth", "build"]

_TOUCH_EVERY = timedelta(minutes=5)
_MOST_SESSIONS = 1000
_LONGEST_DEVICE = 300
_LONGEST_ADDRESS = 64


def build(kit: Kit) -> "Auth":
    """The service of this process."""
    settings = kit.settings.get(AuthSettings)
    accounts: AuthRepository = SqlAuthRepository(kit.db, idle=timedelta(days=settings.session_idle_days))
    if kit.valkey is not None:
        from plugins.auth.repository_valkey import ValkeyAuthRepository

        accounts = ValkeyAuthRepository(accounts, kit.valkey, touch_every=_TOUCH_EVERY)
    return Auth(
        accounts,
        Passwords(
            Argon2(settings.argon2_memory_kib, settings.argon2_passes, settings.argon2_lanes), settings.argon2_at_once
        ),
        kit.limiter,
        kit.clock,
        kit.ids,
        session_length=timedelta(days=settings.session_days),
    )


class Auth:
    """See AuthService in ports.py."""

    def __init__(
        self,
        accounts: AuthRepository,
        passwords: Passwords,
        limiter: RateLimiter,
        clock: Clock,
        ids: IdFactory,
        *,
        session_length: timedelta,
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._limiter = limiter
        self._clock = clock
        self._ids = ids
        self._session_length = session_length
        self._touches: dict[str, asyncio.Task[None]] = {}
        """By session id: the writes of `last_used_at` that are under way."""

    async def settle(self) -> None:
        """Return once every use of a session that was noticed is written."""
        await asyncio.gather(*self._touches.values())

    async def aclose(self) -> None:
        """Finish what was begun in the background."""
        await self.settle()
        self._passwords.close()

    async def validate_token(self, request: ValidateTokenRequest) -> ValidateTokenResponse:
        token_hash = tokens.digest(request.token)
        now = self._clock.now()
        session = await self._accounts.session_by_token(token_hash, now) if token_hash else None
        if session is None:
            return ValidateTokenResponse(valid=False)
        if session.last_used_at <= now - _TOUCH_EVERY and session.id not in self._touches:
            self._touches[session.id] = asyncio.create_task(self._touch(session.id, now))
        return ValidateTokenResponse(
            valid=True,
            user_id=session.user_id,
            role=session.role,
            session_id=session.id,
            expires_at=session.expires_at,
        )

    async def get_user(self, request: GetUserRequest) -> User:
        account = await self._accounts.account(request.id) if is_id(request.id) else None
        if account is None:
            raise UserNotFound
        return _shown(account, _viewer())

    async def get_user_by_username(self, request: GetUserByUsernameRequest) -> User:
        account = await self._accounts.account_by_username(request.username) if is_username(request.username) else None
        if account is None:
            raise UserNotFound
        return _shown(account, _viewer())

    async def get_users_by_ids(self, request: GetUsersByIdsRequest) -> UsersResponse:
        if len(request.ids) > MOST_IDS:
            raise InvalidInput(
                Text(f"`ids` may be {MOST_IDS} at the most.", f"`ids`는 최대 {MOST_IDS}개까지 보낼 수 있습니다.")
            )
        ids = [each for each in dict.fromkeys(request.ids) if is_id(each)]
        return UsersResponse(tuple(_shown(each, _viewer()) for each in await self._accounts.accounts(ids)))

    async def register(self, request: RegisterRequest) -> RegisterResponse:
        new = check_registration(request.email, request.username, request.password, request.name)
        await self._limiter.spend("register", *_by_address())
        await self._accounts.check_free(new.email_key, new.username)
        password_hash = await self._passwords.hash(new.password)
        account = Account(
            id=self._ids.new(),
            email=new.email,
            username=new.username,
            name=new.name,
            role="USER",
            created_at=self._clock.now(),
        )
        token, session, logged_in = self._new_session(account.id, request.device)
        registered = UserRegistered(user_id=account.id, username=account.username, name=account.name)
        await self._accounts.register(account, new.email_key, password_hash, session, (registered, logged_in))
        return RegisterResponse(_shown(account, account.id), session.id, token, session.expires_at)

    async def login(self, request: LoginRequest) -> LoginResponse:
        key = email_key(request.email)
        await self._limiter.spend("login", *_by_address(), *([f"account:{key}"] if key else []))
        found = await self._accounts.credentials(key) if key else None
        password = password_bytes(request.password)
        matches = await self._passwords.verify(found.password_hash if found else None, password)
        if found is None or password is None or not matches:
            raise InvalidCredentials
        await self._renew_hash(found, password)
        token, session, logged_in = self._new_session(found.account.id, request.device)
        await self._accounts.open_session(session, logged_in)
        return LoginResponse(_shown(found.account, found.account.id), session.id, token, session.expires_at)

    async def logout(self, request: LogoutRequest) -> LogoutResponse:  # noqa: ARG002 - a port's method takes one
        actor = current().actor
        if actor is not None:
            await self._accounts.end_session(actor.session_id, actor.user_id, self._clock.now())
        return LogoutResponse()

    async def list_sessions(self, request: ListSessionsRequest) -> SessionsResponse:  # noqa: ARG002 - as above
        actor = require_user()
        living = await self._accounts.sessions_of(actor.user_id, self._clock.now(), _MOST_SESSIONS)
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
        if not is_id(request.id) or not await self._accounts.end_session(request.id, actor.user_id, self._clock.now()):
            raise SessionNotFound
        return EndSessionResponse()

    async def end_other_sessions(self, request: EndOtherSessionsRequest) -> EndOtherSessionsResponse:  # noqa: ARG002 - as above
        actor = require_user()
        ended = await self._accounts.end_other_sessions(actor.user_id, actor.session_id, self._clock.now())
        return EndOtherSessionsResponse(ended)

    def _new_session(self, user_id: str, device: str | None) -> tuple[str, NewSession, UserLoggedIn]:
        """A token, its session, and what is told of it."""
        token, now = tokens.new_token(), self._clock.now()
        session = NewSession(
            id=self._ids.new(),
            user_id=user_id,
            token_hash=tokens.digest(token) or "",
            device=clean_label(device, _LONGEST_DEVICE),
            address=clean_label(current().address, _LONGEST_ADDRESS),
            created_at=now,
            expires_at=now + self._session_length,
        )
        return token, session, UserLoggedIn(user_id=user_id, session_id=session.id)

    async def _renew_hash(self, found: Credentials, password: bytes) -> None:
        """Hash the password anew when the settings ask for another cost than its hash had."""
        old = found.password_hash
        if old is not None and self._passwords.is_outdated(old):
            await self._accounts.replace_hash(found.account.id, old, await self._passwords.hash(password))

    async def _touch(self, session_id: str, now: datetime) -> None:
        try:
            # A store that cannot write must not end anybody's call; the session's next one tries again.
            with suppress(Unavailable):
                await self._accounts.touch(session_id, now)
        finally:
            del self._touches[session_id]


def _shown(account: Account, viewer: str) -> User:
    """What `viewer` (a user's id, "" for nobody) may see of an account: the only place that gives an email away."""
    return User(
        id=account.id,
        username=account.username,
        name=account.name,
        role=account.role,
        created_at=account.created_at,
        avatar=account.avatar,
        bio=account.bio,
        email=account.email if viewer == account.id else None,
    )


def _viewer() -> str:
    """Who asks; a guest's token speaks for its user, but is not its user."""
    actor = current().actor
    return actor.user_id if actor is not None and actor.role != "GUEST" else ""


def _by_address() -> list[str]:
    """The subject of a limit by address; none when the call came without one."""
    address = current().address
    return [f"address:{network(address)}"] if address else []
