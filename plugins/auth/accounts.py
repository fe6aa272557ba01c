"""What `girok user` and `girok audit` send to where auth runs, and what they get.

`user` is an id, an email or a username.
"""

from datetime import datetime

import msgspec

from girok.context import Role
from plugins.auth.messages import Confidential

__all__ = ["AccountView", "AuditOf", "Named", "NewAccount", "NewPassword", "NewRole"]


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account as operators see it."""

    id: str
    email: str
    username: str
    name: str
    role: Role
    provider: str
    created_at: datetime
    email_verified_at: datetime | None
    disabled_at: datetime | None


class NewAccount(Confidential, frozen=True):
    """An account to be made."""

    email: str
    username: str
    password: str
    name: str
    role: Role


class Named(msgspec.Struct, frozen=True):
    """An account."""

    user: str


class NewRole(msgspec.Struct, frozen=True):
    """Its other role."""

    user: str
    role: Role


class NewPassword(Confidential, frozen=True):
    """Its other password."""

    user: str
    password: str


class AuditOf(msgspec.Struct, frozen=True):
    """The account with this id, erased or not; None for all."""

    user_id: str | None = None
