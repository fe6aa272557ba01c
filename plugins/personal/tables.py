"""Personal's tables; migrations/personal/ makes them."""

from piccolo.columns import Boolean, Integer, Text, Timestamptz, Varchar

from girok.db.table import Table

__all__ = ["AttachmentRow", "FileRow", "PreferencesRow", "ResumeRow", "ShareRow"]


class ResumeRow(Table, tablename="personal_resume"):
    """A resume. `content` is a ResumeContent as JSON; `profile_image` is an address elsewhere, never a file of ours."""

    id = Varchar(36, primary_key=True)
    user_id = Varchar(36)
    title = Text()
    is_default = Boolean(default=False)
    version = Integer(default=1)
    profile_image = Text(null=True, default=None)
    content = Text()
    deleted_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz()
    updated_at = Timestamptz()


class ShareRow(Table, tablename="personal_share"):
    """A link to a resume. `token` is unique; it lives until `expires_at`, for good without."""

    id = Varchar(36, primary_key=True)
    token = Varchar(64)
    resume_id = Varchar(36)
    user_id = Varchar(36)
    expires_at = Timestamptz(null=True, default=None)
    is_active = Boolean(default=True)
    view_count = Integer(default=0)
    last_viewed_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz()
    updated_at = Timestamptz()


class PreferencesRow(Table, tablename="personal_preferences"):
    """How a user likes to see the client. `section_order` is a list of SectionPlace as JSON."""

    user_id = Varchar(36, primary_key=True)
    id = Varchar(36)
    theme = Varchar(10)
    section_order = Text()
    created_at = Timestamptz()
    updated_at = Timestamptz()


class FileRow(Table, tablename="personal_file"):
    """A file in the object store. Nothing keeps one that expires; one of size 0 is on its way."""

    key = Varchar(100, primary_key=True)
    user_id = Varchar(36)
    kind = Varchar(10)
    file_name = Varchar(200)
    mime_type = Varchar(100)
    size = Integer(default=0)
    expires_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz()


class AttachmentRow(Table, tablename="personal_attachment"):
    """A file of a resume: what keeps the file. `position` counts within its type."""

    id = Varchar(36, primary_key=True)
    resume_id = Varchar(36)
    type = Varchar(20)
    key = Varchar(100)
    title = Text(null=True, default=None)
    description = Text(null=True, default=None)
    position = Integer()
    visible = Boolean(default=True)
    created_at = Timestamptz()
    updated_at = Timestamptz()
