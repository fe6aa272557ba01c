"""Auth's storage port. Each method is one unit of work; events given to it commit with the change, or not at all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from girok.context import Role
from plugins.auth.events import UserLoggedIn, UserRegistered
from plugins.auth.ports import Confidential

__all__ = ["Account", "AuthRepository", "Credentials", "Login", "LivingSession", "NewSession"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is stored. What others see of it is the service's to decide."""

    id: str
    email: str
    username: str
    name: str
    role: Role
    created_at: datetime
    avatar: str | None = None
    bio: str | None = None


class Credentials(Confidential, frozen=True):
    """An account and the hash of its password; None without a password."""

    account: Account
    password_hash: str | None


class NewSession(Confidential, frozen=True, kw_only=True):
    """A login. Used for the last time now, it ends at `expires_at`."""

    id: str
    user_id: str
    token_hash: str
    device: str | None
    address: str | None
    created_at: datetime
    expires_at: datetime


class LivingSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has not ended, with its user's present role."""

    id: str
    user_id: str
    role: Role
    device: str | None
    address: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
