"""The SQL of files and attachments.

A file that was dropped expired when it was made: by no clock can it still be taken.
"""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from typing import Any

from girok.db.statement import prepare
from plugins.personal.tables import AttachmentRow, FileRow, ResumeRow

_ATTACHMENTS = (
    "SELECT a.id, a.resume_id, a.type, a.key, a.title, a.description, a.position, a.visible, a.created_at, "
    "a.updated_at, f.file_name, f.mime_type, f.size "
    "FROM personal_attachment a JOIN personal_file f ON f.key = a.key WHERE "
)
_IN_ORDER = "ORDER BY a.resume_id, a.type, a.position, a.id"


def _attachments(rest: str, *values: Any) -> Any:
    """Attachments with their files; `rest` goes on after WHERE."""
    return AttachmentRow.raw(_ATTACHMENTS + rest, *values)


def _among(keys: Any) -> str:
    """`IN` over so many values."""
    return f"IN ({', '.join('{}' for _ in keys)})"


# Files.

INSERT_FILE = prepare(
    lambda p: FileRow.insert(
        FileRow(
            key=p.key,
            user_id=p.user_id,
            kind=p.kind,
            file_name=p.file_name,
            mime_type=p.mime_type,
            expires_at=p.expires_at,
            created_at=p.created_at,
        )
    )
)
SET_TEMPORARY = prepare(
    lambda p: FileRow.raw(
        "UPDATE personal_file SET size = {}, expires_at = {} WHERE key = {} AND expires_at > {} RETURNING key",
        p.size,
        p.expires_at,
        p.key,
        p.now,
    )
)
EVICT = prepare(
    lambda p: FileRow.raw(
        "UPDATE personal_file SET expires_at = created_at WHERE key IN (SELECT key FROM personal_file "
        "WHERE user_id = {} AND expires_at > {} AND size > 0 ORDER BY created_at DESC, key DESC LIMIT 1000 OFFSET {})",
        p.user_id,
        p.now,
        p.most,
    )
)
KEEP = prepare(
    lambda p: FileRow.raw(
        "UPDATE personal_file SET size = {}, kind = {}, expires_at = NULL "
        "WHERE key = {} AND size = 0 AND expires_at > {} RETURNING key",
        p.size,
        p.kind,
        p.key,
        p.now,
    )
)
TAKE_PHOTO = prepare(
    lambda p: FileRow.raw(
        "UPDATE personal_file SET expires_at = NULL "
        "WHERE key = {} AND user_id = {} AND kind = 'PHOTO' AND size > 0 AND expires_at > {} RETURNING key",
        p.key,
        p.user_id,
        p.now,
    )
)
DROP_TEMPORARY = prepare(
    lambda p: FileRow.raw(
        "UPDATE personal_file SET expires_at = created_at "
        "WHERE key = {} AND user_id = {} AND size > 0 AND expires_at > {} RETURNING key",
        p.key,
        p.user_id,
        p.now,
    )
)
DROPPED = prepare(
    lambda p: FileRow.raw(
        "SELECT key FROM personal_file WHERE user_id = {} AND size > 0 AND expires_at <= created_at LIMIT {}",
        p.user_id,
        p.limit,
    )
)
DUE = prepare(
    lambda p: FileRow.raw(
        "SELECT key FROM personal_file WHERE expires_at <= {} ORDER BY expires_at LIMIT {}", p.now, p.limit
    )
)
DELETE_FILES = prepare(lambda p: FileRow.delete().where(FileRow.key.is_in(p.keys), FileRow.expires_at.is_not_null()))
SHOWN_PHOTO = prepare(
    lambda p: FileRow.raw(
        "SELECT mime_type, size, created_at FROM personal_file "
        "WHERE key = {} AND kind = 'PHOTO' AND size > 0 AND (expires_at IS NULL OR expires_at > {})",
        p.key,
        p.now,
    )
)
DROP_PENDING = prepare(
    lambda p: FileRow.raw(
        "UPDATE personal_file SET expires_at = created_at WHERE key = {} AND size = 0 RETURNING key", p.key
    )
)
DROP_SOME_OF = prepare(
    lambda p: FileRow.raw(
        "UPDATE personal_file SET expires_at = created_at WHERE key IN (SELECT key FROM personal_file "
        "WHERE user_id = {} AND size > 0 LIMIT {}) RETURNING key",
        p.user_id,
        p.limit,
    )
)

# Attachments. Whatever changes one begins with CHANGE_RESUME, so that what a unit reads after it stays.

CHANGE_RESUME = prepare(
    lambda p: ResumeRow.raw(
        "UPDATE personal_resume SET version = version + 1, updated_at = {} "
        "WHERE id = {} AND user_id = {} AND deleted_at IS NULL RETURNING id",
        p.now,
        p.resume_id,
        p.user_id,
    )
)
OWN_RESUME = prepare(
    lambda p: ResumeRow.raw(
        "SELECT id FROM personal_resume WHERE id = {} AND user_id = {} AND deleted_at IS NULL",
        p.resume_id,
        p.user_id,
    )
)
NO_ADDRESS_ELSEWHERE = prepare(
    lambda p: ResumeRow.raw("UPDATE personal_resume SET profile_image = NULL WHERE id = {}", p.resume_id)
)
ATTACHMENTS = prepare(
    lambda p: _attachments(f"a.resume_id {_among(p.resume_ids)} {_IN_ORDER}", *p.resume_ids),
)
ATTACHMENT = prepare(lambda p: _attachments("a.id = {} AND a.resume_id = {}", p.id, p.resume_id))
COUNT_ATTACHMENTS = prepare(
    lambda p: AttachmentRow.raw("SELECT count(*) AS n FROM personal_attachment WHERE resume_id = {}", p.resume_id)
)
INSERT_ATTACHMENT = prepare(
    lambda p: AttachmentRow.raw(
        "INSERT INTO personal_attachment "
        "(id, resume_id, type, key, title, description, position, visible, created_at, updated_at) "
        "VALUES ({}, {}, {}, {}, {}, {}, (SELECT COALESCE(MAX(position) + 1, 0) FROM personal_attachment "
        "WHERE resume_id = {} AND type = {}), {}, {}, {})",
        p.id,
        p.resume_id,
        p.type,
        p.key,
        p.title,
        p.description,
        p.resume_id,
        p.type,
        p.visible,
        p.now,
        p.now,
    )
)
UPDATE_ATTACHMENT = prepare(
    lambda p: AttachmentRow.raw(
        "UPDATE personal_attachment SET title = {}, description = {}, visible = {}, updated_at = {} WHERE id = {}",
        p.title,
        p.description,
        p.visible,
        p.now,
        p.id,
    )
)
MOVE_ATTACHMENT = prepare(
    lambda p: AttachmentRow.raw(
        "UPDATE personal_attachment SET position = {}, updated_at = {} WHERE id = {}", p.position, p.now, p.id
    )
)
# Dropping: the files first, while the attachments name them.
DROP_FILE_OF = prepare(
    lambda p: FileRow.raw(
        "UPDATE personal_file SET expires_at = created_at WHERE key IN (SELECT key FROM personal_attachment "
        "WHERE id = {} AND resume_id = {}) RETURNING key",
        p.id,
        p.resume_id,
    )
)
DELETE_ATTACHMENT = prepare(lambda p: AttachmentRow.raw("DELETE FROM personal_attachment WHERE id = {}", p.id))
DROP_PHOTO_FILE = prepare(
    lambda p: FileRow.raw(
        "UPDATE personal_file SET expires_at = created_at WHERE key IN (SELECT key FROM personal_attachment "
        "WHERE resume_id = {} AND type = 'PROFILE_PHOTO') RETURNING key",
        p.resume_id,
    )
)
DELETE_PHOTO = prepare(
    lambda p: AttachmentRow.raw(
        "DELETE FROM personal_attachment WHERE resume_id = {} AND type = 'PROFILE_PHOTO'", p.resume_id
    )
)
DROP_FILES_OF = prepare(
    lambda p: FileRow.raw(
        "UPDATE personal_file SET expires_at = created_at WHERE key IN (SELECT key FROM personal_attachment "
        "WHERE resume_id = {})",
        p.resume_id,
    )
)
DELETE_ATTACHMENTS_OF = prepare(
    lambda p: AttachmentRow.raw("DELETE FROM personal_attachment WHERE resume_id = {}", p.resume_id)
)
DELETE_ATTACHMENTS_WITH = prepare(lambda p: AttachmentRow.delete().where(AttachmentRow.key.is_in(p.keys)))
