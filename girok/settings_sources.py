"""Where settings come from: a file, the environment, flags; each gives what it has and what is wrong with it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, cast

from girok.settings_file import read_file
from girok.settings_keys import Key, KeyPath, Schema, dotted

__all__ = ["Given", "Problem", "UnknownVariable", "from_environment", "from_file", "from_flags"]

_PREFIX = "GIROK_"
_OF_THE_TESTS = "GIROK_TEST_"


class Problem(NamedTuple):
    """One thing that is wrong: the key (empty for a whole file), where its value is from, and what is wrong with it."""

    key: str
    origin: str
    text: str

    def __str__(self) -> str:
        """As in `http.port (girok.toml:12): must be ...`."""
        return f"{self.key} ({self.origin}): {self.text}" if self.key else f"{self.origin} {self.text}"


class Given(NamedTuple):
    """A value as a source has it. `text`: it is a variable's or a flag's."""

    path: KeyPath
    key: Key
    value: object
    origin: str
    text: bool


class UnknownVariable(NamedTuple):
    """A variable that looks like a setting and is none; a sentence for the log."""

    warning: str


def from_file(schema: Schema, file: Path) -> Iterator[Given | Problem]:
    """What a TOML file has."""
    try:
        tables, lines = read_file(file)
    except ValueError as error:
        yield Problem("", str(file), str(error))
        return
    waiting: list[tuple[KeyPath, object]] = [((name,), each) for name, each in tables.items()]
    while waiting:
        path, value = waiting.pop(0)
        origin = f"{file}:{lines[path]}" if path in lines else str(file)
        if key := schema.find(path):
            yield Given(path, key, value, origin, text=False)
        elif not schema.is_table(path):
            yield Problem(dotted(path), origin, f"there is no such setting{schema.like(path)}")
        elif isinstance(value, dict):
            waiting[:0] = [((*path, name), each) for name, each in cast("dict[str, object]", value).items()]
        else:
            yield Problem(dotted(path), origin, "must be a table")


def from_environment(schema: Schema, env: Mapping[str, str]) -> Iterator[Given | UnknownVariable]:
    """What `GIROK_` variables have. Orchestrators inject some, so an unknown one is no problem."""
    for name in sorted(env):
        if not name.startswith(_PREFIX) or name.startswith(_OF_THE_TESTS):
            continue
        if found := schema.of_variable(name):
            yield Given(*found, env[name], name, text=True)
        else:
            path = tuple(name.removeprefix(_PREFIX).lower().split("_", 1))
            yield UnknownVariable(f"{ascii(name)[1:-1]} is no setting of girok{schema.like(path)}")


def from_flags(schema: Schema, flags: Mapping[str, object]) -> Iterator[Given | Problem]:
    """What flags have, by key; None is a flag that was not given."""
    for name, value in flags.items():
        path = tuple(name.split("."))
        origin = f"--{path[-1]}"
        if value is None:
            continue
        if key := schema.find(path):
            yield Given(path, key, value, origin, text=isinstance(value, str))
        else:
            yield Problem(name, origin, f"there is no such setting{schema.like(path)}")
