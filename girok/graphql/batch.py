"""Batches: all parents of one field that become known in one turn of the loop go into one call of its resolver."""

import asyncio
from collections.abc import Sequence
from typing import Any

from graphql import FieldNode

from girok.graphql.arguments import Convert
from girok.graphql.part import Context, FieldResolver

__all__ = ["Batches"]


class _Batch:
    """One call to come."""

    __slots__ = ("answers", "parents", "resolver", "values")

    def __init__(self, resolver: FieldResolver, values: dict[str, Any]) -> None:
        self.resolver = resolver
        self.values = values
        self.parents: list[Any] = []
        self.answers: list[asyncio.Future[Any]] = []

    def check(self, answers: Sequence[Any]) -> None:
        """Raises ValueError when there is not one answer for each parent."""
        if len(answers) != len(self.parents):
            name = getattr(self.resolver, "__qualname__", "a resolver")
            raise ValueError(f"{name} gave {len(answers)} answers for {len(self.parents)} objects")

    def tell(self, answers: Sequence[Any]) -> None:
        """Give each parent its answer. graphql-core raises an answer that is an exception, for that element alone."""
        for future, answer in zip(self.answers, answers, strict=True):
            if not future.done():  # its operation may have been given up
                future.set_result(answer)


class Batches:
    """The batches of one operation, and the context that its resolvers share.

    Objects of one level become known in the same turn: their parents were told together. A field is known by its place
    in the document, so its arguments are the same for all its parents.
    """

    __slots__ = ("_loop", "_running", "_waiting", "context")

    def __init__(self, context: Context) -> None:
        self.context = context
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[tuple[FieldResolver, int], _Batch] = {}
        self._running: set[asyncio.Task[None]] = set()

    def load(
        self, resolver: FieldResolver, node: FieldNode, parent: Any, values: dict[str, Any], convert: Convert | None
    ) -> asyncio.Future[Any]:
        """What `resolver` will answer for `parent` at the field that `node` is the first mention of.

        `convert` makes its keywords of the arguments' values. Raises what `convert` raises.
        """
        key = (resolver, id(node))
        batch = self._waiting.get(key)
        if batch is None:
            batch = self._waiting[key] = _Batch(resolver, convert(values) if convert else values)
            self._loop.call_soon(self._start, key)
        future: asyncio.Future[Any] = self._loop.create_future()
        batch.parents.append(parent)
        batch.answers.append(future)
        return future

    def _start(self, key: tuple[FieldResolver, int]) -> None:
        task = self._loop.create_task(self._answer(self._waiting.pop(key)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(self, batch: _Batch) -> None:
        try:
            answers = await batch.resolver(self.context, batch.parents, **batch.values)
            batch.check(answers)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer for each of the parents
            answers = [error] * len(batch.parents)
        batch.tell(answers)
