"""Loads the settings: girok.toml, then the environment, then flags; the later one wins, key by key.

    settings = load(discover(), config=config_file(None), env=os.environ, flags={"http.port": "8080"})

Every problem there is comes in one SettingsError, each with its key, where it came from and what is allowed:

    http.port (girok.toml:12): must be a whole number from 0 to 65535, not 'http'
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args, get_origin

import msgspec

from girok import sections as kernel
from girok.manifest import Manifest, ManifestError
from girok.ratelimit import limits_section
from girok.refusal import Refusal
from girok.settings import Section, Settings
from girok.settings_file import read_file
from girok.settings_keys import Key, Schema, dotted, variable_of
from girok.settings_keys import Path as KeyPath
from girok.settings_values import bare, read

__all__ = ["DEFAULT_FILE", "Problem", "SettingsError", "config_file", "load", "schema_of"]

DEFAULT_FILE = "girok.toml"
_PREFIX = "GIROK_"
_OF_TESTS = "GIROK_TEST_"


class Problem(NamedTuple):
    """One thing that is wrong: the key (empty for a whole file), where its value is from, and what is wrong with it."""

    key: str
    origin: str
    text: str

    def __str__(self) -> str:
        if not self.key:
            return f"{self.origin} {self.text}"
        return f"{self.key} ({self.origin}): {self.text}"


class SettingsError(Refusal):
    """Settings that girok cannot run with; `problems` has all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [str(each) for each in self.problems]
        super().__init__(lines[0] if len(lines) == 1 else "\n  ".join([f"{len(lines)} settings are wrong:", *lines]))


class _Given(NamedTuple):
    """A value as a source has it. `text`: it comes from a variable or a flag."""

    path: KeyPath
    key: Key
    value: object
    origin: str
    text: bool


class _Unknown(NamedTuple):
    """A variable that looks like a setting."""

    warning: str


def schema_of(manifests: Mapping[str, Manifest]) -> Schema:
    """The keys of the kernel, `[limits]` and every plugin. Raises ManifestError for one that cannot be a setting."""
    plugins = [each.settings for each in manifests.values() if each.settings is not None]
    try:
        return Schema([*kernel.SECTIONS, limits_section(manifests), *plugins])
    except (TypeError, ValueError) as error:
        raise ManifestError(f"the sections of the plugins ({', '.join(manifests)}): {error}") from error


def config_file(named: str | None) -> Path | None:
    """The file to read: the one named, else ./girok.toml, else none. Raises SettingsError when the named one is not there."""
    if named is None:
        return Path(DEFAULT_FILE) if Path(DEFAULT_FILE).exists() else None
    if "\0" in named or not Path(named).exists():
        raise SettingsError([Problem("", "--config", f"names no file: {named!r}")])
    return Path(named)


def load(
    manifests: Mapping[str, Manifest],
    *,
    config: Path | None = None,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """The settings of all sections, whichever roles run. `flags` are by key (`http.port`); None is a flag not given.

    Raises SettingsError with everything that is wrong, ManifestError when the plugins' sections contradict one another.
    """
    schema = schema_of(manifests)
    problems: list[Problem] = []
    warnings: list[str] = []
    values: dict[KeyPath, Any] = {}
    sources: dict[str, str] = {}
    for each in (*_from_file(schema, config), *_from_env(schema, env or {}), *_from_flags(schema, flags or {})):
        match each:
            case Problem():
                problems.append(each)
            case _Unknown():
                warnings.append(each.warning)
            case _Given(path, key, value, origin, text):
                sources[dotted(path)] = origin
                try:
                    values[path] = read(key.kind, value, text=text)
                except ValueError as error:
                    told = str(error).rsplit(", not ", 1)[0] if key.secret else str(error)
                    problems.append(Problem(dotted(path), origin, told))
    built = [_section(kind, values, sources, problems) for kind in schema.sections.values()]
    settings = Settings(*built, sources=sources, warnings=warnings)
    problems.extend(_broken_rules(settings, problems))
    if problems:
        raise SettingsError(problems)
    return settings


def _from_file(schema: Schema, config: Path | None) -> Iterator[_Given | Problem]:
    if config is None:
        return
    try:
        tables, lines = read_file(config)
    except ValueError as error:
        yield Problem("", str(config), str(error))
        return
    waiting: list[tuple[KeyPath, object]] = [((name,), each) for name, each in tables.items()]
    while waiting:
        path, value = waiting.pop(0)
        origin = f"{config}:{lines[path]}" if path in lines else str(config)
        if key := schema.find(path):
            yield _Given(path, key, value, origin, text=False)
        elif not schema.is_table(path):
            yield Problem(dotted(path), origin, f"there is no such setting{schema.like(path)}")
        elif isinstance(value, dict):
            waiting[:0] = [((*path, name), each) for name, each in cast("dict[str, object]", value).items()]
        else:
            yield Problem(dotted(path), origin, "must be a table")


def _from_env(schema: Schema, env: Mapping[str, str]) -> Iterator[_Given | _Unknown]:
    for name in sorted(env):
        if not name.startswith(_PREFIX) or name.startswith(_OF_TESTS):
            continue
        if found := schema.of_variable(name):
            yield _Given(*found, env[name], name, text=True)
        else:
            path = tuple(name.removeprefix(_PREFIX).lower().split("_", 1))
            yield _Unknown(f"{ascii(name)[1:-1]} is no setting of girok{schema.like(path)}")


def _from_flags(schema: Schema, flags: Mapping[str, object]) -> Iterator[_Given | Problem]:
    for name, value in flags.items():
        path = tuple(name.split("."))
        origin = f"--{path[-1]}"
        if value is None:
            continue
        if key := schema.find(path):
            yield _Given(path, key, value, origin, text=isinstance(value, str))
        else:
            yield Problem(name, origin, f"there is no such setting{schema.like(path)}")


def _section(
    kind: type[Section], values: Mapping[KeyPath, Any], sources: Mapping[str, str], problems: list[Problem]
) -> Section:
    """The section, with defaults for what is not given or wrong."""
    path = (kind.section,) if kind.section else ()
    try:
        return _struct(kind, path, values, sources, problems)
    except ValueError as error:  # of a section's own __post_init__
        problems.append(Problem(kind.section, DEFAULT_FILE, str(error)))
        return kind()


def _struct(
    kind: type[Any], path: KeyPath, values: Mapping[KeyPath, Any], sources: Mapping[str, str], problems: list[Problem]
) -> Any:
    arguments: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        inner = (*path, field.encode_name)
        plain, _ = bare(field.type)
        if inner in values:
            arguments[field.name] = values[inner]
        elif get_origin(plain) is dict:
            arguments[field.name] = _named(get_args(plain)[1], inner, values, sources, problems)
        elif isinstance(plain, type) and issubclass(plain, msgspec.Struct):
            arguments[field.name] = _struct(plain, inner, values, sources, problems)
        elif field.required:
            if dotted(inner) not in sources:
                problems.append(Problem(dotted(inner), variable_of(inner), "must be set"))
            arguments[field.name] = None
    return kind(**arguments)


def _named(
    kind: Any, path: KeyPath, values: Mapping[KeyPath, Any], sources: Mapping[str, str], problems: list[Problem]
) -> dict[str, Any]:
    """A table by names: a Struct or a value each."""
    names = dict.fromkeys(each[len(path)] for each in values if each[: len(path)] == path)
    plain, _ = bare(kind)
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        return {name: _struct(plain, (*path, name), values, sources, problems) for name in names}
    return {name: values[(*path, name)] for name in names}


def _broken_rules(settings: Settings, known: Sequence[Problem]) -> Iterator[Problem]:
    """What the sections' own rules find, but for keys that are known to be wrong."""
    wrong = {each.key for each in known}
    for section in settings.sections:
        for key, text in section.check(settings):
            path = (*((section.section,) if section.section else ()), *key.split("."))
            if dotted(path) not in wrong:
                yield Problem(dotted(path), settings.source(dotted(path)) or variable_of(path), text)
