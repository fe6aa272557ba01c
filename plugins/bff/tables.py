"""The bff's table."""

from piccolo.columns import Bytea, Timestamptz, Varchar

from girok.db.table import Table

__all__ = ["BffSession"]


class BffSession(Table, tablename="bff_session"):
    """A browser that is signed in. The handle itself is nowhere stored; `tokens` are sealed."""

    handle_hash = Varchar(64, primary_key=True)
    session_id = Varchar(36)
    user_id = Varchar(36)
    tokens = Bytea()
    access_expires_at = Timestamptz()
    next_id = Varchar(36, null=True, default=None)
    created_at = Timestamptz()
    expires_at = Timestamptz()
