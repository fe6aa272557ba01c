"""The account behind an identity at a provider.

An identity that belongs to an account signs in to it. One that nobody has makes an account, with a username out of the
email's local part. But when an account has that email, its owner must show its password first, and only where the
provider says that the email is verified: otherwise anybody could claim an email at some provider and get in.
"""

import hashlib
import re
import secrets
from datetime import timedelta
from hmac import compare_digest

import msgspec

from girok.context import current
from plugins.auth.errors import EmailTaken, IdentityTaken, InvalidTicket, SocialEmailMissing, UsernameTaken
from plugins.auth.events import MailWanted, UserRegistered
from plugins.auth.messages import CompleteSocialLoginRequest, CompleteSocialLoginResponse, Confidential, Provider
from plugins.auth.repository import Account, AuthRepository, Identity, Ticket, Told
from plugins.auth.rules import RESERVED, email_key, social_name
from plugins.auth.service.sign_in import Progress, SignIn, enabled, missing
from plugins.auth.service.story import Story
from plugins.auth.service.tickets import Tickets
from plugins.auth.social.profile import SocialProfile

__all__ = ["CODE_LENGTH", "SocialLogins"]

CODE_LENGTH = timedelta(seconds=60)
_SUFFIX = "abcdefghijkmnpqrstuvwxyz23456789"
_SUFFIX_LENGTH = 6
_LONGEST_STEM = 14
_TRIES = 5


class _Held(Confidential, frozen=True):
    """What a code stands for: who signed in, and the SHA-256 of their browser's secret."""

    profile: SocialProfile
    browser: str


class SocialLogins:
    """From a profile to an account, and to a session. See SocialAccounts in social/accounts.py."""

    def __init__(self, accounts: AuthRepository, sign_in: SignIn, tickets: Tickets, story: Story) -> None:
        self._accounts = accounts
        self._sign_in = sign_in
        self._tickets = tickets
        self._story = story

    async def sign_in(self, profile: SocialProfile, device: str | None) -> str:
        """The access token of a new session.

        Raises EmailTaken when the password of the account with this email would have to be shown, AccountDisabled,
        SocialEmailMissing.
        """
        progress = await self._progress(profile, password=None, device=device)
        if missing(progress) is not None:
            raise EmailTaken
        return (await self._sign_in.begin(progress, device)).access_token

    async def hold(self, profile: SocialProfile, browser: str) -> str:
        """A code of one use, good for 60 s in the browser that has the secret `browser`."""
        held = msgspec.json.encode(_Held(profile, _hash(browser)))
        return await self._tickets.issue("SOCIAL_LOGIN", None, held, self._story.now(), CODE_LENGTH)

    async def complete_social_login(self, request: CompleteSocialLoginRequest) -> CompleteSocialLoginResponse:
        ticket = await self._tickets.find(request.code, "SOCIAL_LOGIN", self._story.now())
        held = self._opened(ticket) if ticket is not None else None
        if ticket is None or held is None or not compare_digest(held.browser, _hash(request.browser)):
            raise InvalidTicket
        progress = await self._progress(held.profile, password=request.password, device=request.device)
        if missing(progress) is not None:
            return CompleteSocialLoginResponse(link_required=True)
        if not await self._accounts.use(ticket):
            raise InvalidTicket
        signed_in = await self._sign_in.begin(progress, request.device)
        return CompleteSocialLoginResponse(link_required=False, signed_in=signed_in)

    def _opened(self, ticket: Ticket) -> _Held:
        return msgspec.json.decode(self._tickets.content(ticket), type=_Held)

    async def _progress(self, profile: SocialProfile, *, password: str | None, device: str | None) -> Progress:
        """At the account of this profile, a new one where there is none."""
        identity = Identity(profile.provider, profile.subject)
        key = email_key(profile.email or "")
        # The email first: whose account it is may be this very identity's, made in another tab between the two.
        found = await self._accounts.credentials(key) if key else None
        if known := await self._known(identity):
            return known
        if key is None:
            raise SocialEmailMissing
        if found is None:
            return await self._new(profile, key, identity)
        if not profile.email_verified:
            raise EmailTaken
        if password is None:
            return Progress(found.account, frozenset({"email"}))
        # A wrong password costs what it costs at a login, limits included.
        proven = await self._sign_in.by_password(key, password, device)
        return await self._joined(proven.and_shown("email"), identity, device)

    async def _known(self, identity: Identity) -> Progress | None:
        """At the account that the identity belongs to."""
        found = await self._accounts.account_of(identity)
        return Progress(enabled(found.account), frozenset({"identity"})) if found is not None else None

    async def _joined(self, progress: Progress, identity: Identity, device: str | None) -> Progress:
        """The identity is the account's from now on, once nothing is missing; if it has one meanwhile, at that one."""
        if missing(progress) is not None:
            return progress
        user_id = progress.account.id
        linked = self._story.entry("identity.linked", user_id, detail=identity.provider, device=device)
        try:
            await self._accounts.link(identity, user_id, self._story.now(), linked)
        except IdentityTaken:
            if known := await self._known(identity):
                return known
            raise
        return progress.and_shown("identity")

    async def _new(self, profile: SocialProfile, key: str, identity: Identity) -> Progress:
        for _ in range(_TRIES):
            account = self._drafted(profile, key)
            told: list[Told] = [
                UserRegistered(user_id=account.id),
                self._story.entry("account.registered", account.id, detail=profile.provider),
            ]
            if account.email_verified_at is None:
                told.append(MailWanted(user_id=account.id, mail="VERIFY_EMAIL", locale=current().locale))
            try:
                await self._accounts.register(account, key, identity, None, told)
            except UsernameTaken:
                continue
            except (EmailTaken, IdentityTaken):  # by this very identity, in another tab; the email perhaps by another
                if known := await self._known(identity):
                    return known
                raise
            return Progress(account, frozenset({"identity"}))
        raise UsernameTaken

    def _drafted(self, profile: SocialProfile, key: str) -> Account:
        stem = re.sub(r"[^a-z0-9]", "", key.partition("@")[0])[:_LONGEST_STEM]
        suffix = "".join(secrets.choice(_SUFFIX) for _ in range(_SUFFIX_LENGTH))
        now = self._story.now()
        return Account(
            id=self._story.new_id(),
            email=profile.email or key,
            username=f"{stem}{suffix}" if stem + suffix not in RESERVED else suffix,
            name=social_name(profile.name) or f"{stem}{suffix}",
            role="USER",
            created_at=now,
            avatar=profile.avatar,
            provider=_provider(profile.provider),
            email_verified_at=now if profile.email_verified else None,
        )


def _provider(name: str) -> Provider:
    known: dict[str, Provider] = {"google": "GOOGLE", "kakao": "KAKAO", "naver": "NAVER", "apple": "APPLE"}
    return known.get(name, "OIDC")


def _hash(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()
