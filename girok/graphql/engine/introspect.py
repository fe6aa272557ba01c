"""`__schema` and `__type`: what the schema says of itself is graphql-core's to answer, a field at a time."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# graphql-core leaves the type arguments of its own types open.

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    execute_sync,
)

__all__ = ["Introspect", "introspection"]

Introspect = Callable[[Mapping[str, Any] | None], ExecutionResult]


def introspection(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    nodes: Sequence[FieldNode],
) -> Introspect:
    """What answers `nodes`, all mentions of one field at the root: from the request's variables to the result."""
    alone = OperationDefinitionNode(
        operation=operation.operation,
        variable_definitions=operation.variable_definitions,
        directives=(),
        selection_set=SelectionSetNode(selections=tuple(nodes)),
    )
    document = DocumentNode(definitions=(alone, *fragments.values()))

    def introspect(variables: Mapping[str, Any] | None) -> ExecutionResult:
        return execute_sync(schema, document, variable_values=dict(variables or {}))

    return introspect
