"""Settings as people read them: the commented girok.toml, what is set, and what a key is for."""

import textwrap
from collections.abc import Iterator

from msgspec import NODEFAULT

from girok.settings import Section, Settings
from girok.settings_keys import Key, KeyPath, Schema, dotted, values_of
from girok.settings_values import allowed, without_credentials, written

__all__ = ["MASK", "explained", "explained_table", "sample", "shown"]

MASK = '"***"'
_WIDTH = 118
_HEAD = """\
The settings of girok. Every key is here with its default; take the # away from those that are to be another.

The environment goes before this file: [http] port is GIROK_HTTP_PORT, mode is GIROK_MODE, lists have commas there.
Flags go before both. `girok config explain http.port` tells of a key, `girok config check` looks at the file.
"""


def sample(schema: Schema) -> str:
    """girok.toml with every key and its default, commented out."""
    blocks = [_comment(_HEAD)]
    for section, kind in schema.sections.items():
        keys = [key for key in schema.keys if key.path[:-1] == ((section,) if section else ())]
        by_name = [key for key in schema.keys if key.path[0] == section and key not in keys]
        blocks.append("\n".join([*_heading(kind), *_sample_keys(keys, by_name)]))
    return "\n\n".join(blocks) + "\n"


def shown(schema: Schema, settings: Settings) -> str:
    """Every value with where it comes from, as TOML; secrets are masked."""
    lines: list[tuple[str, str]] = []
    for section in settings.sections:
        if section.section:
            lines += [("", ""), (f"[{section.section}]", "")]
        for path, value in values_of(section):
            name = dotted(path[1:] if section.section else path)
            lines.append((f"{name} = {_value(schema, path, value)}", settings.source(dotted(path)) or "default"))
    width = min(max(len(line) for line, _ in lines), 60)
    return "\n".join(f"{line:<{width}}  # {source}" if source else line for line, source in lines) + "\n"


def explained(schema: Schema, key: Key, settings: Settings | None) -> str:
    """What a key is for, what it may be, and what it is; `settings` is None when they are wrong."""
    lines = [
        ("allowed", allowed(key.kind)),
        ("default", "none: it must be set" if key.default is NODEFAULT else _masked(key, key.default)),
        ("variable", key.variable),
    ]
    if settings is not None:
        here = [
            (path, value)
            for section in settings.sections
            for path, value in values_of(section)
            if schema.find(path) == key
        ]
        for path, value in here:
            name = "now" if path == key.path else dotted(path)
            source = settings.source(dotted(path))
            lines.append((name, f"{_masked(key, value)}, {f'from {source}' if source else 'the default'}"))
    width = max(len(label) for label, _ in lines)
    return "\n".join([key.name, *_indented(key.description), *(f"  {label:<{width}}  {text}" for label, text in lines)])


def explained_table(schema: Schema, section: str) -> str:
    """What a table is for, and its keys."""
    keys = [key for key in schema.keys if key.path[0] == section]
    width = max((len(key.name) for key in keys), default=0)
    lines = [f"  {key.name:<{width}}  {key.description}" for key in keys]
    return "\n".join([f"[{section}]", *_indented(schema.sections[section].__doc__ or ""), *lines])


def _heading(kind: type[Section]) -> list[str]:
    if not kind.section:
        return []
    return [_comment(kind.__doc__ or ""), f"[{kind.section}]"]


def _sample_keys(keys: list[Key], by_name: list[Key]) -> Iterator[str]:
    for key in keys:
        yield from (_comment(f"{key.description} Allowed: {allowed(key.kind)}."), f"# {key.path[-1]} = {_default(key)}")
    table = None
    for key in by_name:
        if (inner := dotted(key.path[:-1])) != table:
            table = inner
            yield f"# [{table}]"
        yield from (_comment(f"{key.description} Allowed: {allowed(key.kind)}."), f"# {key.path[-1]} = {_default(key)}")


def _default(key: Key) -> str:
    return "..." if key.default is NODEFAULT else written(key.default)


def _value(schema: Schema, path: KeyPath, value: object) -> str:
    key = schema.find(path)
    return written(value) if key is None else _masked(key, value)


def _masked(key: Key, value: object) -> str:
    """A value for people to read; a secret that is set is not shown."""
    return MASK if key.secret and value else without_credentials(written(value))


def _comment(text: str) -> str:
    """The lines of a text, wrapped, each behind `# `."""
    lines = [each for line in text.strip().split("\n") for each in textwrap.wrap(line, _WIDTH) or [""]]
    return "\n".join(f"# {each}".rstrip() for each in lines)


def _indented(text: str) -> list[str]:
    return [f"  {each}" for line in text.strip().split("\n") for each in textwrap.wrap(line.strip(), _WIDTH)]
