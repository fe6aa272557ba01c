"""Runs operations against the schema of all parts.

    engine = Engine(parts)
    operation = engine.prepare(text, operation_name)
    answer = await engine.run(operation, variables, Context(ports))

Roots of a query run side by side, those of a mutation one after another in the caller's own task, so that a context
variable that one sets holds for the next. Fields of objects are batched (`batch.py`). graphql-core executes; a plan
compiled for each document is to take its place behind the same three calls.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# graphql-core leaves the type arguments of its own types open.

import asyncio
from collections.abc import Iterable
from inspect import isawaitable
from types import CoroutineType
from typing import Any, NamedTuple, TypeGuard, cast

from graphql import ExecutionResult, Executor

from girok.errors import InvalidInput
from girok.graphql.batch import Batches
from girok.graphql.documents import Documents, Operation
from girok.graphql.errors import Formatted, formatted, invalid
from girok.graphql.limits import Limits
from girok.graphql.part import Context, Part
from girok.graphql.schema import assemble, print_sdl

__all__ = ["Answer", "Engine"]

_AWAITABLE = (asyncio.Future, CoroutineType)
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

    @property
    def sdl(self) -> str:
        """The schema as text, always the same for the same parts."""
        return print_sdl(self.schema)

    def prepare(self, text: str, operation_name: str | None = None) -> Operation:
        """The operation of a document, from the cache when it was seen before. Raises OperationRefused."""
        return self._documents.operation(text, operation_name)

    async def run(self, operation: Operation, variables: dict[str, Any] | None, context: Context) -> Answer:
        """Run it. Raises OperationRefused when the variables are wrong; errors of fields are in the answer."""
        executor = Executor.build(
            self.schema,
            operation.document,
            context_value=Batches(context),
            raw_variable_values=variables,
            operation_name=operation.name,
            is_awaitable=_is_awaitable,
            is_async_iterable=_is_async_iterable,
        )
        if isinstance(executor, list):
            raise invalid(executor, InvalidInput)
        result: Any = executor.execute_operation()
        result = cast("ExecutionResult", await result if isawaitable(result) else result)
        return Answer(result.data, formatted(result.errors) if result.errors else [])


def _is_awaitable(value: object) -> TypeGuard[Any]:
    return isinstance(value, _AWAITABLE)


def _is_async_iterable(_value: object) -> TypeGuard[Any]:
    return False
