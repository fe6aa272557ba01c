"""What clients send of a resume, and the rules of each field: over REST, GraphQL and gRPC alike.

Rows have no ids: a list that is given replaces the stored one. A form that is half filled is good: any text may be
blank, and null is nothing. A row's `order` is its place where it is left out; rows are kept in that order, nodes and
items as they come.
"""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from plugins.personal.messages import (
    Degree,
    Gender,
    GpaFormat,
    MilitaryService,
    PaperSize,
    SectionType,
)

__all__ = [
    "DATE_PATTERN",
    "CertificateInput",
    "EducationBody",
    "EducationInput",
    "ExperienceInput",
    "NodeInput",
    "ProjectInput",
    "ResumeBody",
    "ResumeInput",
    "SectionInput",
    "SkillInput",
    "SkillItemInput",
]

_END = r"$(?!\n)"
_MONTH = rf"^(?:[0-9]{{4}}-(?:0[1-9]|1[0-2]))?{_END}"
_DATE = rf"^(?:[0-9]{{4}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))?{_END}"
_DAYS = (
    r"(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8])"
)
_FOURTHS = r"(?:0[48]|[2468][048]|[13579][26])"
DATE_PATTERN = rf"^(?:(?!0000)[0-9]{{4}}-(?:{_DAYS})|(?:[0-9]{{2}}{_FOURTHS}|{_FOURTHS}00)-02-29)?{_END}"
_SCRIPT = "(?:[Jj][Aa][Vv][Aa][Ss][Cc][Rr][Ii][Pp][Tt]|[Vv][Bb][Ss][Cc][Rr][Ii][Pp][Tt]|[Dd][Aa][Tt][Aa])"
_LINK = rf"^(?! *{_SCRIPT} *:)[^\x00-\x1f\x7f]*{_END}"
"""An address on a page runs nothing in the browser of who clicks it."""
_WEB_LINK = rf"^(?:https?://[^\x00-\x1f\x7f]*)?{_END}"

Line = Annotated[str, Meta(max_length=500)]
Text = Annotated[str, Meta(max_length=20_000)]
Link = Annotated[str, Meta(max_length=2_048, pattern=_LINK)]
Picture = Annotated[str, Meta(max_length=2_048, pattern=_LINK, extra_json_schema={"pattern": _WEB_LINK})]
"""That it is one of the web, `rules.photo_change` sees to, which says so in words."""
Month = Annotated[str, Meta(max_length=7, pattern=_MONTH)]
Date = Annotated[str, Meta(max_length=10, pattern=_DATE, extra_json_schema={"pattern": DATE_PATTERN})]
"""That the date exists, `rules.check` sees to, which says so in words."""
Year = Annotated[int, Meta(ge=1800, le=2200)]
Order = Annotated[int, Meta(ge=0, le=1_000_000)]
Depth = Annotated[int, Meta(ge=1, le=4)]
Salary = Annotated[int, Meta(ge=0, le=2_147_483_647)]


class SectionInput(msgspec.Struct, frozen=True, rename="camel"):
    type: SectionType
    order: Order | None = None
    visible: bool | None = None


class NodeInput(msgspec.Struct, frozen=True, rename="camel"):
    """`depth` is one more than that of its parent where it is left out; no deeper than 4."""

    content: Text
    depth: Depth | None = None
    order: Order | None = None
    children: Annotated[tuple["NodeInput", ...], Meta(max_length=500)] | None = None


Nodes = Annotated[tuple[NodeInput, ...], Meta(max_length=500)]


class SkillItemInput(msgspec.Struct, frozen=True, rename="camel"):
    name: Line
    description: Text | None = None
    descriptions: Nodes | None = None


class SkillInput(msgspec.Struct, frozen=True, rename="camel"):
    category: Line
    items: Annotated[tuple[SkillItemInput, ...], Meta(max_length=200)] | None = None
    order: Order | None = None
    visible: bool | None = None


class ProjectInput(msgspec.Struct, frozen=True, rename="camel"):
    name: Line
    start_date: Month | None = None
    end_date: Month | None = None
    description: Text | None = None
    role: Line | None = None
    achievements: Nodes | None = None
    tech_stack: Annotated[tuple[Line, ...], Meta(max_length=100)] | None = None
    url: Link | None = None
    github_url: Link | None = None
    order: Order | None = None


class ExperienceInput(msgspec.Struct, frozen=True, rename="camel"):
    company: Line
    start_date: Month | None = None
    end_date: Month | None = None
    is_currently_working: bool | None = None
    final_position: Line | None = None
    job_title: Line | None = None
    salary: Salary | None = None
    salary_unit: Line | None = None
    show_salary: bool | None = None
    projects: Annotated[tuple[ProjectInput, ...], Meta(max_length=100)] | None = None
    order: Order | None = None
    visible: bool | None = None


class _Education(msgspec.Struct, frozen=True, rename="camel"):
    school: Line
    major: Line | None = None
    degree: Degree | None = None
    start_date: Month | None = None
    end_date: Month | None = None
    gpa: Line | None = None
    order: Order | None = None
    visible: bool | None = None


class EducationInput(_Education, frozen=True, rename="camel"):
    """Without `gpa_format` the stored row in the same place keeps its own, unless `clear_gpa_format`."""

    gpa_format: GpaFormat | None = None
    clear_gpa_format: bool = False


class EducationBody(_Education, frozen=True, rename="camel"):
    """As JSON has it: `gpa_format` left out keeps the one of the stored row in the same place, null clears it."""

    gpa_format: GpaFormat | UnsetType | None = UNSET

    def as_input(self) -> EducationInput:
        """The same for the port."""
        common = {name: getattr(self, name) for name in _Education.__struct_fields__}
        given = self.gpa_format
        return EducationInput(**common, gpa_format=None if given is UNSET else given, clear_gpa_format=given is None)


class CertificateInput(msgspec.Struct, frozen=True, rename="camel"):
    name: Line
    issuer: Line | None = None
    issue_date: Month | None = None
    expiry_date: Month | None = None
    credential_id: Line | None = None
    credential_url: Link | None = None
    order: Order | None = None
    visible: bool | None = None


KeyAchievements = Annotated[tuple[Text, ...], Meta(max_length=100)]
Sections = Annotated[
    tuple[SectionInput, ...], Meta(max_length=9, description="Of a section that is there twice the last counts.")
]
Skills = Annotated[tuple[SkillInput, ...], Meta(max_length=100)]
Experiences = Annotated[tuple[ExperienceInput, ...], Meta(max_length=100)]
Certificates = Annotated[tuple[CertificateInput, ...], Meta(max_length=100)]


class ResumeInput(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A resume as who writes it gives it; which of the fields count, a mask says (`update_mask`).

    `profile_image_temp_key` names a temporary upload that becomes the photo; it wins over `profile_image`.
    """

    title: Line | None = None
    description: Text | None = None
    is_default: bool | None = None
    paper_size: PaperSize | None = None
    name: Line | None = None
    email: Line | None = None
    phone: Line | None = None
    address: Line | None = None
    github: Link | None = None
    blog: Link | None = None
    linkedin: Link | None = None
    portfolio: Link | None = None
    summary: Text | None = None
    key_achievements: KeyAchievements | None = None
    profile_image: Picture | None = None
    profile_image_temp_key: Line | None = None
    birth_year: Year | None = None
    birth_date: Date | None = None
    gender: Gender | None = None
    military_service: MilitaryService | None = None
    military_discharge: Line | None = None
    military_rank: Line | None = None
    military_discharge_type: Line | None = None
    military_service_start_date: Month | None = None
    military_service_end_date: Month | None = None
    cover_letter: Text | None = None
    application_reason: Text | None = None
    sections: Sections | None = None
    skills: Skills | None = None
    experiences: Experiences | None = None
    educations: Annotated[tuple[EducationInput, ...], Meta(max_length=100)] | None = None
    certificates: Certificates | None = None


class ResumeBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A ResumeInput as JSON has it: what is left out stays, null clears."""

    title: Line | UnsetType | None = UNSET
    description: Text | UnsetType | None = UNSET
    is_default: bool | UnsetType | None = UNSET
    paper_size: PaperSize | UnsetType | None = UNSET
    name: Line | UnsetType | None = UNSET
    email: Line | UnsetType | None = UNSET
    phone: Line | UnsetType | None = UNSET
    address: Line | UnsetType | None = UNSET
    github: Link | UnsetType | None = UNSET
    blog: Link | UnsetType | None = UNSET
    linkedin: Link | UnsetType | None = UNSET
    portfolio: Link | UnsetType | None = UNSET
    summary: Text | UnsetType | None = UNSET
    key_achievements: KeyAchievements | UnsetType | None = UNSET
    profile_image: Picture | UnsetType | None = UNSET
    profile_image_temp_key: Line | UnsetType | None = UNSET
    birth_year: Year | UnsetType | None = UNSET
    birth_date: Date | UnsetType | None = UNSET
    gender: Gender | UnsetType | None = UNSET
    military_service: MilitaryService | UnsetType | None = UNSET
    military_discharge: Line | UnsetType | None = UNSET
    military_rank: Line | UnsetType | None = UNSET
    military_discharge_type: Line | UnsetType | None = UNSET
    military_service_start_date: Month | UnsetType | None = UNSET
    military_service_end_date: Month | UnsetType | None = UNSET
    cover_letter: Text | UnsetType | None = UNSET
    application_reason: Text | UnsetType | None = UNSET
    sections: Sections | UnsetType | None = UNSET
    skills: Skills | UnsetType | None = UNSET
    experiences: Experiences | UnsetType | None = UNSET
    educations: Annotated[tuple[EducationBody, ...], Meta(max_length=100)] | UnsetType | None = UNSET
    certificates: Certificates | UnsetType | None = UNSET

    def as_input(self) -> tuple[ResumeInput, tuple[str, ...]]:
        """The same for the port, and the mask of what is given."""
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}
        if self.educations:
            given["educations"] = tuple(each.as_input() for each in self.educations)
        return ResumeInput(**given), tuple(given)
