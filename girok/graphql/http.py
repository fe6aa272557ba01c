"""GraphQL over HTTP, as its specification says: a request in, an answer out, no framework and no socket.

    answer = await GraphQLHttp(engine).answer(Request(method, query_string, headers, body), context)

POST takes application/json, GET runs queries only. A request that is not run is answered 4xx in both media types, one
that ran 200, whatever became of its fields.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl

import msgspec

from girok.errors import GirokError, InvalidInput, Text
from girok.graphql.accept import JSON, media_type
from girok.graphql.documents import NUL_REFUSED
from girok.graphql.errors import Formatted, MethodNotAllowed, NotAcceptable, OperationRefused, UnsupportedMediaType
from girok.graphql.errors import refused as refusal_for
from girok.graphql.execute import Engine
from girok.graphql.part import Context

__all__ = ["GraphQLHttp", "Request", "Response", "refuse"]

Header = tuple[bytes, bytes]

_ENCODER = msgspec.json.Encoder()
_NO_STORE: Header = (b"cache-control", b"no-store")
_CHARSET = re.compile(r'charset\s*=\s*"?([^\s;"]*)')
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_JSON_PARAMETERS = frozenset({"variables", "extensions"})
_MOST_PARAMETERS = 20
_BAD_QUERY_STRING = Text("The query string is not UTF-8, or too long.", "쿼리 문자열이 올바르지 않습니다.")

T = TypeVar("T")


class Request(NamedTuple):
    """What matters of an HTTP request. Header names are in small letters."""

    method: str
    query_string: bytes
    headers: Mapping[bytes, bytes]
    body: bytes


class Response(NamedTuple):
    """An answer to send."""

    status: int
    headers: list[Header]
    body: bytes


class _Parameters(msgspec.Struct):
    """What a request names, as JSON has it."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = msgspec.field(name="operationName", default=None)
    extensions: dict[str, Any] | None = None


class GraphQLHttp:
    """An engine behind HTTP."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def answer(self, request: Request, context: Context) -> Response:
        """The answer; nothing is raised for a request, whatever it holds."""
        content_type = media_type(request.headers.get(b"accept", b""))
        if content_type is None:
            return refuse(request.headers, NotAcceptable())
        try:
            parameters = _parameters(request)
            operation = self._engine.prepare(parameters.query, parameters.operation_name)
            if operation.is_mutation and request.method == "GET":
                return refuse(request.headers, MethodNotAllowed(), (b"allow", b"POST"))
            answer = await self._engine.run(operation, parameters.variables, context)
        except MethodNotAllowed as error:
            return refuse(request.headers, error, (b"allow", b"GET, POST"))
        except GirokError as error:
            return refuse(request.headers, error)
        except OperationRefused as refusal:
            return _response(refusal.status, content_type, {"errors": refusal.errors})
        body: Formatted = {"data": answer.data}
        if answer.errors:
            body = {"errors": answer.errors, **body}
        return _response(200, content_type, body)


def refuse(headers: Mapping[bytes, bytes], error: GirokError, *more: Header) -> Response:
    """The answer to a request with these headers that is not run because of `error`."""
    refusal = refusal_for(error)
    content_type = media_type(headers.get(b"accept", b"")) or JSON
    return _response(refusal.status, content_type, {"errors": refusal.errors}, *more)


def _response(status: int, content_type: bytes, body: Formatted, *more: Header) -> Response:
    encoded = _ENCODER.encode(body)
    length = (b"content-length", str(len(encoded)).encode())
    return Response(status, [(b"content-type", content_type), length, _NO_STORE, *more], encoded)


def _parameters(request: Request) -> _Parameters:
    """The parameters of a request. Raises InvalidInput."""
    if request.method == "POST":
        if not _is_json(request.headers.get(b"content-type", b"")):
            raise UnsupportedMediaType
        return _from_body(request.body)
    if request.method == "GET":
        return _from_query(request.query_string)
    raise MethodNotAllowed


@lru_cache(maxsize=256)
def _is_json(content_type: bytes) -> bool:
    essence, _, parameters = content_type.decode("latin-1").lower().partition(";")
    charset = _CHARSET.search(parameters)
    return essence.strip() == "application/json" and (charset is None or charset[1] in ("utf-8", "utf8"))


def _from_query(query_string: bytes) -> _Parameters:
    """The parameters of a GET; `variables` and `extensions` are JSON in it."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise InvalidInput(_BAD_QUERY_STRING) from error
    given: dict[str, Any] = dict(pairs)
    for name in _JSON_PARAMETERS & given.keys():
        given[name] = _decoded(given[name].encode(), object)
    try:
        return msgspec.convert(given, _Parameters)
    except msgspec.ValidationError as error:
        raise InvalidInput(_no_request(error)) from None


def _from_body(body: bytes) -> _Parameters:
    if body[:1] == b"[":
        raise InvalidInput(Text("Send one operation at a time.", "한 번에 하나의 작업만 보내 주세요."))
    return _decoded(body, _Parameters)


def _decoded(text: bytes, kind: type[T]) -> T:
    """JSON as `kind`. Raises InvalidInput: also for lone surrogates and NUL, which break things later."""
    try:
        value = msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise InvalidInput(_no_request(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(Text(f"This is not valid JSON: {error}.", f"올바른 JSON이 아닙니다: {error}.")) from None
    except RecursionError:
        raise InvalidInput(Text("The JSON is nested too deeply.", "JSON이 너무 깊게 중첩되었습니다.")) from None
    if b"\\u0000" in text and _NUL.search(text):
        raise InvalidInput(NUL_REFUSED)
    return value


def _no_request(error: msgspec.ValidationError) -> Text:
    return Text(f"This is not a GraphQL request: {error}.", f"올바른 GraphQL 요청이 아닙니다: {error}.")
