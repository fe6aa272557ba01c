"""What an operation is compiled into: positions, which are selections on one object type at one place of the document.

A position has fields; a field that gives objects has the positions below it, one for each object type they may have.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from graphql import FieldNode, GraphQLError
from graphql.execution.values import VariableValues

from girok.graphql.engine.introspect import Introspect
from girok.graphql.resolvers import Resolver

__all__ = ["Arguments", "Below", "Field", "Found", "Kind", "Leaf", "Plan", "Position", "Take"]

Arguments: TypeAlias = Callable[[VariableValues], dict[str, Any]]
Found: TypeAlias = "dict[Field, list[Any]]"
"""The objects that have fields with a resolver, for each such field, in the order of the answer."""
Take: TypeAlias = "dict[Field, Callable[[], Any]]"
"""What gives the answers of fields with a resolver, one after another, in the same order."""


class Leaf(NamedTuple):
    """A scalar or an enum: `coerce` gives what the answer shows, or raises; `names` are an enum's that stay as is."""

    name: str
    coerce: Callable[[Any], Any]
    quick_coerce: Callable[[Any], Any]
    """The same; but it may give None or Undefined, which is an error."""
    names: frozenset[str] = frozenset()


class Kind(NamedTuple):
    """The type of a field or of an item: `[Post!]!` is a required list of required objects.

    `item` is set for lists, `leaf` for scalars and enums, neither for objects.
    """

    required: bool
    item: "Kind | None" = None
    leaf: Leaf | None = None


class Field:
    """One key of an answer's object. It is answered by a resolver, by an attribute, by graphql-core, or a constant."""

    __slots__ = (
        "arguments", "attribute", "below", "complete", "constant", "introspect", "key", "kind", "merge", "name",
        "nodes", "open_all", "resolver",
    )  # fmt: skip

    def __init__(self, key: str, name: str, kind: Kind, nodes: Sequence[FieldNode]) -> None:
        self.key = key
        self.name = name
        """With its type, as in `Post.author`."""
        self.kind = kind
        self.nodes = nodes
        """Every mention of it, for the places of errors."""
        self.resolver: Resolver | None = None
        self.arguments: Arguments | None = None
        """The resolver's keywords; None when it takes none."""
        self.merge = ""
        """Fields of the same resolver and the same `merge` may be asked for in one call."""
        self.attribute = ""
        self.constant = ""
        """The value of `__typename`."""
        self.introspect: Introspect | None = None
        """What answers `__schema` and `__type`."""
        self.below: Below | None = None
        self.open_all: Callable[[Sequence[Any], Found], None] | None = None
        """Finds, in a resolver's answers, the objects that other resolvers wait for."""
        self.complete: Callable[[Sequence[Any], Take], list[Any]] | None = None
        """Makes a resolver's answers the values of the answer; leaves are looked at by their object."""


class Position:
    """The selection on `type_name` at one place. `error` is why it cannot be selected: a `@skip` without a value.

    `project` makes an object the answer's, `open` finds those that resolvers wait for at and below it; both raise when
    there is anything that is not as it should be. They are compiled when they are needed by themselves: mostly they
    are part of what is above.
    """

    __slots__ = ("error", "fields", "open", "opens", "project", "type_name")

    def __init__(self, type_name: str, fields: Sequence[Field], error: GraphQLError | None = None) -> None:
        self.type_name = type_name
        self.fields = fields
        self.error = error
        self.opens = any(each.resolver is not None or (each.below is not None and each.below.opens) for each in fields)
        """Whether resolvers may wait for objects here or below."""
        self.project: Callable[[Any, Take], dict[str, Any]] | None = None
        self.open: Callable[[Any, Found], None] | None = None


class Below:
    """The positions below a field, by the name of the object type: compiled when the first such object comes."""

    __slots__ = ("_compile", "_known", "only", "type_name", "type_of")

    def __init__(
        self, compile_one: Callable[[object], Position], type_name: str, type_of: Callable[[Any], Any] | None
    ) -> None:
        self._compile = compile_one
        self._known: dict[object, Position] = {}
        self.type_name = type_name
        self.type_of = type_of
        """Tells the type of an object, where `type_name` is an interface or union."""
        self.only = self.position(type_name) if type_of is None else None
        """The one position there is, where it is neither."""

    def position(self, type_name: object) -> Position:
        """The position for objects of this type. Raises TypeError for what is none of the possible types."""
        found = self._known.get(type_name)
        if found is None:
            found = self._known[type_name] = self._compile(type_name)
        return found

    def position_of(self, item: Any) -> Position:
        """The position of an object. Raises what `type_of` raises, and TypeError as above."""
        return self.only or self.position(self.type_of(item) if self.type_of is not None else None)

    @property
    def opens(self) -> bool:
        """Whether resolvers may wait for objects here or below."""
        return self.only is None or self.only.opens


class Plan:
    """An operation, with the values of its `@skip` and `@include` put in. `size` tells how many fields it has so far.

    The functions of a plan that `is_new` are not compiled yet: that costs more than to run it without them a few
    times, the more the larger it is, and whoever sends ever new documents is not to get that for nothing.
    """

    __slots__ = ("_uses", "is_mutation", "is_new", "root", "size")

    def __init__(self, root: Position, size: Callable[[], int], *, is_mutation: bool) -> None:
        self.root = root
        self.size = size
        self.is_mutation = is_mutation
        self.is_new = True
        self._uses = 1

    def used(self) -> None:
        """Count another use. The second compiles up to 200 fields, each further one 100 more."""
        if self.is_new:
            self._uses += 1
            self.is_new = self._uses * 100 < self.size()
