"""The messages of PersonalService: a resume as it is stored and given. Others import them from ports.py.

Their JSON names are REST's (camelCase). Months are `YYYY-MM`, `birth_date` is `YYYY-MM-DD`; a blank one is a form that
is half filled.
"""

from datetime import datetime
from typing import Literal

import msgspec

__all__ = [
    "Attachment",
    "AttachmentType",
    "Certificate",
    "Degree",
    "Education",
    "Experience",
    "Gender",
    "GpaFormat",
    "MilitaryService",
    "Node",
    "PaperSize",
    "Project",
    "Resume",
    "ResumeContent",
    "Section",
    "SectionType",
    "Skill",
    "SkillItem",
]

PaperSize = Literal["A4", "LETTER"]
Gender = Literal["MALE", "FEMALE", "OTHER", "PREFER_NOT_TO_SAY"]
MilitaryService = Literal["COMPLETED", "EXEMPTED", "NOT_APPLICABLE"]
SectionType = Literal[
    "SKILLS",
    "EXPERIENCE",
    "PROJECT",
    "EDUCATION",
    "CERTIFICATE",
    "KEY_ACHIEVEMENTS",
    "APPLICATION_REASON",
    "ATTACHMENTS",
    "COVER_LETTER",
]
Degree = Literal["HIGH_SCHOOL", "ASSOCIATE_2", "ASSOCIATE_3", "BACHELOR", "MASTER", "DOCTORATE"]
GpaFormat = Literal["SCALE_4_0", "SCALE_4_5", "SCALE_100"]
AttachmentType = Literal["PROFILE_PHOTO", "PORTFOLIO", "CERTIFICATE", "OTHER"]


class Section(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a part of the resume stands, and whether others see it."""

    id: str
    type: SectionType
    order: int
    visible: bool


class Node(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line of a tree; `depth` is 1 to 4."""

    id: str
    content: str
    depth: int
    order: int
    children: tuple["Node", ...] = ()


class SkillItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    description: str | None = None
    descriptions: tuple[Node, ...] = ()


class Skill(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    category: str
    items: tuple[SkillItem, ...]
    order: int
    visible: bool


class Project(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    name: str
    start_date: str
    end_date: str | None
    description: str | None
    role: str | None
    achievements: tuple[Node, ...]
    tech_stack: tuple[str, ...]
    url: str | None
    github_url: str | None
    order: int


class Experience(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`salary`, `salary_unit` and `show_salary` are None for whoever must not see them."""

    id: str
    company: str
    start_date: str
    end_date: str | None
    is_currently_working: bool
    final_position: str
    job_title: str
    salary: int | None
    salary_unit: str | None
    show_salary: bool | None
    projects: tuple[Project, ...]
    order: int
    visible: bool


class Education(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    school: str
    major: str
    degree: Degree | None
    start_date: str
    end_date: str | None
    gpa: str | None
    gpa_format: GpaFormat | None
    order: int
    visible: bool


class Certificate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    name: str
    issuer: str
    issue_date: str
    expiry_date: str | None
    credential_id: str | None
    credential_url: str | None
    order: int
    visible: bool


class Attachment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A file of a resume; `file_size` in bytes. `file_url` loads without a bearer."""

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
    created_at: datetime
    updated_at: datetime


class ResumeContent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is stored of a resume as one JSON text: all that no query asks for. New fields have a default."""

    description: str | None = None
    paper_size: PaperSize = "A4"
    name: str = ""
    email: str = ""
    phone: str | None = None
    address: str | None = None
    github: str | None = None
    blog: str | None = None
    linkedin: str | None = None
    portfolio: str | None = None
    summary: str | None = None
    key_achievements: tuple[str, ...] = ()
    birth_year: int | None = None
    birth_date: str | None = None
    gender: Gender | None = None
    military_service: MilitaryService | None = None
    military_discharge: str | None = None
    military_rank: str | None = None
    military_discharge_type: str | None = None
    military_service_start_date: str | None = None
    military_service_end_date: str | None = None
    cover_letter: str | None = None
    application_reason: str | None = None
    sections: tuple[Section, ...] = ()
    skills: tuple[Skill, ...] = ()
    experiences: tuple[Experience, ...] = ()
    educations: tuple[Education, ...] = ()
    certificates: tuple[Certificate, ...] = ()


class Resume(ResumeContent, frozen=True, kw_only=True, rename="camel"):
    """A resume, whole. `version` counts its changes, those of its attachments too.

    `profile_image` is the address of its photo, or one elsewhere that its owner gave.
    """

    id: str
    user_id: str
    title: str
    is_default: bool
    version: int
    profile_image: str | None
    attachments: tuple[Attachment, ...]
    created_at: datetime
    updated_at: datetime
