"""A plugin's part of the GraphQL schema: SDL and batched resolvers, declared beside each other.

    PART = Part(SDL)

    @PART.query("post")
    async def post(context: Context, *, id: str) -> Post | None: ...

    @PART.field("Post", "author")
    async def author(context: Context, posts: Sequence[Post]) -> Sequence[User | GirokError]: ...

A field resolver is called once for all objects of its level and answers one value (or error) for each, in order: N+1
queries cannot be written. Arguments come as keywords in snake_case; one that is annotated with a Struct is converted
to it. A field without a resolver is the attribute of the same name in snake_case.

Objects of an interface or a union have the type that a function of a part tells:

    @PART.type_of("Subject")
    def subject(value: User | Post) -> str: ...
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from girok.port import Ports

__all__ = ["Context", "Part"]

T = TypeVar("T")
RootResolver = Callable[..., Awaitable[Any]]
FieldResolver = Callable[..., Awaitable[Sequence[Any]]]
TypeOf = Callable[[Any], str]
R = TypeVar("R", bound=RootResolver)
F = TypeVar("F", bound=FieldResolver)
N = TypeVar("N", bound=TypeOf)


class Context:
    """What resolvers of one operation share: the ports, and what the edge adds (found by its type)."""

    def __init__(self, ports: Ports, *extras: object) -> None:
        self.ports = ports
        self._extras = extras

    def of(self, kind: type[T]) -> T:
        """What the edge added of this type. Raises LookupError without one."""
        for each in self._extras:
            if isinstance(each, kind):
                return each
        raise LookupError(f"this edge gives no {kind.__name__}")


class Part:
    """SDL with the resolvers of its fields. `extend type Query { ... }` adds to what other parts define."""

    def __init__(self, sdl: str) -> None:
        self.sdl = sdl
        self.roots: dict[tuple[str, str], RootResolver] = {}
        self.fields: dict[tuple[str, str], FieldResolver] = {}
        self.types: dict[str, TypeOf] = {}

    def query(self, name: str) -> Callable[[R], R]:
        """The resolver of a field of Query."""
        return self._root("Query", name)

    def mutation(self, name: str) -> Callable[[R], R]:
        """The resolver of a field of Mutation."""
        return self._root("Mutation", name)

    def field(self, type_name: str, name: str) -> Callable[[F], F]:
        """The batched resolver of a field of an object type."""

        def attach(function: F) -> F:
            self.fields[type_name, name] = function
            return function

        return attach

    def type_of(self, name: str) -> Callable[[N], N]:
        """The function that tells the name of the type which an object of the interface or union `name` has."""

        def attach(function: N) -> N:
            self.types[name] = function
            return function

        return attach

    def _root(self, type_name: str, name: str) -> Callable[[R], R]:
        def attach(function: R) -> R:
            self.roots[type_name, name] = function
            return function

        return attach
