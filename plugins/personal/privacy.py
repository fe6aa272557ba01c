"""What others see of a resume: the only place that decides it, for whatever leaves to anybody but the owner. Pure."""

from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from plugins.personal.messages import Certificate, Education, Experience, Resume, Skill

__all__ = ["published"]

T = TypeVar("T", Skill, Experience, Education, Certificate)


def published(resume: Resume) -> Resume:
    """The resume without its hidden sections, rows and files, and without salaries that are not shown.

    A section that a resume does not list hides nothing. Who hides the photo's attachment hides the photo.
    """
    hidden = {each.type for each in resume.sections if not each.visible}
    attachments = tuple(each for each in resume.attachments if each.visible)
    photo_is_hidden = any(each.type == "PROFILE_PHOTO" and not each.visible for each in resume.attachments)
    return replace(
        resume,
        profile_image=None if photo_is_hidden else resume.profile_image,
        sections=tuple(each for each in resume.sections if each.visible),
        skills=() if "SKILLS" in hidden else _visible(resume.skills),
        experiences=()
        if "EXPERIENCE" in hidden
        else tuple(_experience(each, with_projects="PROJECT" not in hidden) for each in _visible(resume.experiences)),
        educations=() if "EDUCATION" in hidden else _visible(resume.educations),
        certificates=() if "CERTIFICATE" in hidden else _visible(resume.certificates),
        key_achievements=() if "KEY_ACHIEVEMENTS" in hidden else resume.key_achievements,
        application_reason=None if "APPLICATION_REASON" in hidden else resume.application_reason,
        cover_letter=None if "COVER_LETTER" in hidden else resume.cover_letter,
        attachments=() if "ATTACHMENTS" in hidden else attachments,
    )


def _visible(rows: Sequence[T]) -> tuple[T, ...]:
    return tuple(each for each in rows if each.visible)


def _experience(row: Experience, *, with_projects: bool) -> Experience:
    projects = row.projects if with_projects else ()
    if row.show_salary:
        return replace(row, projects=projects)
    return replace(row, projects=projects, salary=None, salary_unit=None, show_salary=None)
