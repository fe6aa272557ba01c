"""Loads the settings: girok.toml, then the environment, then flags; the later one wins, key by key.

    settings = load(discover(), config=config_file(None), env=os.environ, flags={"http.port": "8080"})

Every problem there is comes in one SettingsError, each with its key, where it came from and what is allowed:

    http.port (girok.toml:12): must be a whole number from 0 to 65535, not 'http'
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from girok.mail.settings import MailSettings
from girok.manifest import Manifest, ManifestError
from girok.ratelimit import limits_section
from girok.refusal import Refusal
from girok.sections import SECTIONS
from girok.sections_cluster import CLUSTER_SECTIONS, peers_section
from girok.settings import Section, Settings
from girok.settings_keys import KeyPath, Schema, dotted, is_struct, variable_of
from girok.settings_sources import Given, Problem, UnknownVariable, from_environment, from_file, from_flags
from girok.settings_values import bare, read

__all__ = ["DEFAULT_FILE", "Problem", "SettingsError", "config_file", "load", "schema_of"]

DEFAULT_FILE = "girok.toml"


class SettingsError(Refusal):
    """Settings that girok cannot run with; `problems` has all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [str(each) for each in self.problems]
        super().__init__(lines[0] if len(lines) == 1 else "\n  ".join([f"{len(lines)} settings are wrong:", *lines]))


def schema_of(manifests: Mapping[str, Manifest]) -> Schema:
    """The keys of the kernel, `[limits]` and every plugin. Raises ManifestError for one that cannot be a setting."""
    plugins = [each.settings for each in manifests.values() if each.settings is not None]
    kernel = [*SECTIONS, MailSettings, *CLUSTER_SECTIONS, peers_section(manifests), limits_section(manifests)]
    try:
        return Schema([*kernel, *plugins])
    except (TypeError, ValueError) as error:
        raise ManifestError(f"the settings of a plugin cannot be: {error}") from error


def config_file(named: str | None) -> Path | None:
    """The file to read: the named one, which must be there then, else ./girok.toml, else none."""
    if named is not None:
        return Path(named)
    return Path(DEFAULT_FILE) if Path(DEFAULT_FILE).exists() else None


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
    loading = _Loading()
    for each in chain(
        from_file(schema, config) if config else (),
        from_environment(schema, env or {}),
        from_flags(schema, flags or {}),
    ):
        loading.take(each)
    sections = [loading.section(kind) for kind in schema.sections.values()]
    settings = Settings(*sections, sources=loading.sources, warnings=loading.warnings)
    problems = [*loading.problems, *_broken_rules(settings, loading.problems)]
    if problems:
        raise SettingsError(problems)
    return settings


class _Loading:
    """What was given so far, and what was wrong with it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self.sources: dict[str, str] = {}
        self._values: dict[KeyPath, Any] = {}

    def take(self, each: Given | Problem | UnknownVariable) -> None:
        """A later value replaces an earlier one; that one must be right all the same."""
        if isinstance(each, Problem):
            self.problems.append(each)
        elif isinstance(each, UnknownVariable):
            self.warnings.append(each.warning)
        else:
            self.sources[dotted(each.path)] = each.origin
            try:
                self._values[each.path] = read(each.key.kind, each.value, text=each.text, secret=each.key.secret)
            except ValueError as error:
                self.problems.append(Problem(dotted(each.path), each.origin, f"{error}{_injected(each)}"))

    def section(self, kind: type[Section]) -> Section:
        """The section, with defaults for what was not given or is wrong."""
        try:
            return self._struct(kind, (kind.section,) if kind.section else ())
        except ValueError as error:  # what a section's own __post_init__ raises
            self.problems.append(Problem(kind.section, DEFAULT_FILE, str(error)))
            return kind()

    def _struct(self, kind: type[Any], path: KeyPath) -> Any:
        """The table, or None when something is missing in it; only tables by name can lack something."""
        arguments: dict[str, Any] = {}
        missing = False
        for field in msgspec.structs.fields(kind):
            inner = (*path, field.encode_name)
            plain, _ = bare(field.type)
            if inner in self._values:
                arguments[field.name] = self._values[inner]
            elif get_origin(plain) is dict:
                arguments[field.name] = self._by_name(get_args(plain)[1], inner)
            elif is_struct(plain):
                arguments[field.name] = self._struct(plain, inner)
            elif field.required:
                missing = True
                if dotted(inner) not in self.sources:
                    self.problems.append(Problem(dotted(inner), variable_of(inner), "must be set"))
        return None if missing else kind(**arguments)

    def _by_name(self, kind: Any, path: KeyPath) -> dict[str, Any]:
        """A table by names that were chosen: a table or a value each."""
        names = dict.fromkeys(each[len(path)] for each in self._values if each[: len(path)] == path)
        if not is_struct(bare(kind)[0]):
            return {name: self._values[(*path, name)] for name in names}
        made = {name: self._struct(bare(kind)[0], (*path, name)) for name in names}
        return {name: each for name, each in made.items() if each is not None}


def _injected(given: Given) -> str:
    if given.text and given.origin.endswith("_PORT") and str(given.value).startswith("tcp://"):
        return " (Kubernetes sets it for a Service of that name, unless the pod has enableServiceLinks: false)"
    return ""


def _broken_rules(settings: Settings, known: Sequence[Problem]) -> Iterator[Problem]:
    """What the sections' own rules find, but for keys that are known to be wrong."""
    wrong = {each.key for each in known}
    for section in settings.sections:
        for key, text in section.check(settings):
            path = (*((section.section,) if section.section else ()), *key.split("."))
            if dotted(path) not in wrong:
                yield Problem(dotted(path), settings.source(dotted(path)) or variable_of(path), text)
