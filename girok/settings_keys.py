"""Which keys there are: every value of the sections with its path, its variable, its type, default and description.

    schema = Schema([Core, Http, FeedSettings])
    schema.find(("http", "port")).variable      # GIROK_HTTP_PORT

In a path `*` stands for a name that the operator chooses: `llm.models.*.url` is written `llm.models.NAME.url`, and its
variable is `GIROK_LLM_MODELS__NAME__URL`.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta

from girok.settings import Section
from girok.settings_values import bare

__all__ = ["ANY", "Key", "KeyPath", "Schema", "dotted", "is_struct", "values_of", "variable_of"]

KeyPath = tuple[str, ...]
ANY = "*"


class Key(msgspec.Struct, frozen=True):
    """One value that can be set. `default` is `msgspec.NODEFAULT` where a table by name must give it."""

    path: KeyPath
    kind: Any
    default: Any
    description: str
    secret: bool

    @property
    def name(self) -> str:
        """As in `http.port`."""
        return dotted(self.path)

    @property
    def variable(self) -> str:
        """As in `GIROK_HTTP_PORT`."""
        return variable_of(self.path)


def dotted(path: KeyPath) -> str:
    """A path as people write it."""
    return ".".join("NAME" if each == ANY else each for each in path)


def variable_of(path: KeyPath) -> str:
    """The environment variable of a path: `GIROK_<SECTION>_<KEY>`, and `__` before each deeper part."""
    outer, inner = path[:2], path[2:]
    names = "__".join(["_".join(outer), *("NAME" if each == ANY else each for each in inner)])
    return f"GIROK_{names}".upper()


class Schema:
    """The keys of some sections, in their order; `titles` has each table's docstring by its section."""

    def __init__(self, sections: Sequence[type[Section]]) -> None:
        """Raises TypeError for a key that settings cannot have, ValueError when two would be set by one variable."""
        self.sections = {each.section: each for each in sections}
        self.keys = tuple(key for each in sections for key in _section_keys(each))
        self._by_path = {key.path: key for key in self.keys}
        self._tables = {key.path[:depth] for key in self.keys for depth in range(1, len(key.path))}
        self._known = self._tables | self._by_path.keys()
        self._by_variable = {key.variable: key for key in self.keys}
        self._named = [(_pattern(key), key) for key in self.keys if ANY in key.path]
        if not len(self._by_variable) == len(self.keys) or len(self.sections) != len(sections):
            raise ValueError("two keys of the settings have one name")

    def find(self, path: KeyPath) -> Key | None:
        """The key of a path, whose names may be any where the key's are."""
        return self._by_path.get(path) or self._by_path.get(self._general(path))

    def is_table(self, path: KeyPath) -> bool:
        """Whether keys lie below the path."""
        return (
            path in self._tables or self._general(path) in self._tables or path in {(each,) for each in self.sections}
        )

    def of_variable(self, variable: str) -> tuple[KeyPath, Key] | None:
        """The path and the key that a variable sets. Names in it are in small letters."""
        if key := self._by_variable.get(variable):
            return (key.path, key) if ANY not in key.path else None
        for pattern, key in self._named:
            if match := pattern.fullmatch(variable):
                names = iter(match.groups())
                return tuple(next(names).lower() if each == ANY else each for each in key.path), key
        return None

    def like(self, path: KeyPath) -> str:
        """`; did you mean http.port?`, or nothing when no key is like the path."""
        last = difflib.get_close_matches(path[-1], [key.path[-1] for key in self.keys], 1)
        names = [key.name for key in self.keys if key.path[-1] in last]
        names = [name for name in names if name == dotted((*path[:-1], *last))] or names
        names = names or difflib.get_close_matches(dotted(path), [key.name for key in self.keys], 1, cutoff=0.8)
        return f"; did you mean {' or '.join(names[:3])}?" if names else ""

    def _general(self, path: KeyPath) -> KeyPath:
        """The path with `*` for chosen names."""
        general: KeyPath = ()
        for each in path:
            general = (*general, each if (*general, each) in self._known else ANY)
        return general


def is_struct(plain: Any) -> bool:
    """Whether a type without its annotations is a Struct: a table."""
    return isinstance(plain, type) and issubclass(plain, msgspec.Struct)


def values_of(section: Section) -> Iterator[tuple[KeyPath, Any]]:
    """Every value of a section with its path, in order."""
    yield from _values((section.section,) if section.section else (), section)


def _values(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            yield from _values((*path, field.encode_name), getattr(value, field.name))
    elif isinstance(value, dict):
        for name, each in cast("dict[str, Any]", value).items():
            yield from _values((*path, name), each)
    else:
        yield path, value


def _section_keys(section: type[Section]) -> Iterator[Key]:
    for key in _struct_keys((section.section,) if section.section else (), section):
        if key.default is NODEFAULT and ANY not in key.path:
            raise TypeError(f"{key.name}: a setting needs a default")
        yield key


def _struct_keys(path: KeyPath, kind: type[msgspec.Struct]) -> Iterator[Key]:
    for field in msgspec.structs.fields(kind):
        default = field.default if field.default_factory is NODEFAULT else field.default_factory()
        yield from _keys((*path, field.encode_name), field.type, default)


def _keys(path: KeyPath, kind: Any, default: Any) -> Iterator[Key]:
    plain, metas = bare(kind)
    if is_struct(plain):
        yield from _struct_keys(path, plain)
    elif get_origin(plain) is dict:
        yield from _keys((*path, ANY), get_args(plain)[1], NODEFAULT)
    elif _is_value(plain):
        yield Key(path, kind, default, _description(metas), any((each.extra or {}).get("secret") for each in metas))
    else:
        raise TypeError(f"{dotted(path)}: a setting cannot be of type {plain}")


def _is_value(plain: Any) -> bool:
    if get_origin(plain) is tuple:
        item, *rest = get_args(plain)
        return rest == [...] and get_origin(bare(item)[0]) is not tuple and _is_value(bare(item)[0])
    return plain in (str, int, float, bool) or get_origin(plain) is Literal


def _description(metas: tuple[Meta, ...]) -> str:
    return next((each.description for each in metas if each.description), "")


def _pattern(key: Key) -> re.Pattern[str]:
    """The variables of a key with chosen names; a name has no `__`, so that they are told apart."""
    parts = ["([A-Z0-9]+(?:_[A-Z0-9]+)*)" if each == ANY else re.escape(each.upper()) for each in key.path]
    return re.compile(f"GIROK_{'_'.join(parts[:2])}{''.join(f'__{each}' for each in parts[2:])}")
