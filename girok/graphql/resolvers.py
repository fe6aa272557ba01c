"""Puts the resolvers of the parts, which know nothing of graphql-core, into a field of its schema."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeAlias

from graphql import GraphQLField, GraphQLResolveInfo

from girok.graphql.arguments import convert_for
from girok.graphql.batch import Batches
from girok.graphql.names import snake

__all__ = ["attach"]

Resolver = Callable[..., Any]
Info: TypeAlias = GraphQLResolveInfo[Batches]


def attach(field: GraphQLField, name: str, resolver: Resolver | None, *, root: bool) -> None:
    """Resolve `field`, called `name`: by `resolver`, batched unless it is a root's, else as an attribute."""
    for argument_name, argument in field.args.items():
        argument.out_name = snake(argument_name)
    if resolver is None:
        field.resolve = _attribute(snake(name))
    else:
        field.resolve = (_root if root else _batched)(resolver, field)


def _attribute(name: str) -> Resolver:
    get = attrgetter(name)

    def resolve(source: Any, _info: Info) -> Any:
        return get(source)

    return resolve


def _root(resolver: Resolver, field: GraphQLField) -> Resolver:
    convert = convert_for(resolver, field.args)

    def resolve(_source: Any, info: Info, **values: Any) -> Any:
        return resolver(info.context.context, **(convert(values) if convert else values))

    return resolve


def _batched(resolver: Resolver, field: GraphQLField) -> Resolver:
    convert = convert_for(resolver, field.args)

    def resolve(source: Any, info: Info, **values: Any) -> Any:
        return info.context.load(resolver, info.field_nodes[0], source, values, convert)

    return resolve
