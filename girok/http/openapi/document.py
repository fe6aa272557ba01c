"""The document: every route of an application, with what they share."""

from itertools import chain, count
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from girok import __version__
from girok.http.openapi.documented import documented
from girok.http.openapi.operations import operation, success
from girok.http.openapi.schemas import Schema, Schemas
from girok.http.problem_details import Problem

__all__ = ["document"]

_ABOUT = (
    "Errors are `application/problem+json` (RFC 9457); compare `type` and `error.code`, show `message`. "
    "Fields of a body that are not named here are ignored."
)
_BEARER: Schema = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The access token of a session.",
}


def document(app: Litestar) -> dict[str, Any]:
    """The OpenAPI 3.1 document. Raises TypeError on a handler with a type that has no schema."""
    schemas = Schemas()
    schemas.outgoing(Problem)
    found = list(documented(app))
    for _, _, handler in found:
        success(handler, schemas)
    paths: dict[str, Schema] = {}
    shared: dict[str, Schema] = {}
    ids: set[str] = set()
    for route, method, handler in found:
        identity = _identity(handler, ids)
        methods = paths.setdefault(route.path_format, {})
        methods[method.lower()] = {"operationId": identity, **operation(route, handler, schemas, shared)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "girok", "version": __version__, "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": shared,
            "securitySchemes": {"bearer": _BEARER},
        },
    }


def _identity(handler: HTTPRouteHandler, taken: set[str]) -> str:
    """What the route was given, else `authRegister` for `register` of plugins/auth; with a number where it is taken."""
    words = [*handler.fn.__module__.split(".")[1:2], *handler.fn.__name__.strip("_").split("_")]
    given = handler.operation_id
    name = given if isinstance(given, str) else words[0] + "".join(each.title() for each in words[1:])
    found = next(each for each in chain([name], (f"{name}{number}" for number in count(2))) if each not in taken)
    taken.add(found)
    return found
