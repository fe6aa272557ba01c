"""SQL of resumes. None finds a resume that was deleted."""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from typing import Any

from girok.db.statement import prepare
from plugins.personal.tables import ResumeRow

_FROM = "FROM personal_resume WHERE deleted_at IS NULL AND "
_RESUMES = "SELECT id, user_id, title, is_default, version, profile_image, content, created_at, updated_at " + _FROM
_ORDER = " ORDER BY is_default DESC, id DESC"
"""The default first, then the newest: ids sort by time."""


def _resumes(rest: str, *values: Any) -> Any:
    """Resumes, whole; `rest` goes on after WHERE."""
    return ResumeRow.raw(_RESUMES + rest, *values)


INSERT = prepare(
    lambda p: ResumeRow.insert(
        ResumeRow(
            id=p.id,
            user_id=p.user_id,
            title=p.title,
            is_default=p.is_default,
            version=p.version,
            profile_image=p.profile_image,
            content=p.content,
            created_at=p.created_at,
            updated_at=p.updated_at,
        )
    )
)
RESUME = prepare(lambda p: _resumes("id = {}", p.id))
RESUMES_OF = prepare(lambda p: _resumes("user_id = {}" + _ORDER, p.user_id))
FIRST_OF = prepare(lambda p: _resumes("user_id = {}" + _ORDER + " LIMIT 1", p.user_id))
FIRST_VERSION_OF = prepare(
    lambda p: ResumeRow.raw("SELECT id, version " + _FROM + "user_id = {}" + _ORDER + " LIMIT 1", p.user_id)
)
COUNT_OF = prepare(lambda p: ResumeRow.raw("SELECT count(*) AS n " + _FROM + "user_id = {}", p.user_id))
UPDATE = prepare(
    lambda p: ResumeRow.update(
        {
            ResumeRow.title: p.title,
            ResumeRow.is_default: p.is_default,
            ResumeRow.version: p.version,
            ResumeRow.profile_image: p.profile_image,
            ResumeRow.content: p.content,
            ResumeRow.updated_at: p.updated_at,
        }
    ).where(ResumeRow.id == p.id)
)
TOUCH = prepare(
    lambda p: ResumeRow.raw(
        "UPDATE personal_resume SET version = version + 1, updated_at = {} WHERE id = {}", p.now, p.id
    )
)
TAKE_DEFAULT = prepare(
    lambda p: ResumeRow.raw(
        "UPDATE personal_resume SET is_default = FALSE, version = version + 1, updated_at = {} "
        "WHERE user_id = {} AND id <> {} AND is_default AND deleted_at IS NULL",
        p.now,
        p.user_id,
        p.id,
    )
)
DELETE = prepare(
    lambda p: ResumeRow.raw(
        "UPDATE personal_resume SET deleted_at = {}, is_default = FALSE, version = version + 1, updated_at = {} "
        "WHERE id = {} AND user_id = {} AND deleted_at IS NULL RETURNING id",
        p.now,
        p.now,
        p.id,
        p.user_id,
    )
)
