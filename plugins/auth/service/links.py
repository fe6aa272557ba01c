"""Links in mails: the email is somebody's, the password is forgotten.

Asking for one appends an event; its consumer makes the link and sends the mail, so a mail server that is away costs
nobody's request anything, and no link stands in an event.
"""

from datetime import timedelta

from girok.context import current, require_user
from girok.ratelimit import RateLimiter
from plugins.auth.errors import InvalidTicket
from plugins.auth.events import MailWanted
from plugins.auth.messages import (
    RequestEmailVerificationRequest,
    RequestEmailVerificationResponse,
    RequestPasswordResetRequest,
    RequestPasswordResetResponse,
    ResetPasswordRequest,
    ResetPasswordResponse,
    VerifyEmailRequest,
    VerifyEmailResponse,
)
from plugins.auth.passwords import Passwords
from plugins.auth.repository import AuthRepository, PasswordChange
from plugins.auth.rules import check_email, check_password
from plugins.auth.service.story import Story, by_address
from plugins.auth.service.tickets import Tickets

__all__ = ["RESET_LENGTH", "VERIFY_LENGTH", "Links"]

RESET_LENGTH = timedelta(hours=1)
VERIFY_LENGTH = timedelta(days=3)


class Links:
    """See AuthService in ports.py."""

    def __init__(
        self, accounts: AuthRepository, passwords: Passwords, tickets: Tickets, limiter: RateLimiter, story: Story
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._tickets = tickets
        self._limiter = limiter
        self._story = story

    async def request_password_reset(self, request: RequestPasswordResetRequest) -> RequestPasswordResetResponse:
        key = check_email(request.email)
        await self._limiter.spend("reset", *by_address(), f"account:{key}")
        found = await self._accounts.credentials(key)
        user_id = found.account.id if found is not None and found.account.disabled_at is None else ""
        # The same work for an unknown email: how long the answer takes tells nothing.
        await self._accounts.tell(
            MailWanted(user_id=user_id, mail="RESET_PASSWORD", locale=current().locale),
            self._story.entry("password.reset_requested", user_id or None),
        )
        return RequestPasswordResetResponse()

    async def reset_password(self, request: ResetPasswordRequest) -> ResetPasswordResponse:
        await self._limiter.spend("reset", *by_address())
        new = check_password(request.new_password, "newPassword", await self._passwords.common.load())
        now = self._story.now()
        ticket = await self._tickets.find(request.token, "RESET_PASSWORD", now)
        if ticket is None or ticket.user_id is None:
            raise InvalidTicket
        change = PasswordChange(
            user_id=ticket.user_id,
            old=None,
            ticket=ticket.hash,
            new=await self._passwords.hash(new),
            kept="",
            now=now,
        )
        told = (
            MailWanted(user_id=ticket.user_id, mail="PASSWORD_CHANGED", locale=current().locale),
            self._story.entry("password.reset", ticket.user_id),
        )
        if not await self._accounts.change_password(change, told):
            raise InvalidTicket
        return ResetPasswordResponse()

    async def request_email_verification(
        self,
        request: RequestEmailVerificationRequest,  # noqa: ARG002 - a port's method takes one
    ) -> RequestEmailVerificationResponse:
        actor = require_user()
        await self._limiter.spend("verify", f"account:{actor.user_id}")
        found = await self._accounts.account(actor.user_id)
        if found is not None and found.email_verified_at is None:
            await self._accounts.tell(MailWanted(user_id=actor.user_id, mail="VERIFY_EMAIL", locale=current().locale))
        return RequestEmailVerificationResponse()

    async def verify_email(self, request: VerifyEmailRequest) -> VerifyEmailResponse:
        now = self._story.now()
        ticket = await self._tickets.find(request.token, "VERIFY_EMAIL", now)
        if ticket is None or not await self._accounts.verify_email(
            ticket, now, self._story.entry("email.verified", ticket.user_id)
        ):
            raise InvalidTicket
        return VerifyEmailResponse()
