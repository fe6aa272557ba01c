"""What is wrong with a value, field by field, in sentences for people.

msgspec stops at the first thing that is wrong. A form wants all of them: `field_errors` looks again, at a value that
was refused, and gives one FieldError for each field.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from types import NoneType, UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

import msgspec

from girok.errors import FieldError, Text

__all__ = ["MOST_ERRORS", "REQUIRED", "explain", "field_errors"]

MOST_ERRORS = 20
"""More than anybody reads; a body of a megabyte may hold a hundred thousand."""
MOST_PARTS = 2000

REQUIRED = Text("This is required.", "필수 항목입니다.")
_UNKNOWN = Text("There is no such field.", "알 수 없는 항목입니다.")
_INVALID = Text("This is not valid.", "올바르지 않습니다.")
_KINDS = {
    "str": Text("text", "문자열"),
    "int": Text("a whole number", "정수"),
    "float": Text("a number", "숫자"),
    "bool": Text("true or false", "true 또는 false"),
    "array": Text("a list", "목록"),
    "object": Text("an object", "객체"),
    "null": Text("null", "빈 값"),
    "bytes": Text("base64 text", "base64 문자열"),
    "datetime": Text("a date and time", "날짜와 시간"),
    "date": Text("a date", "날짜"),
    "time": Text("a time", "시각"),
    "uuid": Text("a UUID", "UUID"),
}
_FORMS = {
    "datetime": Text("Must be a date and time like 2026-01-31T12:00:00Z.", "2026-01-31T12:00:00Z 형식이어야 합니다."),
    "date": Text("Must be a date like 2026-01-31.", "2026-01-31 형식이어야 합니다."),
    "time": Text("Must be a time like 12:00:00.", "12:00:00 형식이어야 합니다."),
    "UUID": Text("Must be a UUID.", "UUID 형식이어야 합니다."),
}
_BOUNDS = {
    ">=": Text("Must be {} or more.", "{} 이상이어야 합니다."),
    "<=": Text("Must be {} or less.", "{} 이하여야 합니다."),
    ">": Text("Must be more than {}.", "{}보다 커야 합니다."),
    "<": Text("Must be less than {}.", "{}보다 작아야 합니다."),
}
_LENGTHS = {
    ("str", ">="): Text("Must have at least {} characters.", "{}자 이상이어야 합니다."),
    ("str", "<="): Text("Must have at most {} characters.", "{}자 이하여야 합니다."),
    ("array", ">="): Text("Must have at least {} entries.", "{}개 이상이어야 합니다."),
    ("array", "<="): Text("Must have at most {} entries.", "{}개 이하여야 합니다."),
}


def field_errors(value: object, kind: Any, path: str = "") -> tuple[FieldError, ...]:
    """What keeps `value` (what JSON has: dict, list, str, ...) from being a `kind`: up to MOST_ERRORS; none when it is.

    Paths are as in `items[2].name`; the value itself has the path given. In a value of thousands of parts only the
    first error is sure to be found: the time for the search is bounded.
    """
    try:
        found = tuple(islice(_Search().wrong(value, kind, path), MOST_ERRORS))
    except RecursionError:
        found = ()
    return found or tuple(_first(value, kind, path))


def explain(message: str) -> Text:
    """msgspec's message about one value, without its path, as a sentence."""
    for pattern, sentence in _SENTENCES:
        if match := pattern.fullmatch(message):
            return sentence(match)
    return _INVALID


def _first(value: object, kind: Any, path: str) -> Iterator[FieldError]:
    """What msgspec finds: it also knows rules that only hold for a whole, and stops at the first that is broken."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # which it is in JSON, and good for a float too
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        inner = place.removesuffix("`")
        yield FieldError(f"{path}{inner}" if path else inner.removeprefix("."), explain(message))


class _Search:
    """One walk through a value, into every part of which it is clear what it should be; each is looked at once."""

    def __init__(self) -> None:
        self._left = MOST_PARTS

    def wrong(self, value: object, kind: Any, path: str) -> Iterator[FieldError]:
        self._left -= 1
        if self._left < 0:
            return
        parts = self._parts(value, kind, path)
        yield from _first(value, kind, path) if parts is None else parts

    def _parts(self, value: object, kind: Any, path: str) -> Iterator[FieldError] | None:
        """What is wrong with the parts of `value`; None where it has none, or several kinds are possible."""
        if isinstance(value, dict):
            entries = cast("dict[str, object]", value)
            match _candidates(kind, msgspec.Struct, dict, Mapping):
                case [each] if isinstance(each, type) and issubclass(each, msgspec.Struct):
                    return self._struct(entries, each, path)
                case [each] if arguments := get_args(each):
                    return self._entries(entries, arguments[1], path)
                case _:
                    return None
        if isinstance(value, list):
            match _candidates(kind, list, tuple, set, frozenset):
                case [each] if kinds := [argument for argument in get_args(each) if argument is not ...]:
                    return self._list(cast("list[object]", value), kinds, path)
                case _:
                    return None
        return None

    def _struct(self, value: dict[str, object], kind: type[msgspec.Struct], path: str) -> Iterator[FieldError]:
        fields = {field.encode_name: field for field in _fields(kind)}
        for name, field in fields.items():
            if name in value:
                yield from self.wrong(value[name], field.type, _join(path, name))
            elif field.required:
                yield FieldError(_join(path, name), REQUIRED)
        if kind.__struct_config__.forbid_unknown_fields:
            yield from (FieldError(_join(path, name), _UNKNOWN) for name in value if name not in fields)

    def _entries(self, value: dict[str, object], kind: Any, path: str) -> Iterator[FieldError]:
        for name, part in value.items():
            yield from self.wrong(part, kind, _join(path, name))

    def _list(self, value: list[object], kinds: list[Any], path: str) -> Iterator[FieldError]:
        """`kinds` are those of a tuple's places; the last holds for all that follow."""
        for index, part in enumerate(islice(value, MOST_PARTS)):
            yield from self.wrong(part, kinds[min(index, len(kinds) - 1)], f"{path}[{index}]")


@lru_cache(maxsize=256)
def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind)


def _candidates(kind: Any, *containers: type) -> list[Any]:
    """Those of the types that `kind` may be which are a container of this sort."""
    return [each for each in _alternatives(kind) if issubclass(get_origin(each) or each, containers)]


def _alternatives(kind: Any) -> list[Any]:
    """The classes that `kind` may be, without None and without what annotates them."""
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        return [each for argument in get_args(kind) if argument is not NoneType for each in _alternatives(argument)]
    return [kind] if isinstance(get_origin(kind) or kind, type) else []


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _wrong_kind(match: re.Match[str]) -> Text:
    kinds = [_KINDS[name] for name in match["kinds"].split(" | ") if name in _KINDS]
    if not kinds:
        return _INVALID
    nouns = " 또는 ".join(kind.ko for kind in kinds)
    return Text(f"Must be {' or '.join(kind.en for kind in kinds)}.", f"{nouns}{_must_be(nouns)} 합니다.")


def _must_be(noun: str) -> str:
    """The ending of a Korean noun: it depends on whether its last syllable has a final consonant."""
    code = ord(noun[-1]) - 0xAC00
    return "이어야" if 0 <= code < 11172 and code % 28 else "여야"


def _wrong_length(match: re.Match[str]) -> Text:
    sentence = _LENGTHS[match["kind"], match["bound"]]
    return Text(sentence.en.format(match["limit"]), sentence.ko.format(match["limit"]))


def _out_of_bounds(match: re.Match[str]) -> Text:
    sentence, limit = _BOUNDS[match["bound"]], match["limit"].removesuffix(".0")
    return Text(sentence.en.format(limit), sentence.ko.format(limit))


def _says(en: str, ko: str) -> Callable[[re.Match[str]], Text]:
    return lambda match: Text(en.format(**match.groupdict()), ko.format(**match.groupdict()))


_SENTENCES: list[tuple[re.Pattern[str], Callable[[re.Match[str]], Text]]] = [
    (re.compile(r"Object missing required field `.*`"), lambda _: REQUIRED),
    (re.compile(r"Object contains unknown field `.*`"), lambda _: _UNKNOWN),
    (re.compile(r"Expected `(?P<kind>str|array)` of length (?P<bound>[<>]=) (?P<limit>\d+)"), _wrong_length),
    (
        re.compile(r"Expected `array` of length (?P<size>\d+), got \d+"),
        _says("Must have {size} entries.", "{size}개여야 합니다."),
    ),
    (re.compile(r"Expected `(?:int|float)` (?P<bound>[<>]=?) (?P<limit>\S+)"), _out_of_bounds),
    (
        re.compile(r"Expected `.*` that's a multiple of (?P<step>\S+)"),
        _says("Must be a multiple of {step}.", "{step}의 배수여야 합니다."),
    ),
    (
        re.compile(r"Expected `str` matching regex .*", re.DOTALL),
        _says("This does not have the right form.", "형식이 올바르지 않습니다."),
    ),
    (re.compile(r"Expected `(?P<kinds>[^`]+)`(?:, got `[^`]+`)?"), _wrong_kind),
    (
        re.compile(r"Invalid (?:enum )?value .*", re.DOTALL),
        _says("This is not one of the allowed values.", "허용되지 않는 값입니다."),
    ),
    (
        re.compile(r"Invalid (?:RFC3339 encoded )?(?P<form>datetime|date|time|UUID)"),
        lambda match: _FORMS[match["form"]],
    ),
]
