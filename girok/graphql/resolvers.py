"""What answers a field, written at the field of graphql-core's schema: its `extensions` are there for that."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# graphql-core leaves the type arguments of its own types open.

from collections.abc import Callable
from typing import Any, NamedTuple

from graphql import GraphQLField, GraphQLInterfaceType, GraphQLUnionType

from girok.graphql.arguments import Convert, convert_for
from girok.graphql.names import snake

__all__ = ["Resolver", "attach", "attach_type_of", "resolver_of", "type_of"]

TypeOf = Callable[[Any], Any]
_RESOLVER, _TYPE_OF = "girok.resolver", "girok.type_of"


class Resolver(NamedTuple):
    """A function of a part. `convert` makes its keywords of the arguments; None when they are good as they come.

    A root's gets the context and gives one value; any other gets the objects too, and gives one for each.
    """

    function: Callable[..., Any]
    convert: Convert | None
    is_root: bool


def attach(field: GraphQLField, function: Callable[..., Any] | None, *, root: bool) -> None:
    """Let `function` answer the field; without one it is an attribute."""
    for name, argument in field.args.items():
        argument.out_name = snake(name)
    if function is not None:
        field.extensions[_RESOLVER] = Resolver(function, convert_for(function, field.args), root)


def resolver_of(field: GraphQLField) -> Resolver | None:
    """What was attached."""
    return field.extensions.get(_RESOLVER)


def attach_type_of(kind: GraphQLInterfaceType | GraphQLUnionType, function: TypeOf) -> None:
    """Let `function` tell the name of an object's type."""
    kind.extensions[_TYPE_OF] = function


def type_of(kind: GraphQLInterfaceType | GraphQLUnionType) -> TypeOf | None:
    """What was attached."""
    return kind.extensions.get(_TYPE_OF)
