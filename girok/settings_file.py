"""girok.toml: read whole, and where each key stands in it."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from girok.settings_keys import KeyPath

__all__ = ["lines_of", "read_file"]

_LONGEST_STATEMENT = 200
_DEEPEST = 8


def read_file(path: Path) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    """The tables of a file, and the line of each key and table. Raises ValueError, whose text says what is wrong."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text), lines_of(text)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"is not TOML: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError("is not TOML that can be read: a number or a nesting is too long") from error


def lines_of(text: str) -> dict[KeyPath, int]:
    """The line at which each key and table of a TOML text begins, the first one counts.

    tomllib tells no lines, so every statement is parsed once more, alone: it goes on until what is there of it parses.
    The lines behind a statement of more than 200 lines stay unknown.
    """
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    statement: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        statement.append(line)
        if len(statement) > _LONGEST_STATEMENT:
            break
        try:
            parsed = tomllib.loads("\n".join(statement))
        except tomllib.TOMLDecodeError:
            continue
        begin = number - len(statement) + 1
        paths = list(_paths(parsed))
        if statement[0].lstrip().startswith("["):
            table = max(paths, key=len)
            paths = [table[:depth] for depth in range(1, len(table) + 1)]
        else:
            paths = [(*table, *each) for each in paths]
        for each in paths:
            found.setdefault(each, begin)
        statement.clear()
    return found


def _paths(value: object) -> Iterator[KeyPath]:
    """Every path in what one statement gives, outer ones first; no setting lies deeper than _DEEPEST."""
    waiting: list[tuple[KeyPath, object]] = [((), value)]
    while waiting:
        path, each = waiting.pop()
        if path:
            yield path
        if isinstance(each, list) and len(cast("list[object]", each)) == 1:
            each = cast("list[object]", each)[0]  # [[table]]
        if isinstance(each, dict) and len(path) < _DEEPEST:
            waiting.extend(((*path, name), part) for name, part in cast("dict[str, object]", each).items())
