"""Erasing an account: here at once, in the other domains by `auth.user.erased`."""

from girok.context import require_user
from plugins.auth.errors import WRONG_PASSWORD, InvalidPassword
from plugins.auth.events import UserErased
from plugins.auth.messages import DeleteMeRequest, DeleteMeResponse
from plugins.auth.repository import AuthRepository
from plugins.auth.service.passwords import PasswordChanges
from plugins.auth.service.story import Story

__all__ = ["Erasure"]


class Erasure:
    """See AuthService in ports.py."""

    def __init__(self, accounts: AuthRepository, passwords: PasswordChanges, story: Story) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._story = story

    async def delete_me(self, request: DeleteMeRequest) -> DeleteMeResponse:
        actor = require_user()
        found = await self._accounts.credentials_of(actor.user_id)
        if found is not None and found.password_hash is not None:
            if request.password is None:
                raise InvalidPassword(WRONG_PASSWORD)
            await self._passwords.proven(actor.user_id, request.password)
        await self.erase(actor.user_id)
        return DeleteMeResponse()

    async def erase(self, user_id: str) -> bool:
        """Remove the account and everything of it; False when there is none."""
        told = (UserErased(user_id=user_id), self._story.entry("account.erased", user_id))
        return await self._accounts.erase(user_id, self._story.now(), *told) is not None
