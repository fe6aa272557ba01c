"""From an operation to its plan. Which fields a selection has on a type, graphql-core says: once for each place."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownParameterType=false
# graphql-core leaves the type arguments of its own types open.

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLCompositeType,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    print_ast,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.executor import Executor
from graphql.execution.values import VariableValues, get_argument_values

from girok.graphql.engine.introspect import introspection
from girok.graphql.engine.plan import Arguments, Below, Field, Kind, Leaf, Plan, Position
from girok.graphql.names import snake
from girok.graphql.resolvers import Resolver, resolver_of, type_of

__all__ = ["compile_plan"]

Fragments = Mapping[str, FragmentDefinitionNode]
Details = list[FieldDetails]
_IMMUTABLE = (str, int, float, bool, date, type(None))
_NO_VARIABLES = VariableValues({}, {})


def compile_plan(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments, switches: VariableValues
) -> Plan:
    """The plan of a valid operation; `switches` has the variables of its `@skip` and `@include`."""
    compilation = _Compilation(schema, operation, fragments, switches)
    is_mutation = operation.operation == OperationType.MUTATION
    return Plan(compilation.root(), compilation.size, is_mutation=is_mutation)


class _Compilation:
    """Makes the positions of one plan: the root's at once, those below when they are first needed."""

    def __init__(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments, switches: VariableValues
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = fragments
        self._details = {name: FragmentDetails(each) for name, each in fragments.items()}
        self._switches = switches
        self._size = 0

    def size(self) -> int:
        """How many fields were compiled so far."""
        return self._size

    def root(self) -> Position:
        kind = self._schema.get_root_type(self._operation.operation)
        assert kind is not None, "validation refuses operations that the schema has no type for"
        collect = partial(collect_fields, self._schema, self._details, self._switches, kind, self._operation)
        return self._position(kind, collect)

    def _below(self, within: GraphQLCompositeType, details: Details, field: str, type_name: object) -> Position:
        kind = _object_type(self._schema, within, field, type_name)
        arguments = (self._schema, self._details, self._switches, self._operation, kind, details)
        return self._position(kind, partial(collect_subfields, *arguments))

    def _position(self, kind: GraphQLObjectType, collect: Callable[[], Any]) -> Position:
        try:
            grouped: Mapping[str, Details] = collect().grouped_field_set
        except GraphQLError as error:
            position = Position(kind.name, (), error)
        else:
            position = Position(kind.name, [self._field(kind, key, each) for key, each in grouped.items()])
        self._size += 1 + len(position.fields)
        return position

    def _field(self, parent: GraphQLObjectType, key: str, details: Details) -> Field:
        nodes = [each.node for each in details]
        name = nodes[0].name.value
        definition = self._schema.get_field(parent, name)
        assert definition is not None, "validation refuses unknown fields"
        field = Field(key, f"{parent.name}.{name}", _kind(definition.type), nodes)
        if name == "__typename":
            field.constant = parent.name
        elif name.startswith("__"):
            field.introspect = introspection(self._schema, self._operation, self._fragments, nodes)
        else:
            self._answered(field, name, definition, details)
        return field

    def _answered(self, field: Field, name: str, definition: GraphQLField, details: Details) -> None:
        """Say what answers the field, and what is below."""
        resolver = resolver_of(definition)
        if resolver is None:
            field.attribute = snake(name)
        else:
            field.resolver = resolver
            field.merge = ", ".join(print_ast(each) for each in details[0].node.arguments or ())
            field.arguments = _arguments(definition, details[0].node, resolver, has_variables="$" in field.merge)
        named = get_named_type(definition.type)
        if is_composite_type(named):
            compile_one = partial(self._below, named, details, field.name)
            field.below = Below(compile_one, named.name, type_of(named) if is_abstract_type(named) else None)


def _kind(kind: GraphQLOutputType) -> Kind:
    if is_non_null_type(kind):
        return _kind(kind.of_type)._replace(required=True)
    if is_list_type(kind):
        return Kind(required=False, item=_kind(kind.of_type))
    return Kind(required=False, leaf=_leaf(kind) if is_leaf_type(kind) else None)


def _leaf(kind: GraphQLLeafType) -> Leaf:
    names: frozenset[str] = frozenset()
    if isinstance(kind, GraphQLEnumType):
        names = frozenset(name for name, each in kind.values.items() if each.value == name)
    return Leaf(kind.name, partial(Executor.complete_leaf_value, kind), kind.coerce_output_value, names)


def _object_type(
    schema: GraphQLSchema, within: GraphQLCompositeType, field: str, type_name: object
) -> GraphQLObjectType:
    """The object type that an object of `within` was said to have. Raises TypeError."""
    what = f"Abstract type '{within.name}'"
    if not isinstance(type_name, str):
        raise TypeError(f"{what} must resolve to an Object type at runtime for field '{field}', not {type_name!r}.")
    found = schema.get_type(type_name)
    if found is None:
        raise TypeError(f"{what} was resolved to a type '{type_name}' that does not exist inside the schema.")
    if not is_object_type(found):
        raise TypeError(f"{what} was resolved to a non-object type '{type_name}'.")
    if is_abstract_type(within) and not schema.is_sub_type(within, found):
        raise TypeError(f"Runtime Object type '{type_name}' is not a possible type for '{within.name}'.")
    return found


def _arguments(
    definition: GraphQLField, node: FieldNode, resolver: Resolver, *, has_variables: bool
) -> Arguments | None:
    """What gives the keywords of the resolver, made once where they are always the same. Raises as those do."""
    if not definition.args:
        return None
    convert = resolver.convert

    def make(variables: VariableValues) -> dict[str, Any]:
        values = get_argument_values(definition, node, variables)
        return convert(values) if convert else values

    if has_variables:
        return make
    try:
        always = make(_NO_VARIABLES)
    except Exception:  # noqa: BLE001 - whatever it is, every object of every request is told
        return make
    return (lambda _: always) if _are_immutable(always.values()) else make


def _are_immutable(values: Iterable[object]) -> bool:
    return all(isinstance(each, _IMMUTABLE) for each in values)
