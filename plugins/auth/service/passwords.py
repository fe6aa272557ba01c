"""Changing one's password."""

from girok.context import current, require_user
from girok.ratelimit import RateLimiter
from plugins.auth.errors import WRONG_PASSWORD, InvalidPassword
from plugins.auth.events import MailWanted
from plugins.auth.messages import ChangePasswordRequest, ChangePasswordResponse
from plugins.auth.passwords import Passwords
from plugins.auth.repository import AuthRepository, Credentials, PasswordChange
from plugins.auth.rules import check_password, password_bytes
from plugins.auth.service.story import Story

__all__ = ["PasswordChanges"]


class PasswordChanges:
    """See AuthService in ports.py."""

    def __init__(self, accounts: AuthRepository, passwords: Passwords, limiter: RateLimiter, story: Story) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._limiter = limiter
        self._story = story

    async def change_password(self, request: ChangePasswordRequest) -> ChangePasswordResponse:
        actor = require_user()
        new = check_password(request.new_password, "newPassword", await self._passwords.common.load())
        found = await self.proven(actor.user_id, request.current_password)
        change = PasswordChange(
            user_id=actor.user_id,
            old=found.password_hash,
            new=await self._passwords.hash(new),
            kept=actor.session_id,
            now=self._story.now(),
        )
        told = (
            MailWanted(user_id=actor.user_id, mail="PASSWORD_CHANGED", locale=current().locale),
            self._story.entry("password.changed", actor.user_id),
        )
        if not await self._accounts.change_password(change, told):
            raise InvalidPassword(WRONG_PASSWORD)  # it was changed meanwhile
        return ChangePasswordResponse()

    async def proven(self, user_id: str, password: str) -> Credentials:
        """The account, whose password this is. Raises InvalidPassword, also when it has none; RateLimited."""
        await self._limiter.spend("login", f"account:{user_id}")
        found = await self._accounts.credentials_of(user_id)
        matches = await self._passwords.verify(found.password_hash if found else None, password_bytes(password))
        if found is None or not matches:
            raise InvalidPassword(WRONG_PASSWORD)
        return found
