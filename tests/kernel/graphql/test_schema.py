"""The schema of all parts: what they add to one another, and what is found at the start."""

# ruff: noqa: A002 - arguments have the names that the schema gives them

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from girok.graphql.part import Context, Part
from girok.graphql.schema import SchemaError, assemble, print_sdl
from tests.kernel.graphql.library import parts


class Thing(msgspec.Struct, frozen=True):
    id: str
    other_name: str = ""


class ThingInput(msgspec.Struct, frozen=True):
    long_name: str


async def a_thing(context: Context) -> Thing:
    return Thing("1")


async def by_id(context: Context, *, id: str) -> Thing | None:
    return None


async def by_input(context: Context, *, input: ThingInput) -> Thing | None:
    return None


async def batched(context: Context, things: Sequence[Thing]) -> Sequence[str]:
    return ["" for _ in things]


def _problems(*parts: Part) -> str:
    with pytest.raises(SchemaError) as refused:
        assemble(parts)
    return str(refused.value)


def _part(sdl: str, **roots: Any) -> Part:
    part = Part(sdl)
    for name, resolver in roots.items():
        part.query(name)(resolver)
    return part


class TestTogether:
    def test_parts_add_to_roots_and_to_one_another(self) -> None:
        schema = assemble(parts())
        assert {"book", "author"} <= set(schema.query_type.fields if schema.query_type else ())
        assert "author: Author!" in print_sdl(schema)

    def test_the_text_does_not_depend_on_the_order_of_the_parts(self) -> None:
        books, authors = parts()
        assert print_sdl(assemble([books, authors])) == print_sdl(assemble([authors, books]))

    def test_the_text_keeps_descriptions(self) -> None:
        assert '"""Some books."""' in print_sdl(assemble(parts()))


class TestRefused:
    def test_a_resolver_for_a_field_that_does_not_exist(self) -> None:
        part = _part("type Query { thing: Thing } type Thing { id: ID! }", thing=a_thing, thnig=a_thing)
        part.field("Thing", "nmae")(batched)
        assert "Query.thnig, which the schema does not have" in _problems(part)
        assert "Thing.nmae, which the schema does not have" in _problems(part)

    def test_a_root_without_a_resolver(self) -> None:
        assert "Query.other has no resolver" in _problems(
            _part("type Query { thing: Thing other: Thing } type Thing { id: ID! }", thing=a_thing)
        )

    def test_a_field_that_the_struct_does_not_have(self) -> None:
        part = _part("type Query { thing: Thing } type Thing { id: ID! otherName: String size: Int }", thing=a_thing)
        assert "Thing.size has no resolver, and Thing no 'size'" in _problems(part)
        part.field("Thing", "size")(batched)
        assemble([part])

    def test_a_field_far_below_a_resolver(self) -> None:
        class Page(msgspec.Struct, frozen=True):
            things: tuple[Thing, ...]

        async def page(context: Context) -> Page | None:
            return None

        sdl = "type Query { page: Page } type Page { things: [Thing!]! } type Thing { id: ID! size: Int }"
        assert "Thing.size has no resolver" in _problems(_part(sdl, page=page))

    def test_a_field_with_arguments_and_without_a_resolver(self) -> None:
        sdl = "type Query { thing: Thing } type Thing { id(short: Boolean): ID! }"
        assert "Thing.id has no resolver" in _problems(_part(sdl, thing=a_thing))

    @pytest.mark.parametrize(
        ("field", "resolver", "problem"),
        [
            ("thing(id: ID!, first: Int): Thing", by_id, "does not take the argument 'first'"),
            ("thing: Thing", by_id, "takes 'id', which the schema does not have"),
            ("thing(id: ID): Thing", by_id, "has no default for 'id', which may be absent"),
            ("thing(input: In!): Thing", by_input, "takes In as ThingInput, which has no 'longName'"),
        ],
    )
    def test_arguments_that_do_not_fit(self, field: str, resolver: Any, problem: str) -> None:
        part = _part(f"type Query {{ {field} }} type Thing {{ id: ID! }} input In {{ longName: String! }}")
        part.query("thing")(resolver)
        assert problem in _problems(part)

    def test_a_field_with_two_resolvers(self) -> None:
        one = _part("type Query { thing: Thing } type Thing { id: ID! }", thing=a_thing)
        assert "Query.thing has 2 resolvers" in _problems(one, _part("scalar Other", thing=a_thing))

    @pytest.mark.parametrize(
        ("sdl", "problem"),
        [
            ("type Query { thing: Nothing }", "Unknown type 'Nothing'"),
            (
                "type Query { thing: Thing } type Thing { id: ID! } type Thing { id: ID! }",
                "only one type named 'Thing'",
            ),
            ("type Query { thing: Thing } extend type Thing { id: ID! }", "Cannot extend type 'Thing'"),
            (
                "type Query { thing: Thing } type Thing { id: ID! } extend type Thing { id: ID! }",
                "only be defined once",
            ),
            ("type Query { thing: }", "Syntax Error"),
            ("type Mutation { thing: Int }", "Query root type must be provided"),
            ("type Query { thing: Named } interface Named { id: ID! }", "Named is an interface or a union"),
        ],
    )
    def test_what_is_no_schema(self, sdl: str, problem: str) -> None:
        assert problem in _problems(_part(sdl, thing=a_thing))

    def test_everything_that_is_wrong_is_told_at_once(self) -> None:
        told = _problems(_part("type Query { a: Int b: Int }", c=a_thing))
        assert len(told.splitlines()) == 4
