"""How somebody likes to see the client: what there is to choose, and what holds for who has not chosen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from plugins.personal.messages import SectionType

__all__ = [
    "DEFAULT_ORDER",
    "DEFAULT_THEME",
    "Preferences",
    "SectionPlace",
    "Theme",
    "default_preferences",
    "in_order",
]

Theme = Literal["LIGHT", "DARK"]


class SectionPlace(msgspec.Struct, frozen=True):
    """Where a section stands, and whether it is shown."""

    type: SectionType
    order: int
    visible: bool


class Preferences(msgspec.Struct, frozen=True):
    """One for each user."""

    id: str
    user_id: str
    theme: Theme
    section_order: tuple[SectionPlace, ...]
    created_at: datetime
    updated_at: datetime


_FIRST: tuple[SectionType, ...] = ("SKILLS", "EXPERIENCE", "PROJECT", "EDUCATION", "CERTIFICATE")
DEFAULT_THEME: Theme = "LIGHT"
DEFAULT_ORDER = tuple(SectionPlace(each, place, visible=True) for place, each in enumerate(_FIRST))


def default_preferences(id: str, user_id: str, now: datetime) -> Preferences:  # noqa: A002 - a field's name
    """Those of a user who has not chosen."""
    return Preferences(id, user_id, DEFAULT_THEME, DEFAULT_ORDER, now, now)


def in_order(places: Sequence[SectionPlace]) -> tuple[SectionPlace, ...]:
    """The places as they are stored: first things first, each section once, as it was named last."""
    return tuple(sorted({each.type: each for each in places}.values(), key=lambda each: each.order))
