"""The SQL of share links. A link whose resume is gone is gone."""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from typing import Any

from girok.db.statement import prepare
from plugins.personal.tables import ShareRow

_LINKS = (
    "SELECT s.id, s.token, s.resume_id, s.user_id, s.expires_at, s.is_active, s.view_count, s.last_viewed_at, "
    "s.created_at, s.updated_at FROM personal_share s "
    "JOIN personal_resume r ON r.id = s.resume_id AND r.deleted_at IS NULL WHERE "
)


def _links(rest: str, *values: Any) -> Any:
    """Links; `rest` goes on after WHERE."""
    return ShareRow.raw(_LINKS + rest, *values)


RESUME_TO_SHARE = prepare(
    lambda p: ShareRow.raw(
        "SELECT (SELECT count(*) FROM personal_share WHERE user_id = {}) AS links FROM personal_resume "
        "WHERE id = {} AND user_id = {} AND deleted_at IS NULL",
        p.user_id,
        p.resume_id,
        p.user_id,
    )
)
INSERT_SHARE = prepare(
    lambda p: ShareRow.insert(
        ShareRow(
            id=p.id,
            token=p.token,
            resume_id=p.resume_id,
            user_id=p.user_id,
            expires_at=p.expires_at,
            is_active=p.is_active,
            created_at=p.created_at,
            updated_at=p.updated_at,
        )
    )
)
SHARE = prepare(lambda p: _links("s.id = {} AND s.user_id = {}", p.id, p.user_id))
SHARE_BY_TOKEN = prepare(lambda p: _links("s.token = {}", p.token))
SHARES = prepare(lambda p: _links("s.user_id = {} ORDER BY s.id DESC", p.user_id))
UPDATE_SHARE = prepare(
    lambda p: ShareRow.raw(
        "UPDATE personal_share SET expires_at = {}, is_active = {}, updated_at = {} WHERE id = {}",
        p.expires_at,
        p.is_active,
        p.now,
        p.id,
    )
)
DELETE_SHARE = prepare(lambda p: ShareRow.delete().where(ShareRow.id == p.id))
COUNT_VIEWS = prepare(
    lambda p: ShareRow.raw(
        "UPDATE personal_share SET view_count = view_count + {}, last_viewed_at = {} WHERE id = {}",
        p.views,
        p.now,
        p.id,
    )
)
