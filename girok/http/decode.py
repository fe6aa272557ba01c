"""JSON bodies into typed values, and what is wrong with those that cannot be.

Litestar would take `"5"` for a number and answer 500 to bytes that are no UTF-8; `JsonRequest` is the request class of
the whole app, so that `data: SomeStruct` in a handler is decoded once, strictly, and with errors that name each field.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

import msgspec
from litestar import Request

from girok.errors import FieldError, InvalidInput, Text
from girok.http.body import UnsupportedMediaType
from girok.http.fields import explain, field_errors

__all__ = ["JsonRequest", "decode", "invalid", "is_json"]

T = TypeVar("T")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class JsonRequest(Request[Any, Any, Any]):
    """Litestar's request, with `json()` as the `data` of the route's handler has it."""

    async def json(self) -> Any:
        """The body as what the handler's `data` is annotated with; without one, as what JSON has.

        Raises InvalidInput, UnsupportedMediaType.
        """
        if not is_json(self.headers.get("content-type", "")):
            raise UnsupportedMediaType
        field = self.route_handler.parsed_data_field
        return decode(await self.body(), cast("type[Any]", field.annotation if field else Any))


def is_json(content_type: str) -> bool:
    """Whether a Content-Type says JSON (RFC 8259, or `+json` of RFC 6839). None at all counts as JSON."""
    essence = content_type.split(";", 1)[0].strip().lower()
    return essence in {"", "application/json"} or (essence.startswith("application/") and essence.endswith("+json"))


def decode(body: bytes, kind: type[T]) -> T:
    """The value of a JSON body, strictly typed.

    Raises InvalidInput: with one detail for each field that is wrong, but also for what only breaks things later: bytes
    that are no UTF-8, nesting without end, lone surrogates, and NUL, which PostgreSQL cannot store.
    """
    try:
        value = _parse(body, kind)
    except msgspec.ValidationError as error:
        value = _second_look(body, kind, str(error))
    if b"\\u0000" in body and _NUL.search(msgspec.json.encode(value)):  # in what is kept of it, that is
        raise InvalidInput(Text("Text must not hold the character NUL.", "NUL 문자는 쓸 수 없습니다."))
    return value


def invalid(details: Sequence[FieldError]) -> InvalidInput:
    """The error for these details. Clients that show only its message see the first field and its rule."""
    if not details:
        return InvalidInput()
    path, text = details[0].path, details[0].text
    return InvalidInput(Text(f"{path}: {text.en}", f"{path}: {text.ko}") if path else text, details=details)


def _second_look(body: bytes, kind: type[T], refusal: str) -> T:
    """The value after all where `5.0` was refused for a whole number: JSON does not tell it from 5.

    Else raises InvalidInput with all that is wrong.
    """
    try:
        value = _parse(body, Any)
    except msgspec.ValidationError:  # a number beyond all bounds
        raise invalid((FieldError("", explain(refusal)),)) from None
    if "got `float`" in refusal:
        value = _whole(value)
        with suppress(msgspec.ValidationError):
            return msgspec.convert(value, kind, str_keys=True)
    raise invalid(field_errors(value, kind) or (FieldError("", explain(refusal)),))


def _whole(value: Any) -> Any:
    """The value with whole numbers as such; as deep as it could be parsed."""
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_whole(part) for part in cast("list[Any]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _parse(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            Text(f"The body is not valid JSON: {error}.", f"본문이 올바른 JSON이 아닙니다: {error}.")
        ) from None
    except RecursionError:
        raise InvalidInput(Text("The JSON is nested too deeply.", "JSON이 너무 깊게 중첩되었습니다.")) from None
