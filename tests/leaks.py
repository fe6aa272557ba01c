"""No secret stands in a log: what a test run makes girok write is kept, and searched at the end of the run.

Of this process that is whatever reaches a logger, in the form in which girok writes it; of others, the `*.log` files in
the folders of the tests. A secret is a password, a cluster secret or the like that stands in the tests (`known`), or
what looks like one that girok made: a JWT, and anything as random as a cookie, a refresh token or the link of a mail.
Every run does it (conftest.py).
"""

import ast
import logging
import re
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from girok import testing
from girok.telemetry.logs import JsonFormatter

__all__ = ["Leak", "collected", "known", "leaks", "no_secret_in_any_log"]

_CALLED_SECRET = re.compile(r"passw|secret", re.IGNORECASE)
_SHORTEST = 8
_JWT = re.compile(r"eyJ[\w-]{10,}")
_RANDOM = re.compile(r"(?<![\w./+-])[A-Za-z0-9_-]{40,}(?![\w./-])")
"""256 random bits are 43 of these, in both cases and with digits. Hashes are in hexadecimal, paths have slashes."""
_CASES = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"))
_CLIENTS_OF_TESTS = ("httpx", "httpcore")


class Leak(NamedTuple):
    """A line of a log with a secret in it."""

    where: str
    secret: str
    line: str


@pytest.fixture(scope="session", autouse=True)
def no_secret_in_any_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fails at the end of the run with every line that tells one."""
    with tempfile.TemporaryFile("w+") as kept:
        with collected(kept):
            yield
        kept.seek(0)
        found = list(leaks("this process", kept, words := known(Path(__file__).parent, Path(testing.__file__).parent)))
    for path in sorted(tmp_path_factory.getbasetemp().rglob("*.log")):
        with path.open("rb") as head:
            if b"\0" in head.read(4096):  # a database's, which is no text
                continue
        with path.open(errors="replace") as lines:
            found += leaks(str(path), lines, words)
    if found:
        pytest.fail("\n".join([f"{len(found)} lines of logs tell a secret", *map(str, found)]), pytrace=False)


@contextmanager
def collected(kept: IO[str]) -> Generator[None, None, None]:
    """Meanwhile what reaches any logger is written to `kept`, a line each, but for the HTTP clients of the tests."""
    handle, formatter = logging.Logger.handle, JsonFormatter()

    def also(self: logging.Logger, record: logging.LogRecord) -> None:
        if not record.name.startswith(_CLIENTS_OF_TESTS):
            kept.write(f"{formatter.format(record)}\n")
        handle(self, record)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logging.Logger, "handle", also)
        yield


def leaks(where: str, lines: Iterable[str], words: re.Pattern[str]) -> Iterator[Leak]:
    """The lines that tell a secret: one of `words`, or what looks like one."""
    for line in lines:
        if secret := _secret(line, words):
            yield Leak(where, secret, line.rstrip()[:2000])


def _secret(line: str, words: re.Pattern[str]) -> str:
    if hit := words.search(line) or _JWT.search(line):
        return hit[0]
    random = (each for each in _RANDOM.findall(line) if all(case.search(each) for case in _CASES))
    return next(random, "")


def known(*folders: Path) -> re.Pattern[str]:
    """The texts that the code in these folders uses as passwords and secrets: what is called so there.

    No shorter ones than 8 characters, and no words: `password` stands in many an honest line.
    """
    found: set[str] = set()
    for path in (path for folder in folders for path in folder.rglob("*.py")):
        source = path.read_text()
        nodes = ast.walk(ast.parse(source)) if _CALLED_SECRET.search(source) else ()
        for node in nodes:
            found.update(each for each in _called_secret(node) if len(each) >= _SHORTEST and not _is_words(each))
    return re.compile("|".join(map(re.escape, sorted(found))))


def _is_words(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z_ ',.:()]+", text) is not None


def _called_secret(node: ast.AST) -> Iterator[str]:
    """Texts that are assigned to, passed as or keyed by a name like that."""
    match node:
        case ast.Assign(targets=[target], value=value):
            yield from _texts(target, value)
        case ast.keyword(arg=str() as name, value=ast.Constant(value=str() as text)) if _CALLED_SECRET.search(name):
            yield text
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                match key, value:
                    case ast.Constant(value=str() as name), ast.Constant(value=str() as text):
                        if _CALLED_SECRET.search(name):
                            yield text
                    case _:
                        continue
        case _:
            return


def _texts(target: ast.AST, value: ast.AST) -> Iterator[str]:
    """`PASSWORD = "..."`; `PASSWORD, OTHER = "...", "..."` is more than one of them."""
    match target, value:
        case ast.Name(id=name), ast.Constant(value=str() as text) if _CALLED_SECRET.search(name):
            yield text
        case ast.Tuple(elts=names), ast.Tuple(elts=values) if any(map(_is_secret_name, names)):
            yield from (each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str))
        case _:
            return


def _is_secret_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and _CALLED_SECRET.search(node.id) is not None
