"""Errors in GraphQL's form: `{"message", "path", "locations", "extensions": {"code", "reason"}}`.

A GirokError keeps its code, reason and text, in the language of the call. Anything else that a resolver raises is our
own fault: it is logged under the request id and answered as INTERNAL, without a word about it.
"""

import logging
import math
from collections.abc import Iterable, Sequence
from typing import Any

from graphql import GraphQLError

from girok.context import current
from girok.errors import Category, GirokError, Internal, InvalidInput, Text, log_fault

__all__ = [
    "GraphQLParseFailed",
    "GraphQLValidationFailed",
    "MethodNotAllowed",
    "NotAcceptable",
    "OperationRefused",
    "UnsupportedMediaType",
    "formatted",
    "invalid",
    "refused",
]

Formatted = dict[str, Any]
_log = logging.getLogger(__name__)


class GraphQLParseFailed(InvalidInput):
    """The document is no GraphQL."""

    reason = "GRAPHQL_PARSE_FAILED"


class GraphQLValidationFailed(InvalidInput):
    """The document asks for what the schema does not have, or breaks a rule of the specification."""

    reason = "GRAPHQL_VALIDATION_FAILED"


class MethodNotAllowed(InvalidInput):
    """Neither GET nor POST; or a mutation over GET."""

    category = Category("BAD_USER_INPUT", 405, "INVALID_ARGUMENT")
    reason = "METHOD_NOT_ALLOWED"
    text = Text("Send this as POST.", "POST로 보내 주세요.")


class NotAcceptable(InvalidInput):
    """The client takes neither of the media types there are."""

    category = Category("BAD_USER_INPUT", 406, "INVALID_ARGUMENT")
    reason = "NOT_ACCEPTABLE"
    text = Text(
        "Answers are application/graphql-response+json or application/json.",
        "응답은 application/graphql-response+json 또는 application/json 형식입니다.",
    )


class UnsupportedMediaType(InvalidInput):
    """The body is said to be something else than JSON in UTF-8."""

    category = Category("BAD_USER_INPUT", 415, "INVALID_ARGUMENT")
    reason = "UNSUPPORTED_MEDIA_TYPE"
    text = Text("Send this as application/json in UTF-8.", "UTF-8 application/json 형식으로 보내 주세요.")


class OperationRefused(Exception):
    """The operation is not run. `errors` are formatted; `status` is the HTTP status that says so."""

    def __init__(self, errors: Sequence[Formatted], status: int = 400) -> None:
        self.errors = errors
        self.status = status
        super().__init__(errors[0]["message"])


def refused(error: GirokError) -> OperationRefused:
    """The refusal for one error that belongs to no place in the document."""
    return OperationRefused([_girok(error)], error.category.http_status)


def invalid(errors: Iterable[GraphQLError], kind: type[InvalidInput]) -> OperationRefused:
    """The refusal for what graphql-core found wrong with a request."""
    return OperationRefused([_placed(_girok(kind(Text(each.message, each.message))), each) for each in errors])


def formatted(errors: Iterable[GraphQLError]) -> list[Formatted]:
    """The errors of an operation that ran. What is our own fault is logged, once however many fields it cost."""
    logged: set[int] = set()
    found: list[Formatted] = []
    for each in errors:
        cause = _cause(each)
        error = _translated(cause)
        if error.category.http_status >= 500 and id(cause) not in logged:
            logged.add(id(cause))
            log_fault(_log, f"GraphQL field {'.'.join(map(str, each.path or ()))} failed", cause)
        found.append(_placed(_girok(error), each))
    return found


def _cause(error: GraphQLError) -> BaseException:
    """What a field raised, below the layers that graphql-core wrapped around it."""
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _translated(cause: BaseException) -> GirokError:
    if isinstance(cause, GirokError):
        return cause
    # graphql-core's own: with a place it is about an argument, without one about a value that a resolver gave.
    if isinstance(cause, GraphQLError) and cause.nodes:
        return InvalidInput(Text(cause.message, cause.message))
    return Internal()


def _girok(error: GirokError) -> Formatted:
    locale = current().locale
    extensions: Formatted = {"code": error.category.code, "reason": error.reason}
    if error.details:
        extensions["details"] = [{"path": each.path, "message": each.text.of(locale)} for each in error.details]
    if error.retry_after is not None:
        extensions["retryAfter"] = math.ceil(error.retry_after)
    return {"message": error.message.of(locale), "extensions": extensions}


def _placed(what: Formatted, error: GraphQLError) -> Formatted:
    """The error with its place in the answer and in the document."""
    placed: Formatted = {"message": what["message"]}
    if error.path is not None:
        placed["path"] = list(error.path)
    if error.locations:
        placed["locations"] = [{"line": each.line, "column": each.column} for each in error.locations]
    placed["extensions"] = what["extensions"]
    return placed
