"""Auth's SQL. A password's hash is read by the statements called `CREDENTIALS...` alone."""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from typing import Any

from girok.db.statement import prepare
from plugins.auth.repository import Account
from plugins.auth.tables import ErasureRow, IdentityRow, RefreshTokenRow, SessionRow, SigningKeyRow, TicketRow, UserRow

_ACCOUNT = tuple(getattr(UserRow, each) for each in Account.__struct_fields__)
_COLUMNS = ", ".join(f"u.{each}" for each in Account.__struct_fields__)
"""The same for raw statements, of `auth_user u`."""
_LIVING = "ended_at IS NULL AND expires_at > {} AND (last_used_at > {} OR domain IS NOT NULL)"
"""A guest's session does not lie idle: its one token says when it ends."""
_ENABLED = "u.disabled_at IS NULL"
_SESSIONS = (
    "SELECT s.id, s.user_id, u.role, u.email, s.domain, s.device, s.address, "
    "s.created_at, s.last_used_at, s.expires_at FROM auth_session s JOIN auth_user u ON u.id = s.user_id WHERE "
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
            avatar=p.avatar,
            provider=p.provider,
            email_verified_at=p.email_verified_at,
            disabled_at=p.disabled_at,
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
CREDENTIALS_BY_ID = prepare(lambda p: UserRow.select(*_ACCOUNT, UserRow.password_hash).where(UserRow.id == p.id))
UPDATE_ACCOUNT = prepare(
    lambda p: UserRow.raw(
        "UPDATE auth_user SET name = {}, username = {}, avatar = {}, bio = {} WHERE id = {} "
        "AND NOT EXISTS (SELECT 1 FROM auth_user WHERE username = {} AND id <> {}) RETURNING id",
        p.name,
        p.username,
        p.avatar,
        p.bio,
        p.id,
        p.username,
        p.id,
    )
)
SET_HASH = prepare(
    lambda p: UserRow.raw(
        "UPDATE auth_user SET password_hash = {} WHERE id = {} AND COALESCE(password_hash, '') = COALESCE({}, '') "
        "RETURNING id",
        p.new,
        p.id,
        p.old,
    )
)
SET_EMAIL_VERIFIED = prepare(
    lambda p: UserRow.raw(
        "UPDATE auth_user SET email_verified_at = COALESCE(email_verified_at, {}) WHERE id = {}", p.now, p.id
    )
)
SET_HASH_BY_TICKET = prepare(
    lambda p: UserRow.raw("UPDATE auth_user SET password_hash = {} WHERE id = {} RETURNING id", p.new, p.id)
)

SET_ROLE = prepare(lambda p: UserRow.raw("UPDATE auth_user SET role = {} WHERE id = {}", p.role, p.id))
SET_DISABLED = prepare(lambda p: UserRow.raw("UPDATE auth_user SET disabled_at = {} WHERE id = {}", p.since, p.id))
PAGE = prepare(
    lambda p: UserRow.raw(
        f"SELECT {_COLUMNS} FROM auth_user u WHERE u.id > {{}} ORDER BY u.id LIMIT {{}}",  # noqa: S608 - names alone
        p.after,
        p.limit,
    )
)

IDENTITIES = prepare(
    lambda p: IdentityRow.select(IdentityRow.provider, IdentityRow.subject).where(IdentityRow.user_id == p.user_id)
)
INSERT_IDENTITY = prepare(
    lambda p: IdentityRow.raw(
        "INSERT INTO auth_identity (provider, subject, user_id, created_at) VALUES ({}, {}, {}, {}) "
        "ON CONFLICT (provider, subject) DO NOTHING RETURNING user_id",
        p.provider,
        p.subject,
        p.user_id,
        p.now,
    )
)
CREDENTIALS_BY_IDENTITY = prepare(
    lambda p: UserRow.raw(
        f"SELECT {_COLUMNS}, u.password_hash FROM auth_user u JOIN auth_identity i ON i.user_id = u.id "  # noqa: S608 - as above
        "WHERE i.provider = {} AND i.subject = {}",
        p.provider,
        p.subject,
    )
)

INSERT_TICKET = prepare(
    lambda p: TicketRow.insert(
        TicketRow(hash=p.hash, purpose=p.purpose, user_id=p.user_id, content=p.content, expires_at=p.expires_at)
    )
)
TICKET = prepare(
    lambda p: TicketRow.select().where(
        TicketRow.hash == p.hash, TicketRow.purpose == p.purpose, TicketRow.expires_at > p.now
    )
)
TAKE_TICKET = prepare(lambda p: TicketRow.raw("DELETE FROM auth_ticket WHERE hash = {} RETURNING hash", p.hash))
REMOVE_TICKETS = prepare(
    lambda p: TicketRow.delete().where(TicketRow.user_id == p.user_id, TicketRow.purpose == p.purpose)
)
PURGE_TICKETS = prepare(
    lambda p: TicketRow.raw(
        "DELETE FROM auth_ticket WHERE hash IN (SELECT hash FROM auth_ticket WHERE expires_at <= {} LIMIT {}) "
        "RETURNING hash",
        p.now,
        p.limit,
    )
)

ERASE_REFRESH_TOKENS = prepare(
    lambda p: RefreshTokenRow.raw(
        "DELETE FROM auth_refresh_token WHERE session_id IN (SELECT id FROM auth_session WHERE user_id = {})", p.user_id
    )
)
ERASE_SESSIONS = prepare(
    lambda p: SessionRow.raw("DELETE FROM auth_session WHERE user_id = {} RETURNING id", p.user_id)
)
ERASE_REST = tuple(
    prepare(lambda p, text=text: UserRow.raw(text, p.user_id))
    for text in (
        "DELETE FROM auth_identity WHERE user_id = {}",
        "DELETE FROM auth_ticket WHERE user_id = {}",
        "UPDATE auth_audit SET address = NULL, device = NULL WHERE user_id = {}",
        "DELETE FROM auth_user WHERE id = {}",
    )
)
INSERT_ERASURE = prepare(lambda p: ErasureRow.insert(ErasureRow(user_id=p.user_id, erased_at=p.now, told_at=p.now)))
ERASURES_TO_TELL = prepare(
    lambda p: ErasureRow.raw(
        "UPDATE auth_erasure SET told_at = {} WHERE user_id IN (SELECT user_id FROM auth_erasure "
        "WHERE (told_at <= {} OR (told_at = erased_at AND told_at <= {})) AND erased_at > {} LIMIT {}) "
        "RETURNING user_id",
        p.now,
        p.told_before,
        p.erased_before,
        p.erased_after,
        p.limit,
    )
)

INSERT_SESSION = prepare(
    lambda p: SessionRow.insert(
        SessionRow(
            id=p.id,
            user_id=p.user_id,
            domain=p.domain,
            device=p.device,
            address=p.address,
            created_at=p.created_at,
            last_used_at=p.created_at,
            expires_at=p.expires_at,
        )
    )
)
SESSION = prepare(lambda p: _sessions(f"s.id = {{}} AND {_LIVING} AND {_ENABLED}", p.id, p.now, p.idle_since))
SESSIONS_OF = prepare(
    lambda p: _sessions(
        f"s.user_id = {{}} AND {_LIVING} ORDER BY s.last_used_at DESC, s.id DESC LIMIT {{}}",
        p.user_id,
        p.now,
        p.idle_since,
        p.limit,
    )
)
STORED_SESSIONS = prepare(
    lambda p: SessionRow.raw(
        "SELECT id, domain, device, address, created_at, last_used_at, expires_at, ended_at FROM auth_session "
        "WHERE user_id = {} AND id > {} ORDER BY id LIMIT {}",
        p.user_id,
        p.after,
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
        "UPDATE auth_session SET ended_at = {} WHERE id = {} AND user_id = {} AND ended_at IS NULL RETURNING id",
        p.now,
        p.id,
        p.user_id,
    )
)
HAS_SESSION = prepare(
    lambda p: SessionRow.select(SessionRow.id).where(SessionRow.id == p.id, SessionRow.user_id == p.user_id)
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

INSERT_REFRESH_TOKEN = prepare(
    lambda p: RefreshTokenRow.insert(RefreshTokenRow(id=p.id, session_id=p.session_id, expires_at=p.expires_at))
)
UNUSED_REFRESH_TOKEN = prepare(
    lambda p: RefreshTokenRow.select(RefreshTokenRow.id).where(
        RefreshTokenRow.id == p.id, RefreshTokenRow.session_id == p.session_id, RefreshTokenRow.used_at.is_null()
    )
)
USE_REFRESH_TOKEN = prepare(
    lambda p: RefreshTokenRow.raw(
        "UPDATE auth_refresh_token SET used_at = COALESCE(used_at, {}) "
        "WHERE id = {} AND (used_at IS NULL OR used_at >= {}) RETURNING id",
        p.now,
        p.id,
        p.used_up_since,
    )
)
REMOVE_USED_UP = prepare(
    lambda p: RefreshTokenRow.raw(
        "DELETE FROM auth_refresh_token WHERE session_id = {} AND used_at < {}", p.session_id, p.used_up_since
    )
)

PURGE_REFRESH_TOKENS = prepare(
    lambda p: RefreshTokenRow.raw(
        "DELETE FROM auth_refresh_token WHERE id IN (SELECT r.id FROM auth_refresh_token r "
        "JOIN auth_session s ON s.id = r.session_id "
        "WHERE r.expires_at <= {} OR s.ended_at <= {} OR s.expires_at <= {} LIMIT {}) RETURNING id",
        p.now,
        p.ended_before,
        p.ended_before,
        p.limit,
    )
)
PURGE_SESSIONS = prepare(
    lambda p: SessionRow.raw(
        "DELETE FROM auth_session WHERE id IN (SELECT s.id FROM auth_session s "
        "WHERE (s.ended_at <= {} OR s.expires_at <= {}) "
        "AND NOT EXISTS (SELECT 1 FROM auth_refresh_token r WHERE r.session_id = s.id) LIMIT {}) RETURNING id",
        p.ended_before,
        p.ended_before,
        p.limit,
    )
)

SIGNING_KEYS = prepare(lambda _: SigningKeyRow.select().order_by(SigningKeyRow.number))
INSERT_SIGNING_KEY = prepare(
    lambda p: SigningKeyRow.insert(
        SigningKeyRow(
            id=p.id,
            number=p.number,
            private_key=p.private_key,
            created_at=p.created_at,
            signs_from=p.signs_from,
        )
    ).on_conflict(action="DO NOTHING")
)
REMOVE_SIGNING_KEYS = prepare(lambda p: SigningKeyRow.delete().where(SigningKeyRow.id.is_in(p.ids)))
