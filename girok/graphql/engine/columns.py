"""Values by columns, for the answers in which something is not as it should be.

All objects of one position stand beside each other, and for each field one value for each. Values that hold objects
are opened: lists into their items, layer by layer, items into the objects of the positions below.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# graphql-core leaves the type arguments of its own types open.

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from graphql import GraphQLError, Undefined
from graphql.pyutils import is_iterable

from girok.graphql.engine.plan import Field, Kind, Position

__all__ = ["Column", "Objects", "Opening", "as_list", "as_lists"]

_LISTS = (list, tuple)


class Column:
    """A field's value for each of `parents`: an exception where it failed. `layers` are its lists, opened.

    The first layer are the values; the last has the items of the innermost lists. Those that are objects are in
    `below`, by their type; `types` has the type of each, in their order.
    """

    __slots__ = ("below", "field", "layers", "parents", "types", "values")

    def __init__(self, field: Field, parents: list[Any], values: Sequence[Any] = ()) -> None:
        self.field = field
        self.parents = parents
        self.values = values
        self.layers: list[Sequence[Any]] = []
        self.below: dict[str, Objects] = {}
        self.types: list[str] = []


class Objects:
    """All objects of one position, in the order of the answer, and its columns."""

    __slots__ = ("columns", "items", "position")

    def __init__(self, position: Position, items: list[Any]) -> None:
        self.position = position
        self.items = items
        self.columns = [Column(each, items) for each in position.fields]


class Opening:
    """Opens objects and columns with what is known; `waiting` are the columns met of which nothing is."""

    def __init__(self, known: Mapping[Field, Sequence[Any]]) -> None:
        self._known = known
        self.waiting: list[Column] = []

    def objects(self, objects: Objects) -> None:
        """Give the columns of these objects their values, and open what lies below."""
        if not objects.items:
            return
        for column in objects.columns:
            field = column.field
            if field.attribute:
                column.values = [_attribute(each, field.attribute) for each in objects.items]
            elif field.constant:
                column.values = [field.constant] * len(objects.items)
            elif field in self._known:
                column.values = self._known[field]
            else:
                self.waiting.append(column)
                continue
            self.column(column)

    def column(self, column: Column) -> None:
        """Open a column whose values are known."""
        field = column.field
        if field.below is None:
            return
        kind, values = field.kind, column.values
        while kind.item is not None:
            values = [as_list(each, field.name) for each in values]
            column.layers.append(values)
            kind, values = kind.item, list(chain.from_iterable(each for each in values if isinstance(each, _LISTS)))
        column.layers.append(self._by_type(column, values))
        for each in column.below.values():
            self.objects(each)

    def _by_type(self, column: Column, values: Sequence[Any]) -> Sequence[Any]:
        """Part the objects by their type. One that has none becomes the error that says so."""
        below = column.field.below
        assert below is not None, "only columns with objects are opened"
        layer: list[Any] = []
        items: dict[str, list[Any]] = {}
        for each in values:
            layer.append(each)
            if each is None or each is Undefined or isinstance(each, Exception):
                continue
            try:
                name = below.position_of(each).type_name
            except Exception as error:  # noqa: BLE001 - a part's function; the object's place in the answer tells it
                layer[-1] = error
            else:
                column.types.append(name)
                items.setdefault(name, []).append(each)
        column.below = {name: Objects(below.position(name), each) for name, each in items.items()}
        return layer


def _attribute(item: Any, name: str) -> Any:
    try:
        return getattr(item, name)
    except Exception as error:  # noqa: BLE001 - a property may raise anything; its place in the answer tells it
        return error


def as_lists(value: Any, kind: Kind, name: str) -> Any:
    """A value of this kind, all its lists made such that they can be gone through again."""
    if kind.item is None:
        return value
    opened = as_list(value, name)
    return [as_lists(each, kind.item, name) for each in opened] if isinstance(opened, _LISTS) else opened


def as_list(value: Any, name: str) -> Any:
    """The value as a list or tuple, or null, or why it is neither."""
    if value is None or value is Undefined or isinstance(value, (list, tuple, Exception)):
        return value
    if not is_iterable(value):
        return GraphQLError(f"Expected Iterable, but did not find one for field '{name}'.")
    try:
        return list(value)
    except Exception as error:  # noqa: BLE001 - the iterable's own; its place in the answer tells it
        return error
