"""Errors as REST's clients read them: RFC 9457 `application/problem+json`, with the members of the older clients.

    {"type": ..., "title": "Conflict", "status": 409, "detail": "...", "instance": "/v1/auth/register",
     "success": false, "message": "...", "error": {"code": "CONFLICT", "message": "..."},
     "meta": {"timestamp": ..., "path": ..., "statusCode": 409, "requestId": ...}}

`type` tells apart what the code does not: `urn:girok:problem:EMAIL_TAKEN`, else about:blank. Texts are in the caller's
language. An exception that is no GirokError is our fault: it is logged under the request id and answered as INTERNAL.
"""

import logging
import math
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException, ValidationException

from girok import errors
from girok.clock import Clock
from girok.context import current
from girok.errors import Category, FieldError, GirokError, Internal, InvalidInput, Text
from girok.http.body import PayloadTooLarge, UnsupportedMediaType
from girok.http.decode import invalid
from girok.http.fields import explain

__all__ = ["MethodNotAllowed", "Problem", "exception_handlers", "problem", "translate"]

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)


class MethodNotAllowed(InvalidInput):
    """The address exists, but not for this method."""

    category = Category("BAD_USER_INPUT", 405, "INVALID_ARGUMENT")
    reason = "METHOD_NOT_ALLOWED"
    text = Text("This address does not take this method.", "이 주소에서 지원하지 않는 메서드입니다.")


class _Detail(msgspec.Struct):
    path: str
    message: str


class _Error(msgspec.Struct, omit_defaults=True):
    code: str
    message: str
    details: tuple[_Detail, ...] = ()


class _Meta(msgspec.Struct, rename="camel"):
    timestamp: str
    path: str
    status_code: int
    request_id: str


class _Body(msgspec.Struct):
    type: str
    title: str
    status: int
    detail: str
    instance: str
    success: bool
    message: str
    error: _Error
    meta: _Meta


class Problem(NamedTuple):
    """An answer to a request that failed."""

    status: int
    headers: dict[str, str]
    body: bytes


def problem(error: GirokError, scope: Mapping[str, Any], clock: Clock) -> Problem:
    """The answer for `error`, in the language of the current call."""
    call = current()
    code, status, _ = error.category
    message = error.message.of(call.locale)
    details = tuple(_Detail(each.path, each.text.of(call.locale)) for each in error.details)
    path = _path(scope)
    body = _Body(
        type="about:blank" if error.reason == code else f"urn:girok:problem:{error.reason}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=message,
        instance=path,
        success=False,
        message=message,
        error=_Error(error.rest_code, message, details),
        meta=_Meta(
            clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"), path, status, call.request_id
        ),
    )
    return Problem(status, _headers(error, status), msgspec.json.encode(body))


def exception_handlers(clock: Clock) -> dict[int | type[Exception], Callable[..., Response[bytes]]]:
    """Litestar's exception handlers, for every exception there is."""

    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        status, headers, body = problem(translate(error), request.scope, clock)
        return Response(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)

    return {Exception: handle, HTTPException: handle}


def translate(error: Exception) -> GirokError:
    """`error` as one of ours. What is our own fault is logged here, with its traceback, and becomes Internal."""
    if isinstance(error, GirokError):
        if error.category.http_status >= 500:
            _log.error("answered %s", error.reason, exc_info=error)
        return error
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _translate_http(error)
    _log.error("unexpected error", exc_info=error)
    return Internal()


def _translate_http(error: HTTPException) -> GirokError:
    """What Litestar refuses by itself."""
    if isinstance(error, ValidationException) and error.extra:
        return invalid(tuple(_field_error(each) for each in error.extra))
    kind = _BY_STATUS.get(error.status_code, InvalidInput)
    return kind(_NOWHERE) if isinstance(error, NotFoundException) else kind()
