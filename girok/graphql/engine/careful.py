"""The answer of any columns, errors and all, as the specification has it (sections 6.4.3 and 6.4.4).

An error nulls the nearest place that may be null. Errors come in the order of the answer, as graphql-core finds them
where nothing has to be waited for. What comes after a null that went further up is not told.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from graphql import ExecutionResult, FieldNode, GraphQLError, Undefined, located_error

from girok.graphql.engine.columns import Column, Objects, as_list
from girok.graphql.engine.plan import Field, Kind, Position

__all__ = ["Outcome", "answer", "outcomes"]

Key = str | int


class _Failure:
    """An error and where it happened, from within outwards."""

    __slots__ = ("error", "nodes", "path")

    def __init__(self, error: Exception, nodes: Sequence[FieldNode]) -> None:
        self.error = error
        self.nodes = nodes
        self.path: list[Key] = []


class Outcome:
    """A completed value and the errors within. Where it `failed`, whatever holds it is null."""

    __slots__ = ("failed", "failures", "value")

    def __init__(self, value: Any, failures: list[_Failure], *, failed: bool = False) -> None:
        self.value = value
        self.failures = failures
        self.failed = failed


def answer(root: Objects) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """The data and the errors of an operation."""
    if root.position.error is not None:
        return None, [root.position.error]
    (outcome,) = _rows(root)
    return outcome.value, [located_error(each.error, each.nodes, each.path[::-1]) for each in outcome.failures]


def outcomes(column: Column) -> list[Outcome]:
    """What became of the column's value, for each parent."""
    field = column.field
    if field.introspect is not None:
        return [_introspected(field, each) for each in column.values]
    if field.below is None:
        return [_leaf(field, field.kind, each) for each in column.values]
    if not column.values:
        return []
    kinds = [field.kind]
    while (item := kinds[-1].item) is not None:
        kinds.append(item)
    found = _objects(column, kinds.pop())
    for kind, layer in zip(reversed(kinds), reversed(column.layers[:-1]), strict=True):
        items = iter(found)
        found = [_within(field, kind, each, items) for each in layer]
    return found


def _rows(objects: Objects) -> list[Outcome]:
    """What became of each object."""
    error = objects.position.error
    if error is not None:
        return [Outcome(None, [_Failure(error, ())], failed=True) for _ in objects.items]
    if not objects.columns:
        return [Outcome({}, []) for _ in objects.items]
    return [_row(objects.position, each) for each in zip(*map(outcomes, objects.columns), strict=True)]


def _row(position: Position, columns: Sequence[Outcome]) -> Outcome:
    row: dict[str, Any] = {}
    failures: list[_Failure] = []
    for field, outcome in zip(position.fields, columns, strict=True):
        failures += _under(field.key, outcome)
        if outcome.failed:
            return Outcome(None, failures, failed=True)
        row[field.key] = outcome.value
    return Outcome(row, failures)


def _objects(column: Column, kind: Kind) -> list[Outcome]:
    """What became of the items of the innermost lists, or of the values themselves."""
    field = column.field
    by_type = {name: iter(_rows(each)) for name, each in column.below.items()}
    types = iter(column.types)
    return [_value(field, kind, each, lambda _: next(by_type[next(types)])) for each in column.layers[-1]]


def _within(field: Field, kind: Kind, value: Any, items: Iterator[Outcome]) -> Outcome:
    return _value(field, kind, value, lambda found: _list([next(items) for _ in found]))


def _value(field: Field, kind: Kind, value: Any, complete: Callable[[Any], Outcome]) -> Outcome:
    """What becomes of a value that `complete` makes the answer's, where it is neither null nor an error."""
    if isinstance(value, Exception):
        outcome = Outcome(None, [_Failure(value, field.nodes)], failed=True)
    elif value is None or value is Undefined:
        outcome = Outcome(None, [])
    else:
        outcome = complete(value)
    if outcome.failed:
        outcome.failed = kind.required
    elif outcome.value is None and kind.required:
        error = TypeError(f"Cannot return null for non-nullable field {field.name}.")
        return Outcome(None, [*outcome.failures, _Failure(error, field.nodes)], failed=True)
    return outcome


def _list(items: Iterable[Outcome]) -> Outcome:
    values: list[Any] = []
    failures: list[_Failure] = []
    failed = False
    for index, item in enumerate(items):
        failures += _under(index, item)
        if item.failed:
            failed = True
            break
        values.append(item.value)
    return Outcome(None if failed else values, failures, failed=failed)


def _leaf(field: Field, kind: Kind, value: Any) -> Outcome:
    """What becomes of a value without objects."""
    return _value(field, kind, value, lambda found: _completed_leaf(field, kind, found))


def _completed_leaf(field: Field, kind: Kind, value: Any) -> Outcome:
    item = kind.item
    try:
        if item is None:
            assert kind.leaf is not None, "fields with objects have columns"
            return Outcome(kind.leaf.coerce(value), [])
    except Exception as error:  # noqa: BLE001 - a scalar may raise anything; the answer tells it
        return Outcome(None, [_Failure(error, field.nodes)], failed=True)
    items = as_list(value, field.name)
    if isinstance(items, Exception):
        return Outcome(None, [_Failure(items, field.nodes)], failed=True)
    return _list(_leaf(field, item, each) for each in items)


def _introspected(field: Field, result: ExecutionResult) -> Outcome:
    """What graphql-core made of a field; its errors have their place."""
    value = result.data[field.key] if result.data is not None else None
    failures = [_Failure(each, ()) for each in result.errors or ()]
    return Outcome(value, failures, failed=value is None and field.kind.required)


def _under(key: Key, outcome: Outcome) -> list[_Failure]:
    for each in outcome.failures:
        each.path.append(key)
    return outcome.failures
