"""One value of the settings: read from text or TOML, what is allowed in words, and written as TOML."""

import json
import math
import re
from typing import Annotated, Any, Literal, cast, get_args, get_origin

import msgspec
from msgspec import Meta

__all__ = ["allowed", "bare", "read", "without_credentials", "written"]

_LONGEST_SHOWN = 60
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOUNS: dict[Any, str] = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_PLURALS: dict[Any, str] = {str: "texts", int: "whole numbers", float: "numbers", bool: "true and false"}


def bare(kind: Any) -> tuple[Any, tuple[Meta, ...]]:
    """A type without its annotations, and those of them that say what is allowed."""
    if get_origin(kind) is not Annotated:
        return kind, ()
    plain, *metas = get_args(kind)
    return plain, tuple(each for each in metas if isinstance(each, Meta))


def allowed(kind: Any) -> str:
    """What a value of this type may be, as in `a whole number from 0 to 65535`."""
    plain, metas = bare(kind)
    if forms := [each.extra["form"] for each in metas if each.extra and "form" in each.extra]:
        return str(forms[0])
    if get_origin(plain) is Literal:
        return f"one of {', '.join(map(str, get_args(plain)))}"
    if get_origin(plain) is tuple:
        return f"a list of {_plural(get_args(plain)[0], _count(metas))}"
    return f"{_NOUNS[plain]}{_bounds(metas)}"


def read(kind: Any, value: object, *, text: bool, secret: bool = False) -> Any:
    """`value` as the type; with `text`, as a variable or a flag has it: a list has commas. No error shows a `secret`.

    Raises ValueError, whose text ends a sentence that begins with the key: `must be true or false, not 'maybe'`.
    """
    plain, _ = bare(kind)
    if get_origin(plain) is tuple:
        return _read_list(kind, value, text=text, secret=secret)
    if isinstance(value, str):
        _refuse_unprintable(value)
        value = value.strip() if text and plain is not str else value
    try:
        result = msgspec.convert(value, kind, strict=not text)
    except msgspec.ValidationError:
        raise ValueError(f"must be {allowed(kind)}{_instead_of(value, secret=secret)}") from None
    if isinstance(result, float) and not math.isfinite(result):
        raise ValueError(f"must be {allowed(kind)}{_instead_of(value, secret=secret)}")
    return result


def without_credentials(text: str) -> str:
    """`text` without what stands before the host of a URL in it."""
    return re.sub(r"(?<=://)\S*@", "***@", text)


def written(value: object) -> str:
    """`value` as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's; DEL is the one that only TOML wants.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple | list):
        return f"[{', '.join(written(each) for each in cast('tuple[object, ...]', value))}]"
    return repr(value)


def _read_list(kind: Any, value: object, *, text: bool, secret: bool) -> tuple[Any, ...]:
    if text and isinstance(value, str):
        value = [each.strip() for each in value.split(",") if each.strip()]
    plain, metas = bare(kind)
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be {allowed(kind)}{_instead_of(value, secret=secret)}")  # noqa: TRY004 - an operator's
    items: list[Any] = []
    for number, each in enumerate(cast("list[object]", value), start=1):
        try:
            items.append(read(get_args(plain)[0], each, text=text, secret=secret))
        except ValueError as error:
            raise ValueError(f"item {number} {error}") from None
    for meta in metas:
        if not (meta.min_length or 0) <= len(items) <= (meta.max_length or len(items)):
            raise ValueError(f"must be {allowed(kind)}, not {len(items)} of them")
    return tuple(items)


def _refuse_unprintable(value: str) -> None:
    if "\0" in value or _SURROGATE.search(value):
        raise ValueError("must be UTF-8 text without NUL characters")


def _instead_of(value: object, *, secret: bool) -> str:
    return "" if secret else f", not {_shown(value)}"


def _shown(value: object) -> str:
    """A wrong value for a message: cut, and without what may be credentials."""
    if isinstance(value, str):
        text = re.sub(r"\S*@", "***@", value)
        return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}...")
    if isinstance(value, bool):
        return written(value)
    if isinstance(value, int | float):
        return "so large a number" if abs(value) >= 1e30 else str(value)
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else f"a {type(value).__name__}"


def _bounds(metas: tuple[Meta, ...]) -> str:
    """` from 0 to 9`, ` more than 0 and at most 300`, ` that is not empty`; empty without a bound."""
    meta = Meta() if not metas else metas[0]
    if meta.ge is not None and meta.le is not None:
        return f" from {_number(meta.ge)} to {_number(meta.le)}"
    bounds = [
        f"of at least {_number(meta.ge)}" if meta.ge is not None else "",
        f"more than {_number(meta.gt)}" if meta.gt is not None else "",
        f"at most {_number(meta.le)}" if meta.le is not None else "",
        f"less than {_number(meta.lt)}" if meta.lt is not None else "",
        "that is not empty" if meta.min_length == 1 else "",
        f"of at least {meta.min_length} characters" if (meta.min_length or 0) > 1 else "",
        f"of at most {meta.max_length} characters" if meta.max_length is not None else "",
        f"like {meta.pattern}" if meta.pattern is not None else "",
    ]
    said = " and ".join(each for each in bounds if each)
    return f" {said}" if said else ""


def _plural(item: Any, count: str) -> str:
    plain, metas = bare(item)
    if metas or get_origin(plain) is Literal:
        return f"entries{count}, each {allowed(item)}"
    return f"{_PLURALS[plain]}{count}"


def _count(metas: tuple[Meta, ...]) -> str:
    said = [
        f"{word} {count}"
        for meta in metas
        for word, count in (("at least", meta.min_length), ("at most", meta.max_length))
        if count is not None
    ]
    return f" ({', '.join(said)})" if said else ""


def _number(value: float) -> str:
    return str(int(value) if value == int(value) else value)
