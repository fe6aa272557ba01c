"""Settings: typed sections, filled from `girok.toml`, then `GIROK_<SECTION>_<KEY>`, then flags.

A section is a frozen Struct; the kernel's are in `girok/sections.py`, a plugin's is named by its manifest. Every key
has a default and a description, so that `girok config explain` can print one. A rule across keys is a method.

    class FeedSettings(Section, frozen=True):
        section: ClassVar[str] = "feed"
        backfill: Annotated[int, Meta(ge=0, description="Posts copied into a timeline at a new follow.")] = 50
        token: Annotated[str, Meta(extra={"secret": True}, description="Opens the feed.")] = ""

        def check(self, settings: Settings) -> Iterator[Wrong]:
            if settings.get(Core).mode == "production" and not self.token:
                yield Wrong("token", "must be set in production")

A key is a text, a number, a flag, a `Literal`, a tuple of these, or a table: a Struct, or a dict of any of these by
name. `extra={"form": "a colour like #a0b1c2"}` says in words what a pattern asks for.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, NamedTuple, TypeVar

import msgspec

__all__ = ["Section", "Settings", "Wrong"]

S = TypeVar("S", bound="Section")


class Wrong(NamedTuple):
    """What a rule found: a key of the section, and what is wrong with it, as in `must be set in production`."""

    key: str
    text: str


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of girok.toml. `section=""` stands for the keys above the first table."""

    section: ClassVar[str] = ""

    def check(self, settings: "Settings") -> Iterable[Wrong]:  # noqa: ARG002 - rules of sections look at others
        """The rules that a key's type cannot say, over this section and others. Pure; the value is never shown."""
        return ()


class Settings:
    """The sections of this process, and where each value comes from.

    `warnings` are sentences for the log: variables that look like settings and are none.
    """

    def __init__(
        self, *sections: Section, sources: Mapping[str, str] | None = None, warnings: Sequence[str] = ()
    ) -> None:
        self.sections = sections
        self.warnings = tuple(warnings)
        self._sources = dict(sources or {})

    def get(self, kind: type[S]) -> S:
        """The section of this type. Raises LookupError when nobody declared it."""
        for each in self.sections:
            if isinstance(each, kind):
                return each
        raise LookupError(f"no section [{kind.section}] was declared")

    def replacing(self, section: Section) -> "Settings":
        """The same, but for this section."""
        others = [each for each in self.sections if type(each) is not type(section)]
        return Settings(*others, section, sources=self._sources, warnings=self.warnings)

    def source(self, key: str) -> str | None:
        """Where the value of a key (`http.port`) comes from: `girok.toml:3`, `GIROK_HTTP_PORT`, `--port`.

        None for the default.
        """
        return self._sources.get(key)
