"""Auth's SQL. A password's hash is read by one statement alone, `CREDENTIALS`."""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from typing import Any

from girok.db.statement import prepare
from plugins.auth.tables import SessionRow, UserRow

_ACCOUNT = (
    UserRow.id,
    UserRow.email,
    UserRow.username,
    UserRow.name,
    UserRow.avatar,
    UserRow.bio,
    UserRow.role,
    UserRow.created_at,
)
_LIVING = "ended_at IS NULL AND expires_at > {} AND last_used_at > {}"
_SESSIONS = (
    "SELECT s.id, s.user_id, u.role, s.device, s.address, s.created_at, s.last_used_at, s.expires_at "
    "FROM auth_session s JOIN auth_user u ON u.id = s.user_id WHERE "
)


def _sessions(rest: str, *values: Any) -> Any:
    """Sessions with their users' roles; `rest` goes on after WHERE."""
    return SessionRow.raw(_SESSIONS + rest, *values)


INSERT_USER = prepare(
    lambda p: UserRow.insert(
        UserRow(
            id=p.id,
            email=p.email,
            email_key=p.email_key,
            username=p.username,
            name=p.name,
            role=p.role,
            password_hash=p.password_hash,
            created_at=p.created_at,
        )
    ).on_conflict(action="DO NOTHING")
)
TAKEN = prepare(
    lambda p: UserRow.select(UserRow.email_key, UserRow.username).where(
        (UserRow.email_key == p.email_key) | (UserRow.username == p.username)
    )
)
ACCOUNT = prepare(lambda p: UserRow.select(*_ACCOUNT).where(UserRow.id == p.id))
ACCOUNT_BY_USERNAME = prepare(lambda p: UserRow.select(*_ACCOUNT).where(UserRow.username == p.username))
ACCOUNTS = prepare(lambda p: UserRow.select(*_ACCOUNT).where(UserRow.id.is_in(p.ids)))
CREDENTIALS = prepare(
    lambda p: UserRow.select(*_ACCOUNT, UserRow.password_hash).where(UserRow.email_key == p.email_key)
)
REPLACE_HASH = prepare(
    lambda p: UserRow.raw(
        "UPDATE auth_user SET password_hash = {} WHERE id = {} AND password_hash = {}", p.new, p.id, p.old
    )
)

INSERT_SESSION = prepare(
    lambda p: SessionRow.insert(
        SessionRow(
            id=p.id,
            user_id=p.user_id,
            token_hash=p.token_hash,
            device=p.device,
            address=p.address,
            created_at=p.created_at,
            last_used_at=p.created_at,
            expires_at=p.expires_at,
        )
    )
)
SESSION_BY_TOKEN = prepare(lambda p: _sessions(f"s.token_hash = {{}} AND {_LIVING}", p.token_hash, p.now, p.idle_since))
SESSIONS_OF = prepare(
    lambda p: _sessions(
        f"s.user_id = {{}} AND {_LIVING} ORDER BY s.last_used_at DESC, s.id DESC LIMIT {{}}",
        p.user_id,
        p.now,
        p.idle_since,
        p.limit,
    )
)
TOUCH = prepare(
    lambda p: SessionRow.raw(
        "UPDATE auth_session SET last_used_at = {} WHERE id = {} AND last_used_at < {}", p.now, p.id, p.now
    )
)
END_SESSION = prepare(
    lambda p: SessionRow.raw(
        "UPDATE auth_session SET ended_at = COALESCE(ended_at, {}) WHERE id = {} AND user_id = {} RETURNING id",
        p.now,
        p.id,
        p.user_id,
    )
)
END_OTHER_SESSIONS = prepare(
    lambda p: SessionRow.raw(
        f"UPDATE auth_session SET ended_at = {{}} WHERE user_id = {{}} AND id <> {{}} AND {_LIVING} RETURNING id",  # noqa: S608 - no value is in it
        p.now,
        p.user_id,
        p.kept,
        p.now,
        p.idle_since,
    )
)
