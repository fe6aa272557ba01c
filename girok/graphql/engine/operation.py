"""Operations of valid documents, and the plans that are kept of them."""

from collections import OrderedDict
from collections.abc import Iterable

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLIncludeDirective,
    GraphQLSchema,
    GraphQLSkipDirective,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues

from girok.graphql.engine.compile import compile_plan
from girok.graphql.engine.plan import Plan
from girok.graphql.engine.variables import Variables

__all__ = ["Operation", "Plans", "operations"]


class Operation:
    """One operation of a document that is valid. `name` is None where it has none."""

    __slots__ = ("definition", "fragments", "is_mutation", "name", "switches", "variables")

    def __init__(
        self,
        schema: GraphQLSchema,
        definition: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        switches: tuple[str, ...],
    ) -> None:
        self.definition = definition
        self.fragments = fragments
        self.name = definition.name.value if definition.name else None
        self.is_mutation = definition.operation == OperationType.MUTATION
        self.variables = Variables(schema, definition.variable_definitions or ())
        self.switches = switches
        """The variables that decide which fields there are."""


class Plans:
    """The plans that were used last, of a bounded number of fields together: one takes 1 to 3 KB.

    An operation has a plan for each set of values of its switches.
    """

    def __init__(self, schema: GraphQLSchema, *, most_fields: int = 20_000) -> None:
        self._schema = schema
        self._most_fields = most_fields
        self._known: OrderedDict[tuple[Operation, tuple[object, ...]], Plan] = OrderedDict()

    def __len__(self) -> int:
        """How many plans are kept."""
        return len(self._known)

    def plan(self, operation: Operation, variables: VariableValues) -> Plan:
        """The plan of an operation with these variables, from the cache when it was used before."""
        coerced = variables.coerced
        key = (operation, tuple(coerced.get(each, Undefined) for each in operation.switches))
        plan = self._known.get(key)
        if plan is None:
            switches = _only(operation.switches, variables)
            plan = compile_plan(self._schema, operation.definition, operation.fragments, switches)
            self._known[key] = plan
            self._drop()
        else:
            plan.used()
            self._known.move_to_end(key)
        return plan

    def _drop(self) -> None:
        """Plans grow with the types of objects that come, so all are counted anew."""
        fields = sum(each.size() for each in self._known.values())
        while fields > self._most_fields and len(self._known) > 1:
            _, dropped = self._known.popitem(last=False)
            fields -= dropped.size()


def operations(schema: GraphQLSchema, document: DocumentNode) -> list[Operation]:
    """All operations of a valid document."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    found = _Switches()
    visit(document, found)
    switches = tuple(sorted(found.names))
    return [
        Operation(schema, each, fragments, switches)
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
    ]


class _Switches(Visitor):
    """Finds the variables in `@skip` and `@include`."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        if node.name.value in (GraphQLSkipDirective.name, GraphQLIncludeDirective.name):
            values = (each.value for each in node.arguments or ())
            self.names.update(each.name.value for each in values if isinstance(each, VariableNode))


def _only(names: Iterable[str], variables: VariableValues) -> VariableValues:
    """These variables alone: a plan must not keep what else a request was given."""
    sources, coerced = variables.sources, variables.coerced
    return VariableValues(
        {name: sources[name] for name in names if name in sources},
        {name: coerced[name] for name in names if name in coerced},
    )
