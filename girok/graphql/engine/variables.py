"""The variables of an operation. What is plainly right is taken as it comes; anything else is graphql-core's to say."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# graphql-core leaves the type arguments of its own types open.

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

__all__ = ["Variables"]

_MOST_ERRORS = 50
_PLAIN: dict[str, type] = {"String": str, "ID": str, "Boolean": bool, "Int": int}
_NONE = VariableValues({}, {})


class _Variable(NamedTuple):
    signature: GraphQLVariableSignature
    required: bool
    plain: type | None
    """The type of values that are good as they come; None where there is no such type."""
    absent: VariableValueSource
    default: Any

    def take(self, given: Mapping[str, Any], values: VariableValues) -> bool:
        """Take its value over into `values`; False where that needs a closer look."""
        name = self.signature.name
        value = given.get(name, Undefined)
        if value is Undefined:
            values.sources[name] = self.absent
            if self.default is not Undefined:
                values.coerced[name] = self.default
            return self.default is not Undefined or (not self.required and self.signature.default is None)
        if type(value) is self.plain:
            if self.plain is int and not GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT:
                return False
        elif value is not None or self.required:
            return False
        values.sources[name] = VariableValueSource(self.signature, value)
        values.coerced[name] = value
        return True


class Variables:
    """What an operation declares."""

    def __init__(self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> None:
        self._schema = schema
        self._definitions = definitions
        self._variables = [_variable(schema, each) for each in definitions]

    def coerce(self, given: Mapping[str, Any] | None) -> VariableValues | list[GraphQLError]:
        """The values of a request, or everything that is wrong with them."""
        if not self._variables:
            return _NONE
        given = given or {}
        values = VariableValues({}, {})
        if all(each.take(given, values) for each in self._variables):
            return values
        return get_variable_values(self._schema, self._definitions, dict(given), max_errors=_MOST_ERRORS)


def _variable(schema: GraphQLSchema, definition: VariableDefinitionNode) -> _Variable:
    signature = get_variable_signature(schema, definition)
    assert not isinstance(signature, GraphQLError), "validation refuses what is no input type"
    kind: GraphQLInputType = signature.type
    required = is_non_null_type(kind)
    plain = _PLAIN.get(str(kind).removesuffix("!"))
    default: Any = Undefined
    if plain is not None and signature.default is not None:  # of others, each request gets one of its own
        found = get_variable_values(schema, [definition], {})
        default = Undefined if isinstance(found, list) else found.coerced[signature.name]
    return _Variable(signature, required, plain, VariableValueSource(signature), default)
