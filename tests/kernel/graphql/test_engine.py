"""The engine: what it writes, what it asks, and what becomes of resolvers that fail, hang or answer oddly."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from girok.errors import Unavailable
from girok.graphql.engine.operation import Operation, Plans
from girok.graphql.engine.source import field_text
from girok.graphql.execute import Answer, Engine
from girok.graphql.limits import Limits
from girok.graphql.part import Context, Part
from girok.graphql.schema import SchemaError, assemble
from tests.kernel.graphql.library import run

SDL = """
type Query { things: [Thing!] thing: Thing number: Int owned: [Owned!]! }
type Mutation { first: Int! second: Int third: Int! }
interface Owned { id: ID! owner: User }
type Thing implements Owned { id: ID! size: Int tags: [String!] owner: User parts: [Thing!] }
type Song implements Owned { id: ID! title: String owner: User }
type User { name: String! friend: User }
"""


class User(msgspec.Struct, frozen=True):
    name: str


class Thing(msgspec.Struct, frozen=True):
    id: str
    size: int | None = 1
    tags: tuple[str, ...] | None = ("a", "b")


class Song(msgspec.Struct, frozen=True):
    id: str
    title: str | None = None


class Stage:
    """A part whose resolvers a test replaces; `calls` has the ids of the objects of each call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[Any]]] = []
        self.things: Any = [Thing("1"), Thing("2")]
        self.owned: Any = [Thing("1"), Song("2"), Thing("3")]
        self.part = Part(SDL)
        self.part.type_of("Owned")(lambda value: type(value).__name__)
        self.part.query("things")(self._things)
        self.part.query("thing")(self._thing)
        self.part.query("number")(self.number)
        self.part.query("owned")(self._owned)
        for name in ("first", "second", "third"):
            self.part.mutation(name)(self._mutation(name))
        for kind in ("Thing", "Song"):
            self.part.field(kind, "owner")(self.owner)
        self.part.field("Thing", "parts")(self.parts)
        self.part.field("User", "friend")(self.friend)

    async def _things(self, context: Context) -> Any:
        return self.things

    async def _thing(self, context: Context) -> Any:
        return Thing("1")

    async def _owned(self, context: Context) -> Any:
        return self.owned

    async def number(self, context: Context) -> Any:
        return 1

    async def owner(self, context: Context, things: Sequence[Any]) -> Sequence[Any]:
        self.calls.append(("owner", [each.id for each in things]))
        return [User(f"owner of {each.id}") for each in things]

    async def parts(self, context: Context, things: Sequence[Any]) -> Sequence[Any]:
        self.calls.append(("parts", [each.id for each in things]))
        return [[Thing(f"{each.id}a"), Thing(f"{each.id}b")] for each in things]

    async def friend(self, context: Context, users: Sequence[Any]) -> Sequence[Any]:
        self.calls.append(("friend", [each.name for each in users]))
        return [User(f"friend of {each.name}") for each in users]

    def _mutation(self, name: str) -> Any:
        async def mutation(context: Context) -> Any:
            self.calls.append((name, []))
            if name == "second":
                await asyncio.sleep(60)
            return None if name == "first" else 1

        return mutation

    async def ask(self, text: str, seconds: float = 5.0) -> Answer:
        """Run it as a plan that is new, and again as one that is compiled; both give the same."""
        engine = Engine([self.part], Limits(seconds=seconds))
        first = await run(engine, text)
        self.calls.clear()
        assert await run(engine, text) == first
        return first


class TestText:
    def test_a_projection_can_be_read(self) -> None:
        stage = Stage()
        schema = assemble([stage.part])
        operation = Engine([stage.part]).prepare("{ things { name: id tags owner { name } } }")
        variables = operation.variables.coerce(None)
        assert not isinstance(variables, list)
        (things,) = Plans(schema).plan(operation, variables).root.fields
        assert str(field_text(things)) == (
            "def complete(values, take):\n"
            "    take_owner = take.get(f1_owner)\n"
            "    l0 = []\n"
            "    for i0 in items(values):\n"
            "        if i0 is not None:\n"
            "            l1 = []\n"
            "            for i1 in items(i0):\n"
            "                if type(i1) not in plain: look_at(i1)\n"
            "                v_name = i1.id\n"
            "                if type(v_name) is not str: v_name = as_ID(v_name)\n"
            "                v_tags = i1.tags\n"
            "                if v_tags is not None:\n"
            "                    l2 = []\n"
            "                    for i2 in items(v_tags):\n"
            "                        if type(i2) is not str: i2 = as_String(i2)\n"
            "                        l2.append(i2)\n"
            "                    v_tags = l2\n"
            "                v_owner = take_owner()\n"
            "                i1 = {'name': v_name, 'tags': v_tags, 'owner': v_owner}\n"
            "                l1.append(i1)\n"
            "            i0 = l1\n"
            "        l0.append(i0)\n"
            "    values = l0\n"
            "    return values\n"
            "def open_all(values, found):\n"
            "    found_owner = found[f2_owner].append\n"
            "    for i0 in items(values):\n"
            "        if i0 is not None:\n"
            "            for i1 in items(i0):\n"
            "                if type(i1) not in plain: look_at(i1)\n"
            "                found_owner(i1)"
        )

    async def test_what_is_nested_as_deeply_as_allowed_runs(self) -> None:
        stage = Stage()
        stage.things = [Thing("1")]
        friends = 47
        text = "{ things { owner " + "{ friend " * friends + "{ name }" + " }" * friends + " } }"
        assert (await stage.ask(text)).errors == []
        assert [name for name, _ in stage.calls] == ["owner", *["friend"] * friends]

    async def test_so_does_what_has_no_resolver(self) -> None:
        class Box(msgspec.Struct, frozen=True):
            boxes: tuple[tuple[Any, ...], ...]

        part = Part("type Query { box: Box } type Box { boxes: [[Box]] }")

        @part.query("box")
        async def box(context: Context) -> Any:
            inner = Box(())
            for _ in range(47):
                inner = Box(((inner,),))
            return inner

        text = "{ box " + "{ boxes " * 48 + "{ __typename }" + " }" * 49
        answer = await run(Engine([part]), text)
        assert answer.errors == []
        assert str(answer.data).count("boxes") == 48


class TestCalls:
    async def test_what_two_places_ask_alike_is_one_call(self) -> None:
        stage = Stage()
        await stage.ask("{ a: things { owner { name } } b: things { parts { owner { name } } owner { name } } }")
        assert stage.calls == [
            ("owner", ["1", "2", "1", "2"]),
            ("parts", ["1", "2"]),
            ("owner", ["1a", "1b", "2a", "2b"]),
        ]

    async def test_nobody_is_asked_for_nothing(self) -> None:
        stage = Stage()
        stage.things = []
        assert (await stage.ask("{ things { owner { name } } }")).data == {"things": []}
        assert stage.calls == []

    async def test_what_is_known_is_asked_for_while_others_wait(self) -> None:
        stage = Stage()
        asked = asyncio.Event()

        @stage.part.query("number")
        async def number(context: Context) -> int:
            await asyncio.wait_for(asked.wait(), 5)
            return 2

        @stage.part.field("User", "friend")
        async def friend(context: Context, users: Sequence[User]) -> Sequence[User]:
            asked.set()
            return users

        answer = await stage.ask("{ number thing { owner { friend { name } } } }")
        assert answer.data == {"number": 2, "thing": {"owner": {"friend": {"name": "owner of 1"}}}}


class TestTypes:
    TEXT = "{ owned { __typename id owner { name } ... on Thing { size } ... on Song { title } } }"

    async def test_each_object_has_the_fields_of_its_type(self) -> None:
        stage = Stage()
        answer = await stage.ask(self.TEXT)
        assert answer.errors == []
        assert answer.data == {
            "owned": [
                {"__typename": "Thing", "id": "1", "owner": {"name": "owner of 1"}, "size": 1},
                {"__typename": "Song", "id": "2", "owner": {"name": "owner of 2"}, "title": None},
                {"__typename": "Thing", "id": "3", "owner": {"name": "owner of 3"}, "size": 1},
            ]
        }
        assert stage.calls == [("owner", ["1", "3", "2"])]

    async def test_an_object_of_no_possible_type_is_our_own_fault(self, caplog: pytest.LogCaptureFixture) -> None:
        stage = Stage()
        stage.owned = [Thing("1"), User("u")]
        answer = await stage.ask(self.TEXT)
        assert answer.data is None
        assert [(each["path"], each["extensions"]["code"]) for each in answer.errors] == [(["owned", 1], "INTERNAL")]
        assert "not a possible type" in caplog.text
        assert "User" not in str(answer.errors)

    def test_a_part_has_to_tell_types(self) -> None:
        stage = Stage()
        stage.part.types = {"Thing": lambda _: "Thing"}
        with pytest.raises(SchemaError) as refused:
            Engine([stage.part])
        assert "Owned is an interface or a union, and no part tells the type of its objects" in str(refused.value)
        assert "tells the type of objects of Thing, which is no interface or union" in str(refused.value)


class TestFaults:
    async def test_a_peer_that_dies_costs_its_field_alone(self) -> None:
        stage = Stage()

        @stage.part.field("Thing", "owner")
        async def owner(context: Context, things: Sequence[Thing]) -> Sequence[User]:
            await asyncio.sleep(0)
            raise Unavailable

        answer = await stage.ask("{ things { id owner { name } parts { id } } number }")
        assert answer.data == {
            "things": [{"id": n, "owner": None, "parts": [{"id": f"{n}a"}, {"id": f"{n}b"}]} for n in ("1", "2")],
            "number": 1,
        }
        assert [(each["path"], each["extensions"]["code"]) for each in answer.errors] == [
            (["things", 0, "owner"], "UNAVAILABLE"),
            (["things", 1, "owner"], "UNAVAILABLE"),
        ]

    @pytest.mark.parametrize("more", ["", "number"])
    async def test_a_resolver_that_hangs_costs_its_field_alone(self, more: str) -> None:
        stage = Stage()
        ended: list[bool] = []

        @stage.part.field("Thing", "owner")
        async def owner(context: Context, things: Sequence[Thing]) -> Sequence[User]:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(True)
            return []

        answer = await stage.ask(f"{{ thing {{ id owner {{ name }} }} {more} }}", seconds=0.05)
        assert answer.data == {"thing": {"id": "1", "owner": None}} | ({"number": 1} if more else {})
        assert [each["extensions"] for each in answer.errors] == [
            {"code": "UNAVAILABLE", "reason": "DEADLINE_EXCEEDED"}
        ]
        assert ended == [True, True]

    async def test_roots_beside_one_that_hangs_are_answered(self) -> None:
        stage = Stage()

        @stage.part.query("number")
        async def number(context: Context) -> int:
            await asyncio.sleep(60)
            return 1

        answer = await stage.ask("{ number things { owner { friend { name } } } }", seconds=0.05)
        assert answer.data is not None
        assert answer.data["number"] is None
        assert answer.data["things"][1] == {"owner": {"friend": {"name": "friend of owner of 2"}}}

    async def test_mutations_after_one_that_hangs_are_not_run(self) -> None:
        stage = Stage()
        answer = await stage.ask("mutation { second third }", seconds=0.05)
        assert answer.data is None
        assert [name for name, _ in stage.calls] == ["second"]

    async def test_mutations_after_one_that_leaves_no_data_are_not_run(self) -> None:
        stage = Stage()
        answer = await stage.ask("mutation { first third }")
        assert (answer.data, [each["path"] for each in answer.errors]) == (None, [["first"]])
        assert [name for name, _ in stage.calls] == ["first"]

    async def test_something_cancelled_in_a_resolver_is_that_resolvers_fault(self) -> None:
        stage = Stage()

        @stage.part.query("number")
        async def number(context: Context) -> int:
            raise asyncio.CancelledError

        for text in ("{ number }", "{ number thing { id } }"):
            answer = await stage.ask(text)
            assert answer.errors[0]["extensions"]["code"] == "INTERNAL"

    async def test_an_operation_that_is_given_up_takes_its_resolvers_along(self) -> None:
        stage = Stage()
        began, ended = asyncio.Event(), asyncio.Event()

        @stage.part.query("number")
        async def number(context: Context) -> int:
            began.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()
            return 1

        for text in ("{ number }", "{ number thing { id } }"):
            began.clear()
            ended.clear()
            asked = asyncio.create_task(stage.ask(text))
            await began.wait()
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            assert ended.is_set()

    async def test_a_list_may_be_anything_that_can_be_gone_through_once(self) -> None:
        stage = Stage()

        @stage.part.query("things")
        async def things(context: Context) -> Iterator[Thing]:
            return (Thing(each) for each in "12")

        answer = await stage.ask("{ things { id owner { name } } }")
        assert answer.errors == []
        assert answer.data == {"things": [{"id": n, "owner": {"name": f"owner of {n}"}} for n in ("1", "2")]}


class TestPlans:
    TEXT = "query($yes: Boolean!, $any: Boolean = true) { number @include(if: $yes) thing @skip(if: $any) { id } }"

    def _plan(self, plans: Plans, operation: Operation, **variables: Any) -> Any:
        values = operation.variables.coerce(variables)
        assert not isinstance(values, list)
        return plans.plan(operation, values)

    def test_one_is_kept_for_each_set_of_switches(self) -> None:
        engine = Engine([Stage().part])
        plans, operation = Plans(engine.schema), engine.prepare(self.TEXT)
        first = self._plan(plans, operation, yes=True)
        assert self._plan(plans, operation, yes=True, any=True) is first
        assert [each.key for each in first.root.fields] == ["number"]
        assert [each.key for each in self._plan(plans, operation, yes=False, any=False).root.fields] == ["thing"]
        assert len(plans) == 2

    async def test_what_is_as_it_should_be_needs_no_careful_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stage = Stage()
        engine = Engine([stage.part])
        text = """{
          things { size tags owner { friend { name } } parts { id } }
          owned { __typename ... on Thing { owner { name } } ... on Song { title } }
          __type(name: "User") { name }
        }"""
        first = await run(engine, text)

        def careful_answer(root: object) -> None:
            raise AssertionError("the careful way was gone")

        monkeypatch.setattr("girok.graphql.engine.careful.answer", careful_answer)
        assert await run(engine, text) == first
        assert first.errors == []

    def test_the_larger_it_is_the_later_it_is_compiled(self) -> None:
        engine = Engine([Stage().part])
        plans = Plans(engine.schema)
        small = engine.prepare("{ number }")
        large = engine.prepare("{ " + " ".join(f"n{each}: number" for each in range(450)) + " }")
        assert [self._plan(plans, small).is_new for _ in range(3)] == [True, False, False]
        assert [self._plan(plans, large).is_new for _ in range(6)] == [True, True, True, True, False, False]

    def test_those_not_used_for_longest_go_first(self) -> None:
        engine = Engine([Stage().part])
        plans = Plans(engine.schema, most_fields=40)
        operations = [engine.prepare(f"{{ a{number}: thing {{ id size }} }}") for number in range(20)]
        kept = self._plan(plans, operations[0])
        for operation in operations:
            self._plan(plans, operation)
            assert self._plan(plans, operations[0]) is kept
        assert len(plans) == 8
