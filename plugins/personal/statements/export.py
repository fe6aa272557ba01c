"""The SQL that tells what is stored of a user, page by page: what was deleted and is still there, too."""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from girok.db.statement import Prepared, prepare
from plugins.personal.tables import ResumeRow


def _page(table: str, key: str, columns: str) -> Prepared:
    """Rows of `user_id` behind `after`, in the order of `key`."""
    text = f"SELECT {columns} FROM {table} WHERE user_id = {{}} AND {key} > {{}} ORDER BY {key} LIMIT {{}}"  # noqa: S608 - names alone
    return prepare(lambda p: ResumeRow.raw(text, p.user_id, p.after, p.limit))


RESUMES = _page(
    "personal_resume", "id", "id, title, is_default, profile_image, content, deleted_at, created_at, updated_at"
)
SHARES = _page(
    "personal_share",
    "id",
    "id, resume_id, expires_at, is_active, view_count, last_viewed_at, created_at, updated_at",
)
FILES = _page("personal_file", "key", "key, kind, file_name, mime_type, size, expires_at, created_at")
