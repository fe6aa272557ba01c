"""Which Structs stand behind the object types of a schema, as far as annotations tell.

A root resolver that is annotated to give a `TimelineResponse` says what `PostConnection` is; its `edges` say what a
`PostEdge` is, and so on down. Where that is known, a field without a resolver must be an attribute.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# graphql-core leaves the type arguments of its own types open.

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args, get_type_hints

import msgspec
from graphql import GraphQLNamedType, GraphQLObjectType, GraphQLSchema, get_named_type

from girok.graphql.names import snake

__all__ = ["missing_attributes"]

Resolvers = Mapping[tuple[str, str], Callable[..., Any]]


def missing_attributes(schema: GraphQLSchema, resolvers: Resolvers) -> list[str]:
    """A sentence for each field that has neither a resolver nor an attribute."""
    found: list[str] = []
    seen: set[tuple[str, type]] = set()
    waiting = [
        (_type_of(parent, field), struct)
        for (type_name, field), resolver in resolvers.items()
        if isinstance(parent := schema.type_map.get(type_name), GraphQLObjectType) and field in parent.fields
        for struct in _structs(get_type_hints(resolver).get("return"))
    ]
    while waiting:
        kind, struct = waiting.pop()
        if not isinstance(kind, GraphQLObjectType) or (kind.name, struct) in seen:
            continue
        seen.add((kind.name, struct))
        hints = get_type_hints(struct)
        for name in (each for each in kind.fields if (kind.name, each) not in resolvers):
            if not hasattr(struct, snake(name)):
                found.append(f"{kind.name}.{name} has no resolver, and {struct.__name__} no {snake(name)!r}")
            waiting += [(_type_of(kind, name), each) for each in _structs(hints.get(snake(name)))]
    return found


def _type_of(kind: GraphQLObjectType, field: str) -> GraphQLNamedType:
    return get_named_type(kind.fields[field].type)


def _structs(annotation: Any) -> Iterator[type[msgspec.Struct]]:
    """The Structs in an annotation: `Sequence[Post | NotFound]` has one."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield annotation
    for each in get_args(annotation):
        yield from _structs(each)
