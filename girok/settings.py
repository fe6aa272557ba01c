"""Settings: typed sections, filled from `girok.toml`, then `GIROK_<SECTION>_<KEY>`, then flags.

A section is a frozen Struct; the kernel's are in `girok/sections.py`, a plugin's is named by its manifest. Every key
has a description, so `girok config explain` can print one.

    class FeedSettings(Section, frozen=True):
        section: ClassVar[str] = "feed"
        backfill: Annotated[int, Meta(ge=0, description="Posts copied into a timeline at a new follow.")] = 50
"""

from typing import ClassVar, TypeVar

import msgspec

__all__ = ["Section", "Settings"]

S = TypeVar("S", bound="Section")


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of girok.toml. `section=""` stands for the keys above the first table."""

    section: ClassVar[str] = ""


class Settings:
    """The sections of this process."""

    def __init__(self, *sections: Section) -> None:
        self._sections = sections

    def get(self, kind: type[S]) -> S:
        """The section of this type. Raises LookupError when nobody declared it."""
        for each in self._sections:
            if isinstance(each, kind):
                return each
        raise LookupError(f"no section [{kind.section}] was declared")
