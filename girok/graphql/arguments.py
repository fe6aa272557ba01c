"""Arguments on their way from a document into a resolver's keywords.

What a resolver's annotations say is read once, at the start, and compared with the schema; a call then converts only
what needs it: Structs, tuples and whatever else graphql-core does not give by itself.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# graphql-core leaves the type arguments of its own types open.

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from graphql import GraphQLArgument, GraphQLInputObjectType, get_named_type, is_required_argument

from girok.errors import FieldError, InvalidInput, Text
from girok.graphql.names import snake

__all__ = ["Convert", "convert_for", "problems_of"]

Convert = Callable[[dict[str, Any]], dict[str, Any]]
_AS_THEY_ARE = (str, int, float, bool, Any, object)


def problems_of(resolver: Callable[..., Any], arguments: Mapping[str, GraphQLArgument], positional: int) -> list[str]:
    """What keeps `resolver` from taking `arguments` as keywords after `positional` others; nothing when all fits."""
    parameters = list(signature(resolver).parameters.values())
    keywords = {each.name: each for each in parameters[positional:]}
    found = [f"takes {name!r}, which the schema does not have" for name in keywords.keys() - set(map(snake, arguments))]
    for name, argument in arguments.items():
        parameter = keywords.get(snake(name))
        if parameter is None:
            found.append(f"does not take the argument {name!r}")
        elif not _is_always_given(argument) and parameter.default is Parameter.empty:
            found.append(f"has no default for {name!r}, which may be absent")
    hints = get_type_hints(resolver)
    return found + [
        each for name, argument in arguments.items() for each in _unknown_fields(argument, hints.get(snake(name)))
    ]


def convert_for(resolver: Callable[..., Any], arguments: Mapping[str, GraphQLArgument]) -> Convert | None:
    """What turns graphql-core's values into the resolver's keywords; None when they are good as they come."""
    hints = get_type_hints(resolver)
    kinds: dict[str, tuple[str, Any]] = {}
    for name, argument in arguments.items():
        kind = hints.get(snake(name), Any)
        if _inner(kind) not in _AS_THEY_ARE or (not _takes_none(kind) and not str(argument.type).endswith("!")):
            kinds[snake(name)] = (name, kind)
    if not kinds:
        return None

    def convert(values: dict[str, Any]) -> dict[str, Any]:
        return {name: _one(value, *kinds[name]) if name in kinds else value for name, value in values.items()}

    return convert


def _one(value: Any, name: str, kind: Any) -> Any:
    """One value as the resolver wants it. Raises InvalidInput."""
    if value is None and not _takes_none(kind):
        raise InvalidInput(Text(f"`{name}` must not be null.", f"`{name}` 값은 null일 수 없습니다."))
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        place = f"{name}{path.rstrip('`')}"
        text = Text(f"`{place}`: {what}.", f"`{place}`: {what}.")
        raise InvalidInput(text, details=(FieldError(place, text),)) from error


def _is_always_given(argument: GraphQLArgument) -> bool:
    return is_required_argument(argument) or argument.default is not None


def _takes_none(kind: Any) -> bool:
    return kind in (Any, object) or NoneType in get_args(kind)


def _inner(kind: Any) -> Any:
    """`X` of `X | None`, any other as it is."""
    if get_origin(kind) in (Union, UnionType):
        rest = [each for each in get_args(kind) if each is not NoneType]
        return rest[0] if len(rest) == 1 else kind
    return kind


def _unknown_fields(argument: GraphQLArgument, kind: Any) -> list[str]:
    """Fields of an input object that its Struct would lose."""
    given, wanted = get_named_type(argument.type), _inner(kind)
    if not isinstance(given, GraphQLInputObjectType) or not isinstance(wanted, type):
        return []
    if not issubclass(wanted, msgspec.Struct):
        return []
    lost = given.fields.keys() - {each.encode_name for each in msgspec.structs.fields(wanted)}
    return [f"takes {given.name} as {wanted.__name__}, which has no {name!r}" for name in sorted(lost)]
