"""Runs a plan: asks resolvers as soon as all their parents are known, opens what they gave, and makes the answer.

Each field of the plan is asked for once. Fields that become known in one turn and ask the same of the same resolver
are one call. Where only one call is to be made it runs in the caller's own task, so that a context variable that a
mutation sets holds for the next; several run in tasks of their own.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphql import GraphQLError
from graphql.execution.values import VariableValues

from girok.graphql.engine import careful
from girok.graphql.engine.columns import Column, Objects, Opening, as_lists
from girok.graphql.engine.deadline import within
from girok.graphql.engine.plan import Field, Found, Plan, Take
from girok.graphql.engine.project import complete, open_all, project_root
from girok.graphql.part import Context
from girok.graphql.resolvers import Resolver
from girok.port import DeadlineExceeded

__all__ = ["Call", "execute"]

Given = tuple[dict[str, Any] | None, list[GraphQLError]]
Group = list[tuple[Field, list[Any]]]
"""Fields that one call answers, and the objects of each."""
_LAST_WORD = 1.0
"""Seconds that resolvers which were cancelled have to end."""


class Call(NamedTuple):
    """What one run of a plan has to do with: `variables` coerced, and `raw` as the request had them."""

    context: Context
    variables: VariableValues
    raw: Mapping[str, Any] | None = None
    seconds: float | None = None
    """What has not answered by then is answered with DeadlineExceeded."""


async def execute(plan: Plan, call: Call) -> Given:
    """The data and the errors. Raises nothing of what a resolver may raise."""
    run = _Run(call, is_quick=not plan.is_new)
    try:
        await within(call.seconds, run.operation(plan))
    except TimeoutError:
        return run.carefully(plan, DeadlineExceeded())
    if plan.is_new:
        return run.carefully(plan, NotRun())
    try:
        return run.quickly(plan), []
    except Exception:  # noqa: BLE001 - what is wrong, and where, the careful way finds
        return run.carefully(plan, NotRun())


class NotRun(Exception):
    """A mutation after one that left no data."""


class _Run:
    """The answers of one operation: each field's, for each of its objects in the order of the answer."""

    __slots__ = ("_answers", "_call", "_is_quick", "_waiting")

    def __init__(self, call: Call, *, is_quick: bool) -> None:
        self._call = call
        self._is_quick = is_quick
        self._answers: dict[Field, list[Any]] = {}
        self._waiting: Found = {}

    async def operation(self, plan: Plan) -> None:
        """Ask for everything there is to ask for."""
        roots = [each for each in plan.root.fields if not each.constant]
        for field in roots:
            if field.introspect is not None:
                self._answers[field] = [field.introspect(self._call.raw)]
                continue
            self._waiting[field] = [None]
            if plan.is_mutation:
                await self._ask_all()
                if field.kind.required and field is not roots[-1] and self._has_failed(field):
                    return  # there is no data any more: what follows is not run, and not told of
        await self._ask_all()

    def quickly(self, plan: Plan) -> dict[str, Any]:
        """The data, where all is as it should be. Raises where it is not."""
        take: Take = {}
        for field, answers in reversed(self._answers.items()):
            completed = answers if field.below is None else complete(field, answers, take)
            take[field] = iter(completed).__next__
        return project_root(plan.root, take)

    def carefully(self, plan: Plan, missing: Exception) -> Given:
        """The data and the errors, whatever there is; what has no answer has failed with `missing`."""
        opening = Opening(self._answers)
        root = Objects(plan.root, [None])
        opening.objects(root)
        for column in opening.waiting:
            column.values = [missing] * len(column.parents)
            opening.column(column)
        return careful.answer(root)

    async def _ask_all(self) -> None:
        """Ask until nothing is waiting."""
        while self._waiting:
            groups = self._groups()
            if len(groups) > 1:
                await self._ask_side_by_side(groups)
            elif groups:
                self._open(groups[0], await self._ask(groups[0]))

    async def _ask_side_by_side(self, groups: Sequence[Group]) -> None:
        """Ask until nothing is waiting, as soon as the objects of a field are known."""
        asked: dict[asyncio.Task[list[Any]], Group] = {}
        try:
            while True:
                asked.update({asyncio.create_task(self._ask(group)): group for group in groups})
                if not asked:
                    return
                done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                for task in [each for each in asked if each in done]:
                    self._open(asked.pop(task), task.result())
                groups = self._groups()
        finally:
            if asked:
                for task in asked:
                    task.cancel()
                await asyncio.wait(asked, timeout=_LAST_WORD)

    def _groups(self) -> list[Group]:
        """The calls to make for what is waiting, which then is not any more."""
        waiting, self._waiting = self._waiting, {}
        if len(waiting) == 1:
            return [[each] for each in waiting.items() if each[1]]
        groups: dict[object, Group] = {}
        for field, parents in waiting.items():
            if not parents:
                continue
            resolver = _resolver(field)
            key = field if resolver.is_root else (resolver.function, field.merge)
            groups.setdefault(key, []).append((field, parents))
        return list(groups.values())

    async def _ask(self, group: Group) -> list[Any]:
        """One call of a resolver: an answer for each parent. Whatever it raises is the answer for all of them."""
        field, parents = group[0]
        if len(group) > 1:
            parents = [each for _, parents in group for each in parents]
        resolver = _resolver(field)
        try:
            keywords = field.arguments(self._call.variables) if field.arguments is not None else {}
            if resolver.is_root:
                return [await resolver.function(self._call.context, **keywords)]
            answers: Sequence[Any] = await resolver.function(self._call.context, parents, **keywords)
            return _checked(answers, parents, resolver)
        except Exception as error:  # noqa: BLE001 - the boundary of what parts may raise
            return [error] * len(parents)
        except asyncio.CancelledError as error:
            if _is_being_cancelled():
                raise
            cut = RuntimeError("what a resolver waited for was cancelled")
            cut.__cause__ = error
            return [cut] * len(parents)

    def _open(self, group: Group, answers: list[Any]) -> None:
        """Give each field of the group its answers, and find what waits for them."""
        begin = 0
        for field, parents in group:
            self._answers[field] = own = answers[begin : begin + len(parents)] if len(group) > 1 else answers
            begin += len(parents)
            if field.below is not None and field.below.opens:
                self._waiting.update(self._found(field, parents, own))

    def _found(self, field: Field, parents: list[Any], answers: list[Any]) -> Found:
        """The objects in a field's answers that resolvers wait for."""
        if self._is_quick:
            found: Found = defaultdict(list)
            try:
                open_all(field, answers, found)
            except Exception:  # noqa: BLE001, S110 - something is not as it should be; what is, is found all the same
                pass
            else:
                return found
        self._answers[field] = answers = [as_lists(each, field.kind, field.name) for each in answers]
        opening = Opening({})
        opening.column(Column(field, parents, answers))
        return {each.field: each.parents for each in opening.waiting}

    def _has_failed(self, field: Field) -> bool:
        """Whether the value of a root is null, which it must not be."""
        column = Column(field, [None], self._answers[field])
        Opening(self._answers).column(column)
        return careful.outcomes(column)[0].failed


def _checked(answers: Sequence[Any], parents: Sequence[Any], resolver: Resolver) -> list[Any]:
    """The answers. Raises ValueError when there is not one for each parent."""
    if len(answers) != len(parents):
        name = getattr(resolver.function, "__qualname__", "a resolver")
        raise ValueError(f"{name} gave {len(answers)} answers for {len(parents)} objects")
    return list(answers)


def _resolver(field: Field) -> Resolver:
    assert field.resolver is not None, "only fields with a resolver wait"
    return field.resolver


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
