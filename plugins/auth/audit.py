"""The audit log: what was done to accounts, by whom, from where. Rows are only ever added.

No row holds an email, a name, a password or a token. When a user is erased, the rows stay, without address and device.
"""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from datetime import datetime
from typing import Literal

import msgspec

from girok.db.statement import Statement, prepare
from girok.db.unit import Unit, execute
from plugins.auth.tables import AuditRow

__all__ = ["AuditEntry", "Kind", "entries", "record"]

Kind = Literal[
    "account.registered",
    "account.created",
    "account.disabled",
    "account.enabled",
    "account.erased",
    "account.exported",
    "email.verified",
    "login",
    "login.failed",
    "identity.linked",
    "guest.invited",
    "password.changed",
    "password.reset",
    "password.reset_requested",
    "refresh.reused",
    "role.changed",
    "session.ended",
    "session.others_ended",
]


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done to the account `user_id`. `actor` is a user's id, or `operator:NAME`, or empty.

    `detail` is what a reader needs beside the kind, as text without personal data.
    """

    id: str
    kind: Kind
    created_at: datetime
    user_id: str | None
    actor: str = ""
    session_id: str | None = None
    address: str | None = None
    device: str | None = None
    detail: str = ""


def record(entry: AuditEntry) -> Unit[None]:
    """Store it, with whatever else the unit changes."""
    yield from execute(_INSERT(**msgspec.structs.asdict(entry)))


def entries(after: str, limit: int, user_id: str | None) -> Statement:
    """Selects the entries whose id follows `after`, oldest first: all, or those of an account."""
    if user_id is None:
        return _ALL(after=after, limit=limit)
    return _OF_USER(after=after, limit=limit, user_id=user_id)


_ALL = prepare(lambda p: AuditRow.raw("SELECT * FROM auth_audit WHERE id > {} ORDER BY id LIMIT {}", p.after, p.limit))
_OF_USER = prepare(
    lambda p: AuditRow.raw(
        "SELECT * FROM auth_audit WHERE user_id = {} AND id > {} ORDER BY id LIMIT {}", p.user_id, p.after, p.limit
    )
)
_INSERT = prepare(
    lambda p: AuditRow.insert(
        AuditRow(
            id=p.id,
            kind=p.kind,
            user_id=p.user_id,
            actor=p.actor,
            session_id=p.session_id,
            address=p.address,
            device=p.device,
            detail=p.detail,
            created_at=p.created_at,
        )
    )
)
