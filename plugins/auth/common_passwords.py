"""Which passwords are common: words that everybody tries first, and what people make of them to satisfy a rule.

`Summer2024!`, `P@ssw0rd1` and `Qwer1234!` keep any rule about kinds of characters and fall to the first guesses of
every cracking tool. So a password is common when nothing but a few digits and symbols stands around a common word, and
when it is drawn on the keyboard. A word inside a longer password is no reason: passphrases are made of words.

The words come with zxcvbn (MIT): leaked passwords, English, names, the most frequent of each. Only its lists are read,
on a thread when the first password is chosen: 40 ms and 7 MB, of which 2 MB stay.
"""

import asyncio
import re
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.metadata import distribution
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Self

from girok.refusal import Refusal

__all__ = ["BadList", "CommonPasswords", "own_list"]

_RANKS = {
    "passwords": 10_000,
    "english_wikipedia": 3_000,
    "us_tv_and_film": 3_000,
    "female_names": 1_000,
    "male_names": 1_000,
    "surnames": 1_000,
}
"""How many of each list count, the most frequent first."""
_KOREAN = """
qlalfqjsgh dkssud dkssudgktpdy tkfkdgo tkfkdgody tkfkd gksrnr eogksalsrnr tjdnf wkddmsgml ghkdlxld godqhr cjswo
saranghae annyeong daehanminguk hanguk seoul busan
"""
"""비밀번호, 안녕, 사랑해, 대한민국 and others as a Korean keyboard gives them in Latin letters, and romanised."""

_SHORTEST_WORD = 4
_MOST_AROUND = 5
"""A year and a symbol."""
_LONGEST = 64
"""In characters. What is longer is no word with a few symbols around it, nor a drawing that everybody makes."""
_AROUND = re.compile(r"[\W\d_]*")
_SUBSTITUTES = "0@48!13$57"
_SPELLINGS = tuple(str.maketrans(_SUBSTITUTES, f"oaab{exclamation}{one}esst") for exclamation in "il" for one in "il")
"""What the substitutes stand for; `!` and `1` are an i or an l."""

_UNSHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_COLUMNS = tuple("".join(keys) for keys in zip(*_ROWS, strict=False))
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_ZIGZAGS = tuple("".join(map("".join, zip(*rows, strict=False))) for rows in pairwise(_ROWS))
"""1q2w3e4r"""


def _both_ways(*lines: str) -> str:
    """Lines in which a run is looked for; nothing that is looked for has the capital between them."""
    return "A".join((*lines, *(each[::-1] for each in lines)))


_RUNS = (
    (3, _both_ways(*_ROWS, *_COLUMNS, *(each * 16 for each in _ROWS[0] + _ALPHABET))),
    (4, _both_ways(*_ZIGZAGS, _ALPHABET)),
)
"""How many keys one after another make a run, and where."""
_MOST_OTHERS = 2

_LARGEST = 16 * 1024 * 1024


class BadList(Refusal):
    """The operator's list cannot be read."""


class CommonPasswords:
    """`password in await common.load()`.

    listed: refuse what comes of zxcvbn's words, and what is drawn on the keyboard
    own: words besides, as own_list gives them
    """

    def __init__(self, *, listed: bool, own: frozenset[str] = frozenset()) -> None:
        self._listed = listed
        self._own = own
        self._words: frozenset[str] = frozenset()
        self._loading: asyncio.Future[frozenset[str]] | None = None

    async def load(self) -> Self:
        """Have the words, which takes a thread the first time."""
        if self._listed and not self._words:
            if self._loading is None:
                self._loading = asyncio.get_running_loop().run_in_executor(None, _common_words)
            self._words = await asyncio.shield(self._loading)
        return self

    def __contains__(self, password: str) -> bool:
        """Whether it is common, in a fraction of a millisecond. It must be loaded."""
        folded = password[: _LONGEST + 1].casefold()
        if len(folded) > _LONGEST:
            return False
        if any(each in self._words or each in self._own for each in _cores(folded)):
            return True
        return self._listed and _is_drawn(folded.translate(_UNSHIFTED))


def own_list(path: str) -> frozenset[str]:
    """The words of an operator's file, UTF-8 and one a line; none for an empty path. Raises BadList."""
    if not path:
        return frozenset()
    key = "auth.common_passwords_file (GIROK_AUTH_COMMON_PASSWORDS_FILE)"
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise BadList(f"{key}: {path} cannot be read: {error.strerror}") from error
    if len(content) > _LARGEST:
        raise BadList(f"{key}: {path} is larger than 16 MB: keep the most common passwords")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadList(f"{key}: {path} is not UTF-8 text in line {line}") from error
    return frozenset(each.strip().casefold() for each in lines) - {""}


def _cores(folded: str) -> Iterator[str]:
    """The password, and what it may have been before a few digits and symbols were put around and into it."""
    yield folded
    before, after = _symbols(folded), _symbols(folded[::-1])
    for head in range(min(before, _MOST_AROUND) + 1):
        for tail in range(min(after, _MOST_AROUND - head) + 1):
            core = folded[head : len(folded) - tail]
            if len(core) >= _SHORTEST_WORD:
                yield core
                yield from _plain(core)


def _symbols(text: str) -> int:
    """How many characters come before the first letter."""
    match = _AROUND.match(text)
    return match.end() if match else 0


def _plain(core: str) -> Iterator[str]:
    """A word without its substitutes, which make up half of it at the most."""
    if sum(each in _SUBSTITUTES for each in core) * 2 <= len(core):
        yield from (core.translate(each) for each in _SPELLINGS)


def _is_drawn(keys: str) -> bool:
    """Whether it is runs of neighbouring keys or of the alphabet, or one key again and again; but for two keys."""
    others = position = 0
    while position < len(keys) and others <= _MOST_OTHERS:
        end = _end_of_run(keys, position)
        others += end == position
        position = max(end, position + 1)
    return others <= _MOST_OTHERS


def _end_of_run(keys: str, begin: int) -> int:
    """`begin` when no run begins there."""
    for shortest, drawn in _RUNS:
        end = begin + shortest
        if end <= len(keys) and keys[begin:end] in drawn:
            while end < len(keys) and keys[begin : end + 1] in drawn:
                end += 1
            return end
    return begin


def _common_words() -> frozenset[str]:
    """zxcvbn's lists without zxcvbn, which makes tables of all of them when it is imported."""
    path = distribution("zxcvbn").locate_file("zxcvbn/frequency_lists.py")
    module = ModuleType("frequency_lists")
    SourceFileLoader(module.__name__, str(path)).exec_module(module)
    lists: dict[str, list[str]] = module.FREQUENCY_LISTS
    listed = (each for name, rank in _RANKS.items() for each in lists[name][:rank])
    return frozenset(each for each in (*listed, *_KOREAN.split()) if len(each) >= _SHORTEST_WORD)
