"""What operators do to accounts: `girok user` and `girok audit`. They act as nobody; the audit log has their name.

An account is named by its id, its email or its username.
"""

from collections.abc import AsyncGenerator

import msgspec

from girok.context import Role, current
from girok.export import Exported
from plugins.auth.accounts import AccountView
from plugins.auth.audit import AuditEntry
from plugins.auth.errors import UserNotFound
from plugins.auth.events import MailWanted, UserRegistered
from plugins.auth.passwords import Passwords
from plugins.auth.repository import Account, AuthRepository, PasswordChange
from plugins.auth.rules import check_password, check_registration, email_key, is_id
from plugins.auth.service.erasure import Erasure
from plugins.auth.service.story import Story

__all__ = ["Operators"]

_PAGE = 500


class Operators:
    """Every method raises UserNotFound for an account that there is not, where it takes one."""

    def __init__(self, accounts: AuthRepository, passwords: Passwords, erasure: Erasure, story: Story) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._erasure = erasure
        self._story = story

    async def create(self, *, email: str, username: str, password: str, name: str, role: Role) -> AccountView:
        """A new account, its email taken as verified. Raises as `AuthService.register` does."""
        common = await self._passwords.common.load()
        new = check_registration(email, username, password, name, common)
        await self._accounts.check_free(new.email_key, new.username)
        now = self._story.now()
        account = Account(
            id=self._story.new_id(),
            email=new.email,
            username=new.username,
            name=new.name,
            role=role,
            created_at=now,
            email_verified_at=now,
        )
        told = (
            UserRegistered(user_id=account.id),
            self._story.entry("account.created", account.id, detail=role),
        )
        await self._accounts.register(account, new.email_key, await self._passwords.hash(new.password), None, told)
        return _view(account)

    async def show(self, user: str) -> AccountView:
        """One account."""
        return _view(await self._found(user))

    async def list(self) -> AsyncGenerator[AccountView, None]:
        """All accounts, the oldest first."""
        after = ""
        while page := await self._accounts.page(after, _PAGE):
            for account in page:
                yield _view(account)
            after = page[-1].id

    async def set_role(self, user: str, role: Role) -> AccountView:
        """Another role, from the account's next request on."""
        account = await self._found(user)
        changed = self._story.entry("role.changed", account.id, detail=f"{account.role} -> {role}")
        await self._accounts.set_role(account.id, role, changed)
        return _view(msgspec.structs.replace(account, role=role))

    async def reset_password(self, user: str, password: str) -> AccountView:
        """Another password; every session ends. Raises InvalidPassword."""
        account = await self._found(user)
        new = check_password(password, "password", await self._passwords.common.load())
        found = await self._accounts.credentials_of(account.id)
        change = PasswordChange(
            user_id=account.id,
            old=found.password_hash if found else None,
            new=await self._passwords.hash(new),
            kept="",
            now=self._story.now(),
        )
        told = (
            MailWanted(user_id=account.id, mail="PASSWORD_CHANGED", locale=current().locale),
            self._story.entry("password.reset", account.id),
        )
        if not await self._accounts.change_password(change, told):
            return await self.reset_password(user, password)  # its user was faster
        return _view(account)

    async def disable(self, user: str) -> AccountView:
        """Nobody signs in to it any more; every session ends."""
        account, now = await self._found(user), self._story.now()
        await self._accounts.set_disabled(account.id, now, now, self._story.entry("account.disabled", account.id))
        return _view(msgspec.structs.replace(account, disabled_at=now))

    async def enable(self, user: str) -> AccountView:
        """Undo `disable`; its sessions stay ended."""
        account, now = await self._found(user), self._story.now()
        await self._accounts.set_disabled(account.id, None, now, self._story.entry("account.enabled", account.id))
        return _view(msgspec.structs.replace(account, disabled_at=None))

    async def erase(self, user: str) -> str:
        """Remove the account here and in every domain. Its id."""
        account = await self._found(user)
        await self._erasure.erase(account.id)
        return account.id

    async def export(self, user_id: str) -> AsyncGenerator[Exported, None]:
        """What auth stores of the account with this id, but for secrets. That it was told is in the audit log."""
        account = await self._accounts.account(user_id)
        if account is None:
            return
        await self._accounts.tell(self._story.entry("account.exported", user_id))
        yield Exported("account", account)
        for identity in await self._accounts.identities(user_id):
            yield Exported("identity", identity._asdict())
        after = ""
        while page := await self._accounts.stored_sessions(user_id, after, _PAGE):
            for session in page:
                yield Exported("session", session)
            after = page[-1].id
        async for entry in self.audit(user_id):
            yield Exported("audit", entry)

    async def audit(self, user_id: str | None = None) -> AsyncGenerator[AuditEntry, None]:
        """The audit log, oldest first: all of it, or of the account with this id, erased or not."""
        after = ""
        while page := await self._accounts.audit(after, _PAGE, user_id):
            for entry in page:
                yield entry
            after = page[-1].id

    async def _found(self, user: str) -> Account:
        if is_id(user):
            account = await self._accounts.account(user)
        elif key := email_key(user):
            found = await self._accounts.credentials(key)
            account = found.account if found else None
        else:
            account = await self._accounts.account_by_username(user)
        if account is None:
            raise UserNotFound
        return account


def _view(account: Account) -> AccountView:
    return AccountView(**{name: getattr(account, name) for name in AccountView.__struct_fields__})
