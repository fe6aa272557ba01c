"""Auth's tables; migrations/auth/ makes them. Of a composite key the class names the leading column."""

from piccolo.columns import Bytea, Integer, Text, Timestamptz, Varchar

from girok.db.table import Table

__all__ = [
    "AuditRow",
    "ErasureRow",
    "IdentityRow",
    "RefreshTokenRow",
    "SessionRow",
    "SigningKeyRow",
    "TicketRow",
    "UserRow",
]


class UserRow(Table, tablename="auth_user"):
    """An account. `email_key` and `username` are unique; `password_hash` is argon2's text form."""

    id = Varchar(36, primary_key=True)
    email = Varchar(254)
    email_key = Varchar(254)
    username = Varchar(20)
    name = Varchar(100)
    avatar = Text(null=True, default=None)
    bio = Text(null=True, default=None)
    role = Varchar(10, default="USER")
    password_hash = Text(null=True, default=None)
    created_at = Timestamptz()
    provider = Varchar(20, default="LOCAL")
    email_verified_at = Timestamptz(null=True, default=None)
    disabled_at = Timestamptz(null=True, default=None)


class SessionRow(Table, tablename="auth_session"):
    """A login, or a guest token for `domain`.

    It lives until `ended_at` is set, `expires_at` has come, or nobody used it for long.
    """

    id = Varchar(36, primary_key=True)
    user_id = Varchar(36)
    domain = Varchar(253, null=True, default=None)
    device = Varchar(300, null=True, default=None)
    address = Varchar(64, null=True, default=None)
    created_at = Timestamptz()
    last_used_at = Timestamptz()
    expires_at = Timestamptz()
    ended_at = Timestamptz(null=True, default=None)


class RefreshTokenRow(Table, tablename="auth_refresh_token"):
    """A refresh token that may be used; `used_at` is its first use."""

    id = Varchar(36, primary_key=True)
    session_id = Varchar(36)
    expires_at = Timestamptz()
    used_at = Timestamptz(null=True, default=None)


class SigningKeyRow(Table, tablename="auth_signing_key"):
    """A key that signs tokens; its private half is sealed."""

    id = Varchar(64, primary_key=True)
    number = Integer()
    private_key = Bytea()
    created_at = Timestamptz()
    signs_from = Timestamptz()


class IdentityRow(Table, tablename="auth_identity"):
    """An account elsewhere that one can sign in with."""

    provider = Varchar(40, primary_key=True)
    subject = Varchar(255)
    user_id = Varchar(36)
    created_at = Timestamptz()


class TicketRow(Table, tablename="auth_ticket"):
    """A proof of one use; `content` is sealed."""

    hash = Varchar(64, primary_key=True)
    purpose = Varchar(20)
    user_id = Varchar(36, null=True, default=None)
    content = Bytea()
    expires_at = Timestamptz()


class AuditRow(Table, tablename="auth_audit"):
    """Something that was done to an account."""

    id = Varchar(36, primary_key=True)
    kind = Varchar(40)
    user_id = Varchar(36, null=True, default=None)
    actor = Varchar(100)
    session_id = Varchar(36, null=True, default=None)
    address = Varchar(64, null=True, default=None)
    device = Varchar(300, null=True, default=None)
    detail = Text(default="")
    created_at = Timestamptz()


class ErasureRow(Table, tablename="auth_erasure"):
    """An account that was erased."""

    user_id = Varchar(36, primary_key=True)
    erased_at = Timestamptz()
    told_at = Timestamptz()
