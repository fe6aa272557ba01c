"""Any operation on any schema and data is answered as graphql-core answers it: data, its order, errors and theirs."""

import asyncio
import json
from random import Random
from typing import Any

import pytest
from graphql import (
    GraphQLError,
    GraphQLSchema,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    build_schema,
    execute_sync,
    parse,
    specified_rules,
    validate,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from girok.graphql import scalars
from girok.graphql.engine.operation import Plans, operations
from girok.graphql.engine.run import Call, execute
from girok.graphql.part import Context
from girok.graphql.schema import assemble
from girok.port import Ports
from tests.budget import share
from tests.kernel.graphql.worlds import World, Written, operation, world

RULES = [each for each in specified_rules if each not in (NoUnusedFragmentsRule, NoUnusedVariablesRule)]


def _told(data: Any, errors: list[GraphQLError] | None) -> tuple[str, list[Any]]:
    return json.dumps(data, default=repr), [(each.message, each.path, each.locations) for each in errors or ()]


def _by_graphql_core(world: World, written: Written, log: list[str]) -> tuple[str, list[Any]]:
    schema = build_schema(scalars.SDL + world.sdl)
    scalars.adopt(schema.type_map)

    def resolve(source: Any, info: Any, **arguments: Any) -> Any:
        if source is world.root:
            log.append(info.field_name)
        given = {name: value for name, value in arguments.items() if value is not None}
        return world.value(info.parent_type.name, info.field_name, source, given)

    found = execute_sync(
        schema,
        parse(written.text),
        world.root,
        variable_values=written.variables,
        field_resolver=resolve,
        type_resolver=lambda value, *_: world.type_of(value),
    )
    return _told(found.data, found.errors)


async def _by_ours(schema: GraphQLSchema, written: Written) -> list[tuple[str, list[Any]]]:
    """The answer of a plan that is new, and the one of the same plan compiled."""
    document = parse(written.text)
    assert validate(schema, document, RULES) == []
    (only,) = operations(schema, document)
    variables = only.variables.coerce(written.variables)
    if isinstance(variables, list):
        return [_told(None, variables)] * 2
    plans, call = Plans(schema), Call(Context(Ports()), variables, written.variables)
    return [_told(*await execute(plans.plan(only, variables), call)) for _ in range(2)]


# A seed tells nothing when it is made smaller; it makes the same world again.
SEEDS = st.integers(min_value=0, max_value=2**64)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@given(SEEDS)
@settings(max_examples=6, deadline=None, phases=PHASES)
def test_the_answer_is_graphql_cores(seed: int) -> None:
    _check(seed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@given(SEEDS)
@settings(max_examples=share(1_000), deadline=None, phases=PHASES)
def test_the_answer_is_graphql_cores_a_thousand_times(seed: int) -> None:
    _check(seed)


def _check(seed: int) -> None:
    random = Random(seed)
    made = world(random)
    ran: list[str] = []
    schema = assemble([made.part(ran)])
    for _ in range(3):
        written = operation(random, made)
        expected_ran: list[str] = []
        expected = _by_graphql_core(made, written, expected_ran)
        ran.clear()
        assert asyncio.run(_by_ours(schema, written)) == [expected] * 2, written
        if written.text.startswith("mutation"):
            assert ran == expected_ran * 2
