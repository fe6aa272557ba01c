"""Errors as REST's clients read them: RFC 9457 `application/problem+json`, with the members of the older clients.

    {"type": ..., "title": "Conflict", "status": 409, "detail": "...", "instance": "/v1/auth/register",
     "success": false, "message": "...", "error": {"code": "CONFLICT", "message": "..."},
     "meta": {"timestamp": ..., "path": ..., "statusCode": 409, "requestId": ...}}

`type` tells apart what the code does not: `urn:girok:problem:EMAIL_TAKEN`, else about:blank. Texts are in the caller's
language. At /graphql, where most is answered by who runs operations, `errors` says it again in GraphQL's form. An
exception that is no GirokError is our fault: it is logged under the request id and answered as INTERNAL.
"""

import logging
import math
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, cast
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg

from girok.clock import Clock, timestamp
from girok.context import current
from girok.errors import (
    Category,
    Conflict,
    FieldError,
    Forbidden,
    GirokError,
    Internal,
    InvalidInput,
    NotFound,
    RateLimited,
    Text,
    Unauthenticated,
    log_fault,
)
from girok.http.body import PayloadTooLarge, UnsupportedMediaType
from girok.http.decode import invalid
from girok.http.fields import REQUIRED, explain
from girok.http.problem_details import Problem, ProblemDetail, ProblemError, ProblemGraphQLError, ProblemMeta

__all__ = ["MethodNotAllowed", "ProblemAnswer", "exception_handlers", "problem", "problem_type", "translate"]

MEDIA_TYPE = "application/problem+json"
_MISSING = re.compile(r"Missing required \w+ parameter '(?P<name>[^']+)'")
_log = logging.getLogger(__name__)


class MethodNotAllowed(InvalidInput):
    """The address exists, but not for this method."""

    category = Category("BAD_USER_INPUT", 405, "INVALID_ARGUMENT")
    reason = "METHOD_NOT_ALLOWED"
    text = Text("This address does not take this method.", "이 주소에서 지원하지 않는 메서드입니다.")


_BY_STATUS: dict[int, type[GirokError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    429: RateLimited,
}


class ProblemAnswer(NamedTuple):
    """An answer to a request that failed."""

    status: int
    headers: dict[str, str]
    body: bytes


def problem(error: GirokError, scope: Mapping[str, Any], clock: Clock) -> ProblemAnswer:
    """The answer for `error`, in the language of the current call."""
    call = current()
    code, status, _ = error.category
    message = error.message.of(call.locale)
    details = tuple(ProblemDetail(each.path, each.text.of(call.locale)) for each in error.details)
    path = _path(scope)
    body = Problem(
        type=problem_type(type(error)),
        title=HTTPStatus(status).phrase,
        status=status,
        detail=message,
        instance=path,
        success=False,
        message=message,
        error=ProblemError(error.rest_code, message, details),
        meta=ProblemMeta(timestamp(clock.now()), path, status, call.request_id),
        errors=(ProblemGraphQLError(message, {"code": code, "reason": error.reason}),) if _is_graphql(scope) else (),
    )
    return ProblemAnswer(status, _headers(error, status), msgspec.json.encode(body))


def problem_type(error: type[GirokError]) -> str:
    """The `type` of its answers."""
    return "about:blank" if error.reason == error.category.code else f"urn:girok:problem:{error.reason}"


def exception_handlers(clock: Clock) -> dict[int | type[Exception], Callable[..., Response[bytes]]]:
    """Litestar's exception handlers: one, for every exception there is."""

    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        status, headers, body = problem(translate(error, _names(request.scope)), request.scope, clock)
        if isinstance(error, HTTPException):
            headers |= error.headers or {}
        return Response(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)

    return {Exception: handle}


def translate(error: Exception, names: Mapping[str, str] = {}) -> GirokError:
    """`error` as one of ours. What is not the caller's fault is logged here.

    `names` are those of parameters as they are sent, where the handler calls them otherwise.
    """
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _refused(error, names)
    ours = error if isinstance(error, GirokError) else Internal()
    if ours.category.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log_fault(_log, f"answered {ours.reason}", error)
    return ours


def _refused(error: HTTPException, names: Mapping[str, str]) -> GirokError:
    """What Litestar refuses by itself, before it calls a handler."""
    if isinstance(error, ValidationException):
        return _invalid_parameters(error, names)
    if isinstance(error, NotFoundException):
        return NotFound(Text("There is nothing at this address.", "이 주소에는 아무것도 없습니다."))
    kind = _BY_STATUS.get(error.status_code, InvalidInput)
    return kind()


def _invalid_parameters(error: ValidationException, names: Mapping[str, str]) -> InvalidInput:
    """Litestar's list of parameters that are wrong, or its one sentence on the one that is missing."""
    if missing := _MISSING.match(error.detail):
        return invalid((FieldError(missing["name"], REQUIRED),))
    found = [cast("dict[str, Any]", each) for each in error.extra or () if isinstance(each, dict)]
    if any(each.get("key") == "data" for each in found):
        return InvalidInput(Text("The request has no body.", "요청 본문이 없습니다."))
    keys = [str(each.get("key", "")) for each in found]
    return invalid(
        [
            FieldError(names.get(key, key), explain(each.get("message", "")))
            for key, each in zip(keys, found, strict=True)
        ]
    )


def _names(scope: Mapping[str, Any]) -> dict[str, str]:
    """The names under which a route's parameters are sent, where its handler calls them otherwise."""
    handler = scope.get("route_handler")
    if not isinstance(handler, HTTPRouteHandler):
        return {}
    rules = {key: each.kwarg_definition for key, each in handler.parsed_fn_signature.parameters.items()}
    return {key: rule.name for key, rule in rules.items() if isinstance(rule, ParameterKwarg) and rule.name}


def _headers(error: GirokError, status: int) -> dict[str, str]:
    headers = {"cache-control": "no-store"}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return headers


def _is_graphql(scope: Mapping[str, Any]) -> bool:
    path: str = scope["path"]
    return path.rstrip("/") == "/graphql"


def _path(scope: Mapping[str, Any]) -> str:
    """The path as it was sent: percent-encoded, and never shortened by a mount."""
    raw: bytes | None = scope.get("raw_path")
    return raw.decode("latin-1") if raw else quote(scope["path"])
