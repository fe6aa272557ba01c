"""How errors look: a response for each status, with every `type` and `error.code` that it can have."""

from collections import defaultdict
from collections.abc import Iterable
from http import HTTPStatus
from itertools import chain, count

from girok.errors import GirokError, Internal, Unavailable
from girok.http.edge import Stopping
from girok.http.openapi.schemas import Schema
from girok.http.problems import MEDIA_TYPE, problem_type

__all__ = ["ALWAYS", "responses"]

ALWAYS: tuple[type[GirokError], ...] = (Internal, Unavailable, Stopping)
"""What any route may answer: our own fault, an outage around us, our own end."""
_RETRY_AFTER: Schema = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}
_HEADERS: dict[int, Schema] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}},
    HTTPStatus.TOO_MANY_REQUESTS: _RETRY_AFTER,
    HTTPStatus.SERVICE_UNAVAILABLE: _RETRY_AFTER,
}


def responses(errors: Iterable[type[GirokError]], shared: dict[str, Schema]) -> dict[str, Schema]:
    """References by status into `shared`, components/responses, where what is not there yet is added."""
    by_status: defaultdict[int, list[type[GirokError]]] = defaultdict(list)
    for each in dict.fromkeys(errors):
        by_status[each.category.http_status].append(each)
    return {
        str(status): _reference(_response(status, found), found, shared) for status, found in sorted(by_status.items())
    }


def _reference(response: Schema, errors: list[type[GirokError]], shared: dict[str, Schema]) -> Schema:
    """Named after the errors; with a number where two plugins have errors of one name."""
    plain = ".".join(each.__name__ for each in errors)
    names = chain([plain], (f"{plain}{number}" for number in count(2)))
    name = next(each for each in names if shared.get(each, response) == response)
    shared[name] = response
    return {"$ref": f"#/components/responses/{name}"}


def _response(status: int, errors: list[type[GirokError]]) -> Schema:
    content = {MEDIA_TYPE: {"schema": _body(status, errors)}}
    headers = {"headers": _HEADERS[status]} if status in _HEADERS else {}
    return {"description": "\n".join(_told(each) for each in errors), **headers, "content": content}


def _told(error: type[GirokError]) -> str:
    return f"`{error.reason}`: {error.text.en}"


def _body(status: int, errors: list[type[GirokError]]) -> Schema:
    """Problem, as narrow as it is here."""
    codes = list(dict.fromkeys(_rest_code(each) for each in errors))
    narrow: Schema = {
        "type": {"enum": list(dict.fromkeys(problem_type(each) for each in errors))},
        "status": {"const": status},
        "error": {"properties": {"code": {"enum": codes}}},
    }
    return {"allOf": [{"$ref": "#/components/schemas/Problem"}, {"properties": narrow}]}


def _rest_code(error: type[GirokError]) -> str:
    return error.reason if error.names_rest_code else error.category.code
