"""Auth's tables; migrations/auth/ makes them."""

from piccolo.columns import Text, Timestamptz, Varchar

from girok.db.table import Table

__all__ = ["SessionRow", "UserRow"]


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


class SessionRow(Table, tablename="auth_session"):
    """A login. It lives until `ended_at` is set, `expires_at` has come, or nobody used it for long."""

    id = Varchar(36, primary_key=True)
    user_id = Varchar(36)
    token_hash = Varchar(64)
    device = Varchar(300, null=True, default=None)
    address = Varchar(64, null=True, default=None)
    created_at = Timestamptz()
    last_used_at = Timestamptz()
    expires_at = Timestamptz()
    ended_at = Timestamptz(null=True, default=None)
