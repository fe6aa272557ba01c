"""Runs operations against the schema of all parts.

    engine = Engine(parts)
    operation = engine.prepare(text, operation_name)
    answer = await engine.run(operation, variables, Context(ports))

Roots of a query run side by side, those of a mutation one after another in the caller's own task, so that a context
variable that one sets holds for the next. How, `engine/` says.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from girok.errors import InvalidInput
from girok.graphql.documents import Documents
from girok.graphql.engine.operation import Operation, Plans
from girok.graphql.engine.run import Call, execute
from girok.graphql.errors import Formatted, formatted, invalid
from girok.graphql.limits import Limits
from girok.graphql.part import Context, Part
from girok.graphql.schema import assemble, print_sdl

__all__ = ["Answer", "Engine"]

_DEFAULT_LIMITS = Limits()


class Answer(NamedTuple):
    """What an operation that ran gave."""

    data: dict[str, Any] | None
    errors: list[Formatted]


class Engine:
    """The schema and what runs on it."""

    def __init__(self, parts: Iterable[Part], limits: Limits = _DEFAULT_LIMITS) -> None:
        """Raises SchemaError when the parts do not fit together."""
        self.schema = assemble(parts)
        self._documents = Documents(self.schema, limits)
        self._plans = Plans(self.schema)
        self._seconds = limits.seconds

    @property
    def sdl(self) -> str:
        """The schema as text, always the same for the same parts."""
        return print_sdl(self.schema)

    def prepare(self, text: str, operation_name: str | None = None) -> Operation:
        """The operation of a document, from the cache when it was seen before. Raises OperationRefused."""
        return self._documents.operation(text, operation_name)

    async def run(self, operation: Operation, variables: Mapping[str, Any] | None, context: Context) -> Answer:
        """Run it. Raises OperationRefused when the variables are wrong; errors of fields are in the answer."""
        coerced = operation.variables.coerce(variables)
        if isinstance(coerced, list):
            raise invalid(coerced, InvalidInput)
        plan = self._plans.plan(operation, coerced)
        data, errors = await execute(plan, Call(context, coerced, variables, self._seconds))
        return Answer(data, formatted(errors) if errors else [])
