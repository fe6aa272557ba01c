"""What a client's changes make of a resume: checked, and merged into what is stored. Pure but for the ids."""

from calendar import monthrange
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast, get_args

import msgspec
from msgspec.structs import replace

from girok.errors import FieldError, InvalidInput, Text
from girok.http.decode import decode, invalid
from plugins.personal import rows
from plugins.personal.files import PhotoChange
from plugins.personal.inputs import ResumeInput, SectionInput
from plugins.personal.messages import Resume, ResumeContent, Section, SectionType
from plugins.personal.rows import NewId

__all__ = ["Changes", "blank", "changes", "check", "mask_of", "photo_change", "renewed", "with_section"]

_FIRST_SECTIONS: tuple[SectionType, ...] = get_args(SectionType)[:5]
"""What a new resume shows, in this order."""
_PHOTO = ("profile_image", "profile_image_temp_key")
"""What is left to who knows the files."""
_LISTS: Mapping[str, Callable[[Any, NewId], tuple[Any, ...]]] = {
    "sections": rows.sections,
    "skills": rows.skills,
    "experiences": rows.experiences,
    "certificates": rows.certificates,
}
_BLANK = {
    **{each.name: each.default for each in msgspec.structs.fields(ResumeContent)},
    "title": "",
    "is_default": False,
}
"""What a field is that was cleared; lists aside."""

_NO_DATE = Text("There is no such date.", "존재하지 않는 날짜입니다.")
_NO_FIELD = Text("A resume has no such field.", "이력서에 없는 항목입니다.")
_NO_UNICODE = Text("Text must be valid Unicode.", "올바른 유니코드 문자열이어야 합니다.")


class Changes(NamedTuple):
    """Fields of a resume with their new values; `silent` are the places of educations that keep their `gpa_format`."""

    values: Mapping[str, Any]
    silent: frozenset[int] = frozenset()

    def applied(self, stored: Resume) -> Resume:
        """The stored resume with these changes."""
        made = replace(stored, **self.values)
        kept = {at: each.gpa_format for at, each in enumerate(stored.educations) if at in self.silent}
        if not kept:
            return made
        educations = tuple(
            replace(each, gpa_format=kept.get(at, each.gpa_format)) for at, each in enumerate(made.educations)
        )
        return replace(made, educations=educations)


def blank(resume_id: str, user_id: str, now: datetime) -> Resume:
    """A resume with nothing in it, which is what a new one begins as."""
    return Resume(
        id=resume_id,
        user_id=user_id,
        title="",
        is_default=False,
        version=1,
        profile_image=None,
        attachments=(),
        created_at=now,
        updated_at=now,
    )


def check(given: ResumeInput) -> ResumeInput:
    """The same, once every field keeps its rule, whoever made it. Raises InvalidInput with what does not."""
    try:
        body = msgspec.json.encode(given)
    except UnicodeEncodeError:
        raise InvalidInput(_NO_UNICODE) from None
    checked = decode(body, ResumeInput)
    if checked.birth_date and not _exists(checked.birth_date):
        raise invalid((FieldError("birthDate", _NO_DATE),))
    return checked


def mask_of(given: ResumeInput, mask: Sequence[str]) -> tuple[str, ...]:
    """The fields that count: those of the mask or, without one, those that are there. Raises InvalidInput."""
    fields = ResumeInput.__struct_fields__
    if not set(mask) <= set(fields):
        raise invalid((FieldError("updateMask", _NO_FIELD),))
    return tuple(mask) or tuple(each for each in fields if getattr(given, each) is not None)


def changes(given: ResumeInput, mask: Collection[str], new_id: NewId) -> Changes:
    """What `given`, which was checked, changes of the fields in `mask`; not the photo. Raises InvalidInput."""
    values = {name: _value(given, name, new_id) for name in mask if name not in (*_PHOTO, "educations")}
    if "educations" not in mask:
        return Changes(values)
    educations, silent = rows.educations(given.educations or (), new_id)
    return Changes({**values, "educations": educations}, silent)


def photo_change(given: ResumeInput, mask: Collection[str], new_id: NewId) -> PhotoChange | None:
    """What becomes of the photo; None when it stays. A temporary upload wins over an address; a blank one is none."""
    if "profile_image_temp_key" in mask and given.profile_image_temp_key:
        return PhotoChange(id=new_id(), temp_key=given.profile_image_temp_key, address=None)
    if "profile_image" not in mask:
        return None
    return PhotoChange(id=new_id(), temp_key=None, address=given.profile_image or None)


def with_section(
    stored: Resume, kind: SectionType, new_id: NewId, *, order: int | None = None, visible: bool | None = None
) -> Resume:
    """The resume with that section in another place, or shown or hidden; one that it does not list comes last."""
    last = max((each.order for each in stored.sections), default=-1)
    found = next((each for each in stored.sections if each.type == kind), None)
    section = found or Section(id=new_id(), type=kind, order=last + 1, visible=True)
    section = replace(
        section,
        order=section.order if order is None else order,
        visible=section.visible if visible is None else visible,
    )
    others = (each for each in stored.sections if each.type != kind)
    return replace(stored, sections=tuple(sorted((*others, section), key=lambda each: each.order)))


def renewed(content: ResumeContent, new_id: NewId) -> dict[str, Any]:
    """The fields of a copy: every row has an id of its own."""

    def renew(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(renew(each) for each in cast("tuple[Any, ...]", value))
        if not isinstance(value, msgspec.Struct):
            return value
        parts = {name: renew(getattr(value, name)) for name in value.__struct_fields__}
        return replace(value, **({**parts, "id": new_id()} if "id" in parts else parts))

    return {name: renew(getattr(content, name)) for name in ResumeContent.__struct_fields__}


def _value(given: ResumeInput, name: str, new_id: NewId) -> Any:
    value = getattr(given, name)
    if name == "sections" and value is None:
        value = tuple(SectionInput(each) for each in _FIRST_SECTIONS)
    if name in _LISTS:
        return _LISTS[name](value or (), new_id)
    return _BLANK[name] if value is None else value


def _exists(date: str) -> bool:
    year, month, day = map(int, date.split("-"))
    return year > 0 and day <= monthrange(year, month)[1]
