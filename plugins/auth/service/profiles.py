"""What others see of an account, and changing one's own."""

from girok.context import current, require_user
from girok.errors import InvalidInput, Text
from plugins.auth.errors import UserNotFound
from plugins.auth.messages import (
    GetUserByUsernameRequest,
    GetUserRequest,
    GetUsersByIdsRequest,
    UpdateMeRequest,
    User,
    UsersResponse,
)
from plugins.auth.ports import MOST_IDS
from plugins.auth.repository import Account, AuthRepository
from plugins.auth.rules import check_profile, is_id, is_username

__all__ = ["Profiles", "shown"]


class Profiles:
    """See AuthService in ports.py."""

    def __init__(self, accounts: AuthRepository) -> None:
        self._accounts = accounts

    async def get_user(self, request: GetUserRequest) -> User:
        account = await self._accounts.account(request.id) if is_id(request.id) else None
        if account is None:
            raise UserNotFound
        return shown(account, _viewer())

    async def get_user_by_username(self, request: GetUserByUsernameRequest) -> User:
        account = await self._accounts.account_by_username(request.username) if is_username(request.username) else None
        if account is None:
            raise UserNotFound
        return shown(account, _viewer())

    async def get_users_by_ids(self, request: GetUsersByIdsRequest) -> UsersResponse:
        if len(request.ids) > MOST_IDS:
            raise InvalidInput(
                Text(f"`ids` may be {MOST_IDS} at the most.", f"`ids`는 최대 {MOST_IDS}개까지 보낼 수 있습니다.")
            )
        ids = [each for each in dict.fromkeys(request.ids) if is_id(each)]
        return UsersResponse(tuple(shown(each, _viewer()) for each in await self._accounts.accounts(ids)))

    async def update_me(self, request: UpdateMeRequest) -> User:
        actor = require_user()
        changes = check_profile(request)
        if not changes:
            return await self.get_user(GetUserRequest(actor.user_id))
        return shown(await self._accounts.update_account(actor.user_id, changes), actor.user_id)


def shown(account: Account, viewer: str) -> User:
    """What `viewer` (a user's id, "" for nobody) may see of an account: the only place that gives an email away."""
    is_self = viewer == account.id
    return User(
        id=account.id,
        username=account.username,
        name=account.name,
        role=account.role,
        created_at=account.created_at,
        avatar=account.avatar,
        bio=account.bio,
        email=account.email if is_self else None,
        provider=account.provider if is_self else None,
        email_verified=is_self and account.email_verified_at is not None,
    )


def _viewer() -> str:
    """Who asks; a guest's token speaks for its user, but is not its user."""
    actor = current().actor
    return actor.user_id if actor is not None and actor.role != "GUEST" else ""
