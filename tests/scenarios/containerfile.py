"""A Containerfile and its context as a builder reads them: as much of both as ours use; the rest is refused."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

__all__ = ["Instruction", "Stage", "command", "context_files", "parse"]

_FLAGS = {"COPY": {"from"}, "HEALTHCHECK": {"interval", "timeout", "start-period"}}
_KNOWN = {"FROM", "RUN", "ENV", "WORKDIR", "VOLUME", "USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", *_FLAGS}


class Instruction(NamedTuple):
    """`COPY --from=build /a /b` has the name COPY, one flag and the text `/a /b`."""

    name: str
    flags: dict[str, str]
    text: str


class Stage(NamedTuple):
    """What follows a FROM."""

    base: str
    name: str
    steps: list[Instruction]


def parse(text: str) -> list[Stage]:
    """The stages in order; the last one is the image. Raises ValueError for what this reader does not know."""
    stages: list[Stage] = []
    for each in _instructions(text):
        if each.name == "FROM":
            base, _, name = each.text.partition(" AS ")
            stages.append(Stage(base, name, []))
        else:
            stages[-1].steps.append(each)
    return stages


def command(text: str) -> list[str]:
    """The arguments of RUN, CMD and ENTRYPOINT, in their JSON form or for the shell."""
    return json.loads(text) if text.startswith("[") else ["/bin/sh", "-c", text]


def context_files(folder: Path, ignore: str) -> list[PurePosixPath]:
    """The files in `folder` that a builder gets, as paths relative to it, with the text of a .containerignore."""
    rules = [line for line in ignore.splitlines() if line and not line.startswith("#")]
    return sorted(_kept(folder, PurePosixPath(), rules))


def _instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        name, _, rest = line.partition(" ")
        if name not in _KNOWN:
            raise ValueError(f"this reader does not know {name}")
        flags: dict[str, str] = {}
        while match := re.match(r"--([\w-]+)=(\S+)\s+", rest):
            flags[match[1]], rest = match[2], rest[match.end() :]
        if unknown := flags.keys() - _FLAGS.get(name, set()):
            raise ValueError(f"this reader does not know {name} with {', '.join(unknown)}")
        yield Instruction(name, flags, rest.strip())


def _kept(root: Path, folder: PurePosixPath, rules: list[str]) -> Iterator[PurePosixPath]:
    for each in (root / folder).iterdir():
        path = folder / each.name
        if _ignored(path, rules):
            continue
        if each.is_dir():
            yield from _kept(root, path, rules)
        else:
            yield path


def _ignored(path: PurePosixPath, rules: list[str]) -> bool:
    """The last rule that fits decides; one fits whatever lies below what it names."""
    ignored = False
    for rule in rules:
        if _fits(path, rule.removeprefix("!")):
            ignored = not rule.startswith("!")
    return ignored


def _fits(path: PurePosixPath, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return any(fnmatchcase(part, pattern[3:]) for part in path.parts)
    return fnmatchcase(path.parts[0], pattern)
