"""A resume as REST's clients read it: the stored rows as they are, times as text, `projects` for old clients."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict

from girok.clock import timestamp
from plugins.personal.messages import (
    Attachment,
    AttachmentType,
    Experience,
    Project,
    Resume,
    ResumeContent,
)

__all__ = ["AttachmentView", "Deleted", "OwnResume", "PublicExperience", "PublicResume", "public_body"]


class Deleted(msgspec.Struct, frozen=True):
    """What was there is gone."""

    id: str


class AttachmentView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Attachment."""

    id: str
    resume_id: str
    type: AttachmentType
    file_name: str
    file_key: str
    file_url: str
    file_size: int
    mime_type: str
    is_processed: bool
    original_url: str | None
    title: str | None
    description: str | None
    order: int
    visible: bool
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, attachment: Attachment) -> "AttachmentView":
        """A file of a resume."""
        return cls(**_with_times(attachment))


class _View(ResumeContent, frozen=True, kw_only=True, rename="camel"):
    id: str
    user_id: str
    title: str
    is_default: bool
    profile_image: str | None
    projects: tuple[Project, ...] = ()
    attachments: tuple[AttachmentView, ...]
    created_at: str
    updated_at: str


class OwnResume(_View, frozen=True, kw_only=True, rename="camel"):
    """Resume, as its owner sees it."""

    @classmethod
    def of(cls, resume: Resume) -> "OwnResume":
        """One's own."""
        return cls(**_fields(resume))


class PublicExperience(Experience, frozen=True, kw_only=True, rename="camel"):
    """Experience, as others see it: without the salary, unless it is shown."""

    salary: int | UnsetType | None = UNSET  # pyright: ignore[reportIncompatibleVariableOverride] - absent when hidden
    salary_unit: str | UnsetType | None = UNSET  # pyright: ignore[reportIncompatibleVariableOverride] - the same
    show_salary: bool | UnsetType = UNSET  # pyright: ignore[reportIncompatibleVariableOverride] - the same

    @classmethod
    def of(cls, row: Experience) -> "PublicExperience":
        """What `privacy.published` gave."""
        fields = asdict(row)
        if row.show_salary is None:
            for name in ("salary", "salary_unit", "show_salary"):
                del fields[name]
        return cls(**fields)


class PublicResume(_View, frozen=True, kw_only=True, rename="camel"):
    """Resume, as others see it."""

    experiences: tuple[PublicExperience, ...] = ()

    @classmethod
    def of(cls, resume: Resume) -> "PublicResume":
        """What `privacy.published` gave."""
        fields = _fields(resume)
        fields["experiences"] = tuple(PublicExperience.of(each) for each in resume.experiences)
        return cls(**fields)


def public_body(resume: Resume) -> bytes:
    """The JSON of what `privacy.published` gave."""
    return msgspec.json.encode(PublicResume.of(resume))


def _fields(resume: Resume) -> dict[str, Any]:
    fields = _with_times(resume)
    del fields["version"]
    return {**fields, "attachments": tuple(AttachmentView.of(each) for each in resume.attachments)}


def _with_times(value: Resume | Attachment) -> dict[str, Any]:
    return {**asdict(value), "created_at": timestamp(value.created_at), "updated_at": timestamp(value.updated_at)}
