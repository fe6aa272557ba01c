"""From what somebody shows to a session.

Signing in goes in steps. `Progress` is where somebody stands: at which account, and what they have shown for it. Each
step shows one thing more; `missing` says which comes next, and `SignIn.begin`, the one way to a session of an account
that is there, opens none before nothing is missing. A second factor is one more `Proof`, which `missing` asks of the
accounts that have one; a passkey is one that is enough.
"""

import asyncio
from typing import Literal, NamedTuple, TypeVar

from girok.context import current
from girok.ratelimit import RateLimiter
from plugins.auth.errors import AccountDisabled, InvalidCredentials
from plugins.auth.events import MailWanted, UserLoggedIn, UserRegistered
from plugins.auth.messages import LoginRequest, LoginResponse, RegisterRequest, RegisterResponse, SignedIn
from plugins.auth.passwords import Passwords
from plugins.auth.repository import Account, AuthRepository, Credentials, Opening
from plugins.auth.rules import check_registration, email_key, password_bytes
from plugins.auth.service.profiles import shown
from plugins.auth.service.sessions import NewTokens, Sessions
from plugins.auth.service.story import Story, by_address

__all__ = ["Progress", "Proof", "SignIn", "enabled", "missing"]

S = TypeVar("S", bound=SignedIn)
Proof = Literal["password", "identity", "email"]
"""What somebody has shown: the account's password, an identity that is the account's, or a provider's word that the
account's email is theirs."""


class Progress(NamedTuple):
    """How far somebody has come on the way into an account."""

    account: Account
    shown: frozenset[Proof]

    def and_shown(self, proof: Proof) -> "Progress":
        """One step further."""
        return self._replace(shown=self.shown | {proof})


def missing(progress: Progress) -> Proof | None:
    """What must be shown next; None when a session may begin.

    The password is enough, and so is an identity of the account. The email is not: what a provider says of it must not
    open an account that was made without that provider, so its owner shows the password first.
    """
    return None if progress.shown & {"password", "identity"} else "password"


class SignIn:
    """See AuthService in ports.py."""

    def __init__(
        self, accounts: AuthRepository, passwords: Passwords, sessions: Sessions, limiter: RateLimiter, story: Story
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._sessions = sessions
        self._limiter = limiter
        self._story = story

    async def register(self, request: RegisterRequest) -> RegisterResponse:
        common = await self._passwords.common.load()
        new = check_registration(request.email, request.username, request.password, request.name, common)
        await self._limiter.spend("register", *by_address())
        await self._accounts.check_free(new.email_key, new.username)
        password_hash = await self._passwords.hash(new.password)
        account = Account(
            id=self._story.new_id(),
            email=new.email,
            username=new.username,
            name=new.name,
            role="USER",
            created_at=self._story.now(),
        )
        opening = self._sessions.opening(account.id, request.device)
        told = (
            UserRegistered(user_id=account.id),
            UserLoggedIn(user_id=account.id, session_id=opening.session.id),
            MailWanted(user_id=account.id, mail="VERIFY_EMAIL", locale=current().locale),
            self._story.entry("account.registered", account.id, session_id=opening.session.id, device=request.device),
        )
        await self._accounts.register(account, new.email_key, password_hash, opening, told)
        tokens = await self._sessions.tokens(account, opening)
        return _signed_in(RegisterResponse, account, opening, tokens)

    async def login(self, request: LoginRequest) -> LoginResponse:
        return await self.begin(await self.by_password(request.email, request.password, request.device), request.device)

    async def by_password(self, email: str, password: str, device: str | None) -> Progress:
        """At the account whose password this is.

        Raises InvalidCredentials, AccountDisabled, RateLimited, HashingBusy.
        """
        key = email_key(email)
        await self._limiter.spend("login", *by_address(), *([f"account:{key}"] if key else []))
        found = await self._accounts.credentials(key) if key else None
        given = password_bytes(password)
        matches = await self._passwords.verify(found.password_hash if found else None, given)
        if found is None or given is None or not matches:
            # The same work for an unknown email: how long the answer takes tells nothing.
            await self._accounts.tell(
                self._story.entry("login.failed", found.account.id if found else None, device=device)
            )
            raise InvalidCredentials
        account = enabled(found.account)
        await self._renew_hash(found, given)
        return Progress(account, frozenset({"password"}))

    async def begin(self, progress: Progress, device: str | None) -> LoginResponse:
        """A session. Raises InvalidCredentials while something is `missing`."""
        if missing(progress) is not None:
            raise InvalidCredentials
        account = progress.account
        opening = self._sessions.opening(account.id, device)
        session_id = opening.session.id
        stored = self._sessions.store(
            opening,
            UserLoggedIn(user_id=account.id, session_id=session_id),
            self._story.entry("login", account.id, session_id=session_id, device=device),
        )
        # Signing takes as long as the commit waits for the disk; the tokens are given away after both.
        _, tokens = await asyncio.gather(stored, self._sessions.tokens(account, opening))
        return _signed_in(LoginResponse, account, opening, tokens)

    async def _renew_hash(self, found: Credentials, password: bytes) -> None:
        """Hash the password anew when the settings ask for another cost than its hash had."""
        old = found.password_hash
        if old is not None and self._passwords.is_outdated(old):
            await self._accounts.replace_hash(found.account.id, old, await self._passwords.hash(password))


def enabled(account: Account) -> Account:
    """The account. Raises AccountDisabled when nobody can sign in to it."""
    if account.disabled_at is not None:
        raise AccountDisabled
    return account


def _signed_in(kind: type[S], account: Account, opening: Opening, tokens: NewTokens) -> S:
    return kind(
        shown(account, account.id),
        opening.session.id,
        tokens.access,
        tokens.refresh,
        tokens.access_expires_at,
        opening.session.expires_at,
    )
