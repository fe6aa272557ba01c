"""Worlds for the property tests: a schema, data behind it, and operations on it, all at random.

A field has one type and one meaning wherever it is, so that every operation that is written here is valid; which types
have it, what answers it there, and what comes of it, is chance: nulls, exceptions, values that no scalar takes, objects
of types that do not exist, things that are no list.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

from girok.graphql.part import Context, Part

__all__ = ["Thing", "World", "operation", "world"]

OBJECTS = ("A", "B", "C")
COMPOSITES = (*OBJECTS, "Named", "Either")
LEAVES = ("Int", "String", "ID", "Boolean", "Float", "Colour", "DateTime", "JSON")
GOOD: dict[str, Sequence[Any]] = {
    "Int": (0, 1, -7, 2**31 - 1),
    "String": ("", "text", "한글"),
    "ID": ("1", "a-b"),
    "Boolean": (True, False),
    "Float": (0.5, -1e300, 3.0),
    "Colour": ("RED", "GREEN"),
    "DateTime": (datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=UTC),),
    "JSON": ({"a": [1, None]}, [], "x", 0),
}
ODD: Sequence[Any] = (
    2**31,
    -(2**31) - 1,
    3.0,
    3.5,
    True,
    "12",
    "",
    "x",
    float("nan"),
    7,
    {"a": 1},
    ("RED",),
    b"x",
    object,
)
ARGUMENTS = "(a: Int = 3, b: [String!], c: In, d: Colour)"
SHARED = """
enum Colour { RED GREEN }
input In { x: Int! = 1 y: [In!] z: JSON }
union Either = A | B
"""


class Thing:
    """An object; an attribute that is a `Raises` raises."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.values: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        value = self.values[name]
        if isinstance(value, Raises):
            raise value.error
        return value

    def __repr__(self) -> str:
        return f"<{self.kind}>"


class Raises(NamedTuple):
    error: Exception


class Items:
    """Something that can be gone through again and again, and is no list."""

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


class World(NamedTuple):
    """`answered` are the fields that have a resolver, `broken` those whose resolver raises for all at once."""

    sdl: str
    types: dict[str, str]
    """The type of each field."""
    fields: dict[str, Sequence[str]]
    """The fields of each type."""
    answered: frozenset[tuple[str, str]]
    broken: frozenset[tuple[str, str]]
    root: Thing
    waits: Callable[[], int]

    def value(self, parent: str, name: str, source: Any, arguments: dict[str, Any]) -> Any:
        """What the field gives. Raises where its resolver or the attribute does."""
        if (parent, name) in self.broken:
            raise KeyError(f"{parent}.{name} is broken")
        if name == "arguments":
            return repr(sorted(arguments.items()))
        return getattr(source, name)

    def type_of(self, value: Any) -> Any:
        """The name of an object's type, which may be wrong."""
        if not isinstance(value, Thing):
            raise TypeError("this is no thing")
        return value.kind

    def part(self, log: list[str]) -> Part:
        """The schema and its resolvers; roots note in `log` that they ran."""
        part = Part(self.sdl)
        for name in ("Named", "Either"):
            part.type_of(name)(self.type_of)
        for parent, name in sorted(self.answered):
            if parent in ("Query", "Mutation"):
                function = self._root(parent, name, log)
                (part.query if parent == "Query" else part.mutation)(name)(function)
            else:
                part.field(parent, name)(self._batched(parent, name))
        return part

    def _root(self, parent: str, name: str, log: list[str]) -> Any:
        async def plain(context: Context) -> Any:
            return await with_arguments(context)

        async def with_arguments(
            context: Context, *, a: Any = None, b: Any = None, c: Any = None, d: Any = None
        ) -> Any:
            log.append(name)
            await self._wait()
            return self.value(parent, name, self.root, _given(a=a, b=b, c=c, d=d))

        return with_arguments if name == "arguments" else plain

    def _batched(self, parent: str, name: str) -> Any:
        async def plain(context: Context, parents: Sequence[Any]) -> Any:
            return await with_arguments(context, parents)

        async def with_arguments(
            context: Context, parents: Sequence[Any], *, a: Any = None, b: Any = None, c: Any = None, d: Any = None
        ) -> Any:
            await self._wait()
            return [self._one(parent, name, each, _given(a=a, b=b, c=c, d=d)) for each in parents]

        return with_arguments if name == "arguments" else plain

    def _one(self, parent: str, name: str, source: Any, arguments: dict[str, Any]) -> Any:
        if (parent, name) in self.broken:
            return self.value(parent, name, source, arguments)
        try:
            return self.value(parent, name, source, arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this object's answer
            return error

    async def _wait(self) -> None:
        for _ in range(self.waits()):
            await asyncio.sleep(0)


def _given(**values: Any) -> dict[str, Any]:
    """Without those that are null: the two sides may not tell null from absent."""
    return {name: value for name, value in values.items() if value is not None}


def world(random: Random) -> World:
    """A world. The fewer odd things there are in it, the further down an answer reaches."""
    types = {f"f{number}": _type(random) for number in range(random.randint(3, 8))} | {"arguments": "String"}
    fields: dict[str, Sequence[str]] = {"Named": random.sample(sorted(types), 2)}
    for name in OBJECTS:
        more = random.sample(sorted(types), random.randint(1, len(types)))
        fields[name] = sorted({*more, *(fields["Named"] if name != "C" else ())})
    fields["Query"] = fields["Mutation"] = sorted(types)
    answered = {(parent, name) for parent in OBJECTS for name in fields[parent] if random.random() < 0.4}
    answered |= {(parent, "arguments") for parent in OBJECTS if "arguments" in fields[parent]}
    roots = {(parent, name) for parent in ("Query", "Mutation") for name in types}
    oddness = random.choice((0.0, 0.02, 0.1, 0.3))
    broken = frozenset(each for each in sorted(answered | roots) if random.random() < oddness / 3)
    pauses = [random.choice((0, 0, 1, 2)) for _ in range(7)]
    return World(
        _sdl(types, fields),
        types,
        fields,
        frozenset(answered | roots),
        broken,
        _things(random, types, oddness),
        lambda: pauses.append(pauses.pop(0)) or pauses[-1],
    )


def _type(random: Random) -> str:
    text = random.choice(random.choice((LEAVES, COMPOSITES, COMPOSITES))) + random.choice(("", "!"))
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        text = f"[{text}]" + random.choice(("", "!"))
    return text


def _sdl(types: dict[str, str], fields: dict[str, Sequence[str]]) -> str:
    def body(name: str) -> str:
        return " ".join(f"{each}{ARGUMENTS if each == 'arguments' else ''}: {types[each]}" for each in fields[name])

    lines = [SHARED, f"interface Named {{ {body('Named')} }}"]
    lines += [f"type {name} implements Named {{ {body(name)} }}" for name in ("A", "B")]
    lines += [f"type {name} {{ {body(name)} }}" for name in ("C", "Query", "Mutation")]
    return "\n".join(lines)


def _things(random: Random, types: dict[str, str], oddness: float) -> Thing:
    """The root of a few things that hold one another."""
    kinds = [*OBJECTS, *OBJECTS, "A", "B", "Query"]
    things = [Thing(each) for each in kinds]
    if random.random() < oddness:
        things[0].kind = random.choice((None, "Nothing", "Named", "Query"))
    for thing in things:
        thing.values = {name: _value(random, text, things, oddness) for name, text in types.items()}
    return things[-1]


def _value(random: Random, text: str, things: list[Thing], oddness: float) -> Any:
    """A value for a field or an item of this type."""
    if random.random() < oddness:
        return random.choice((None, ValueError("odd"), Raises(ValueError("raised")), *random.sample(ODD, 2)))
    if not text.endswith("!") and random.random() < 0.1:
        return None
    text = text.removesuffix("!")
    if text.startswith("["):
        items = [_unwrapped(_value(random, text[1:-1], things, oddness)) for _ in range(random.choice((0, 1, 2, 3, 4)))]
        return random.choice((list, list, tuple, Items))(items)
    if text in GOOD:
        return random.choice(GOOD[text])
    fitting = {"Named": ("A", "B"), "Either": ("A", "B")}.get(text, (text,))
    return random.choice([each for each in things if each.kind in fitting] or things)


def _unwrapped(value: Any) -> Any:
    return value.error if isinstance(value, Raises) else value


class Written(NamedTuple):
    """An operation and its variables."""

    text: str
    variables: dict[str, Any]


VARIABLES: dict[str, tuple[str, Sequence[Any]]] = {
    "yes": ("Boolean!", (True, False)),
    "maybe": ("Boolean = true", (True, False, True, False, None)),
    "no": ("Boolean! = false", (True, False)),
    "int": ("Int", (1, None, 5)),
    "seven": ("Int = 7", (1, 2)),
    "words": ("[String!]", (["a"], "a", [], None)),
    "input": ("In", ({"x": 2}, {"x": 2, "y": [{"z": {"a": [True]}}]}, None, {})),
    "filled": ("In! = {x: 3}", ({"x": 4}, {"y": [{}]})),
    "json": ("JSON", ({"a": 1}, None, 3)),
    "colour": ("Colour", ("RED", None)),
}
SWITCHES = ("true", "true", "false", "false", "$yes", "$yes", "$no", "$no", "$maybe")
LITERALS = (
    "", "", "(a: 1)", "(a: null)", '(b: ["x", "y"], d: RED)', "(c: {})", "(c: {x: 2, y: [{}], z: {k: [1, RED]}})",
    "(a: $int)", "(a: $seven)", "(b: $words, d: $colour)", "(c: $input)", "(c: {y: [$filled], z: $json})",
)  # fmt: skip
OVERLAPPING = {
    "A": ("A", "Named", "Either"),
    "B": ("B", "Named", "Either"),
    "C": ("C",),
    "Named": ("Named", "A", "B", "Either"),
    "Either": ("Either", "A", "B", "Named"),
}


def operation(random: Random, world: World) -> Written:
    """A valid operation on this world."""
    writer = _Writer(random, world)
    kind = random.choice(("Query", "Query", "Mutation"))
    body = writer.selections(kind, 0, ())
    names = ", ".join(f"${name}: {declared}" for name, (declared, _) in VARIABLES.items())
    fragments = " ".join(writer.fragments.values())
    variables = {
        name: random.choice(values)
        for name, (declared, values) in VARIABLES.items()
        if declared == "Boolean!" or random.random() < 0.6
    }
    return Written(f"{kind.lower()}({names}) {body} {fragments}", variables)


class _Writer:
    def __init__(self, random: Random, world: World) -> None:
        self._random = random
        self._world = world
        self.fragments: dict[str, str] = {}

    def selections(self, kind: str, depth: int, open_fragments: tuple[str, ...]) -> str:
        random = self._random
        written = [
            self._selection(kind, depth, open_fragments) for _ in range(random.randint(2, 5 if depth < 2 else 3))
        ]
        return f"{{ {' '.join(written)} }}"

    def _selection(self, kind: str, depth: int, open_fragments: tuple[str, ...]) -> str:
        random = self._random
        fields = self._world.fields.get(kind, ())
        choice = random.random()
        if not fields and 0.06 <= choice < 0.7:
            choice = random.uniform(0.7, 1)
        if choice < 0.06 or depth > 4:
            return f"__typename{self._directive()}"
        if choice < 0.68:
            return self._field(random.choice(fields), depth, open_fragments)
        if choice < 0.7 and kind == "Query":
            return '__type(name: "A") { name fields { name } }'
        condition = random.choice(OVERLAPPING.get(kind, (kind,)))
        if choice < 0.88:
            on = f" on {condition}" if condition != kind or random.random() < 0.5 else ""
            return f"...{on}{self._directive()} {self.selections(condition, depth + 1, open_fragments)}"
        name = f"{condition}{random.randint(0, 2)}"
        if name in open_fragments:
            return "__typename"
        if name not in self.fragments:
            self.fragments[name] = ""
            body = self.selections(condition, depth + 1, (*open_fragments, *self.fragments))
            self.fragments[name] = f"fragment {name} on {condition} {body}"
        return f"...{name}{self._directive()}"

    def _field(self, name: str, depth: int, open_fragments: tuple[str, ...]) -> str:
        random = self._random
        alias, arguments = random.choice(("", f"z_{name}: ")), ""
        if name == "arguments":
            number = random.randrange(len(LITERALS))
            alias, arguments = f"z{number}: ", LITERALS[number]
        named = self._world.types[name].strip("[]!")
        below = f" {self.selections(named, depth + 1, open_fragments)}" if named in COMPOSITES else ""
        return f"{alias}{name}{arguments}{self._directive()}{below}"

    def _directive(self) -> str:
        if self._random.random() < 0.9:
            return ""
        name = self._random.choice(("skip", "include"))
        return f" @{name}(if: {self._random.choice(SWITCHES)})"
