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
from plugins.auth.errors import EmailTaken, InvalidTicket, SocialEmailMissing, UsernameTaken
from plugins.auth.events import MailWanted, UserRegistered
from plugins.auth.messages import CompleteSocialLoginRequest, CompleteSocialLoginResponse, Confidential, Provider
from plugins.auth.repository import Account, AuthRepository, Identity, Ticket, Told
from plugins.auth.rules import RESERVED, email_key, social_name
from plugins.auth.service.sign_in import SignIn, enabled, missing
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
        account = await self._account(profile, password=None, device=device)
        if account is None:
            raise EmailTaken
        return (await self._sign_in.begin(account, device)).access_token

    async def hold(self, profile: SocialProfile, browser: str) -> str:
        """A code of one use, good for 60 s in the browser that has the secret `browser`."""
        held = msgspec.json.encode(_Held(profile, _hash(browser)))
        return await self._tickets.issue("SOCIAL_LOGIN", None, held, self._story.now(), CODE_LENGTH)

    async def complete_social_login(self, request: CompleteSocialLoginRequest) -> CompleteSocialLoginResponse:
        ticket = await self._tickets.find(request.code, "SOCIAL_LOGIN", self._story.now())
        held = self._opened(ticket) if ticket is not None else None
        if ticket is None or held is None or not compare_digest(held.browser, _hash(request.browser)):
            raise InvalidTicket
        account = await self._account(held.profile, password=request.password, device=request.device)
        if account is None:
            return CompleteSocialLoginResponse(link_required=True)
        if not await self._accounts.use(ticket):
            raise InvalidTicket
        signed_in = await self._sign_in.begin(account, request.device)
        return CompleteSocialLoginResponse(link_required=False, signed_in=signed_in)

    def _opened(self, ticket: Ticket) -> _Held:
        return msgspec.json.decode(self._tickets.content(ticket), type=_Held)

    async def _account(self, profile: SocialProfile, *, password: str | None, device: str | None) -> Account | None:
        """The account of this profile, a new one where there is none; None while a password is missing."""
        identity = Identity(profile.provider, profile.subject)
        key = email_key(profile.email or "")
        # The email first: whose account it is may be this very identity's, made in another tab between the two.
        found = await self._accounts.credentials(key) if key else None
        known = await self._accounts.account_of(identity)
        if known is not None:
            return enabled(known.account)
        if key is None:
            raise SocialEmailMissing
        if found is None:
            return await self._new(profile, key, identity)
        if not profile.email_verified:
            raise EmailTaken
        if missing(frozenset({"identity"}), is_linked=False) is not None and password is None:
            return None
        # A wrong password costs what it costs at a login, limits included.
        proven = await self._sign_in.by_password(key, password or "", device)
        linked = self._story.entry("identity.linked", proven.id, detail=profile.provider, device=device)
        await self._accounts.link(identity, proven.id, self._story.now(), linked)
        return proven

    async def _new(self, profile: SocialProfile, key: str, identity: Identity) -> Account:
        for _ in range(_TRIES):
            account = self._drafted(profile, key)
            told: list[Told] = [
                UserRegistered(user_id=account.id, username=account.username, name=account.name),
                self._story.entry("account.registered", account.id, detail=profile.provider),
            ]
            if account.email_verified_at is None:
                told.append(MailWanted(user_id=account.id, mail="VERIFY_EMAIL", locale=current().locale))
            try:
                await self._accounts.register(account, key, identity, None, told)
            except UsernameTaken:
                continue
            except EmailTaken:  # perhaps by this very identity, in another tab
                known = await self._accounts.account_of(identity)
                if known is None:
                    raise
                return enabled(known.account)
            return account
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
