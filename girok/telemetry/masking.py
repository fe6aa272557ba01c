"""What must not be read in a log: values under keys that look like secrets, and secrets inside of texts.

`plain(key, value)` gives any value in the shapes that JSON has, masked; `hide(text)` masks credentials in a sentence.
Neither ever raises: a log line must not cost the request it tells of.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

import msgspec

__all__ = ["MASK", "hide", "plain", "printable"]

MASK = "***"
_DEEPEST = 6
_SECRET_KEY = re.compile(
    r"passw(or)?d|passphrase|token|secret|cookie|authorization|credential|session_?id|(api|private|access)_?key|^sid$",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"(?P<scheme>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}"
    r"|(?P<url>://[^\s:/@]*:)[^\s/@]+(?=@)"
    r"|(?P<pair>(?:password|passwd|token|secret|session_id|api_?key)[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&)}]+",
    re.IGNORECASE,
)


def plain(key: str, value: object, depth: int = 0) -> Any:
    """`value` as None, bool, number, text, list or dict; masked when `key` looks like a secret's, and so on inside.

    Numbers beyond 64 bits, what lies deeper than six levels and any other object become text.
    """
    if value is None or isinstance(value, bool):
        return value
    if _SECRET_KEY.search(key):
        return MASK
    if isinstance(value, int | float) and abs(value) < 2**63:
        return value
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, Mapping) and depth < _DEEPEST:
        pairs = cast("Mapping[Any, Any]", value)
        return {printable(name): plain(str(name), each, depth + 1) for name, each in pairs.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEEPEST:
        return [plain("", each, depth + 1) for each in cast("Iterable[Any]", value)]
    return hide(printable(cast("object", value)))


def hide(text: str) -> str:
    """`text` without the passwords of URLs, the credentials after `Bearer`, and the values of `password=...`."""
    return _SECRET_TEXT.sub(_masked, text)


def printable(value: object) -> str:
    """`value` as text without lone surrogates, which no encoding takes; its type's name when it cannot be shown."""
    try:
        text = value.isoformat() if isinstance(value, datetime) else str(value)
    except Exception:  # noqa: BLE001 - whatever an object's own __str__ raises
        return f"<{type(value).__name__}>"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _masked(match: re.Match[str]) -> str:
    return f"{match[match.lastgroup or 0]}{MASK}"
