"""One operation of the document, read from a Litestar handler: parameters, body, answers."""

import inspect
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import msgspec
from litestar import Response
from litestar.constants import RESERVED_KWARGS
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.params import CookieParameter, HeaderParameter
from litestar.response import Redirect
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from girok.errors import GirokError, InvalidInput, NotFound, Unauthenticated
from girok.http.body import BodyCut, BodyTooSlow, PayloadTooLarge, UnsupportedMediaType
from girok.http.edge import InvalidText
from girok.http.multipart import InvalidForm
from girok.http.openapi import problem
from girok.http.openapi.answers import Answers, answers_of
from girok.http.openapi.schemas import Schema, Schemas, as_json

__all__ = ["operation", "success"]

_OF_BODIES = (InvalidInput, BodyCut, BodyTooSlow, PayloadTooLarge, UnsupportedMediaType)
_RULES = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern")
_PART_NAME = "^[A-Za-z0-9_.-]{1,100}$"
"""Of every part, also of those that are passed over: others may not even be written as a header."""
_LOCATION: Schema = {"Location": {"required": True, "schema": {"type": "string", "format": "uri-reference"}}}


def operation(route: HTTPRoute, handler: HTTPRouteHandler, schemas: Schemas, shared: dict[str, Schema]) -> Schema:
    """OpenAPI's operation object, without its id; `shared` are the document's responses.

    Raises TypeError on a type that has no schema.
    """
    declared = answers_of(handler.fn) or Answers()
    summary, description = _docstring(handler)
    parameters = list(_parameters(route, handler, schemas))
    found: Schema = {"tags": _tags(handler), "summary": summary}
    if description:
        found["description"] = description
    if parameters:
        found["parameters"] = parameters
    if body := handler.parsed_data_field:
        found["requestBody"] = {
            "required": not body.is_optional,
            "content": {"application/json": {"schema": schemas.incoming(_kind(body))}},
        }
    if declared.form:
        schema = {**schemas.incoming(declared.form), "propertyNames": {"pattern": _PART_NAME}}
        found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    status, response = success(handler, schemas)
    errors = _errors(route, parameters, declared, has_body=body is not None)
    found["responses"] = {str(status): response, **problem.responses(errors, shared)}
    if declared.bearer:
        found["security"] = [{"bearer": []}, *([{}] if declared.bearer == "optional" else [])]
    return found


def _errors(
    route: HTTPRoute, parameters: list[Schema], declared: Answers, *, has_body: bool
) -> Iterator[type[GirokError]]:
    if has_body:
        yield from _OF_BODIES
    if declared.form:
        yield from (InvalidForm, *_OF_BODIES)
    if parameters:
        yield from (InvalidInput, InvalidText)
    if route.path_parameters:
        yield NotFound
    if declared.bearer:
        yield Unauthenticated
    yield from declared.errors
    yield from problem.ALWAYS


def success(handler: HTTPRouteHandler, schemas: Schemas) -> tuple[int, Schema]:
    """The status and the response of a call that went well."""
    kind = handler.parsed_return_field.annotation
    origin = get_origin(kind) or kind
    is_redirect = isinstance(origin, type) and issubclass(origin, Redirect)
    status = HTTPStatus.FOUND if is_redirect and handler.status_code == HTTPStatus.OK else handler.status_code
    response: Schema = {"description": HTTPStatus(status).phrase}
    if 300 <= status < 400:
        return status, {**response, "headers": _LOCATION}
    if origin is Response:
        kind = get_args(kind)[0] if get_args(kind) else object
    return status, response if kind is NoneType else {**response, "content": _content(handler, kind, schemas)}


def _content(handler: HTTPRouteHandler, kind: Any, schemas: Schemas) -> Schema:
    """By media type; `*/*` where only the handler knows it, as for files and streams."""
    is_opaque = kind is object or (isinstance(kind, type) and issubclass(kind, (Response, bytes)))
    media_type = handler.media_type or ("*/*" if is_opaque else MediaType.JSON)
    name = media_type.value if isinstance(media_type, MediaType) else media_type
    if name.partition(";")[0].endswith("json") and not is_opaque:
        return {name: {"schema": schemas.outgoing(kind)}}
    return {name: {}}


def _parameters(route: HTTPRoute, handler: HTTPRouteHandler, schemas: Schemas) -> Iterator[Schema]:
    injected = RESERVED_KWARGS | handler.resolve_dependencies().keys()
    for name, field in handler.parsed_fn_signature.parameters.items():
        if name not in injected:
            yield _parameter(name, field, route.path_parameters, schemas)


def _parameter(name: str, field: FieldDefinition, in_path: Mapping[str, Any], schemas: Schemas) -> Schema:
    rule: Any = field.kwarg_definition
    place = "path" if name in in_path else "query"
    if isinstance(rule, HeaderParameter):
        place = "header"
    elif isinstance(rule, CookieParameter):
        place = "cookie"
    parameter: Schema = {"name": getattr(rule, "name", None) or name, "in": place}
    if rule is not None and rule.description:
        parameter["description"] = rule.description
    schema = schemas.incoming(_kind(field))
    if field.has_default and field.default is not None:
        schema["default"] = as_json(field.default)
    return {**parameter, "required": place == "path" or not field.has_default, "schema": schema}


def _kind(field: FieldDefinition) -> Any:
    """The type with Litestar's rules as msgspec's. Raises TypeError where these are given, which Litestar overlooks."""
    if any(isinstance(each, msgspec.Meta) for each in get_args(field.raw)):
        raise TypeError(f"{field.name}: say QueryParameter(ge=1), not Meta(ge=1): Litestar does not look at that")
    rule: Any = field.kwarg_definition
    rules = {name: value for name in _RULES if (value := getattr(rule, name, None)) is not None}
    return Annotated[field.annotation, msgspec.Meta(**rules)] if rules else field.annotation


def _docstring(handler: HTTPRouteHandler) -> tuple[str, str]:
    """The summary, which a route may have been given, and the description."""
    told = inspect.getdoc(handler.fn) or ""
    if handler.summary:
        return handler.summary, told
    summary, _, description = told.partition("\n")
    return summary.rstrip("."), description.strip()


def _tags(handler: HTTPRouteHandler) -> list[str]:
    """Those that it was given; else its plugin's name."""
    module = handler.fn.__module__.split(".")
    return sorted(handler.resolve_tags()) or module[1:2]
