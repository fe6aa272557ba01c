"""Compiles the functions that `source.py` writes, and has what they call."""

from collections.abc import Callable
from typing import Any, cast

from graphql import ExecutionResult, Undefined

from girok.graphql.engine.plan import Below, Field, Found, Position, Take
from girok.graphql.engine.source import Text, field_text, position_text

__all__ = ["NotPlain", "compile_field", "compile_position"]


class NotPlain(Exception):
    """A value that is left to the careful way."""


def compile_position(position: Position, *, is_root: bool = False) -> None:
    """Give a position its functions."""
    names = _compiled(position_text(position, is_root=is_root), position.type_name)
    position.project, position.open = names["project"], names.get("open")


def compile_field(field: Field) -> None:
    """Give a field that a resolver answers with objects its functions."""
    names = _compiled(field_text(field), field.name)
    field.complete, field.open_all = names["complete"], names.get("open_all")


def _compiled(text: Text, name: str) -> dict[str, Any]:
    names: dict[str, Any] = {
        **text.fields,
        "items": _items,
        "not_plain": _not_plain,
        "schema_says": _schema_says,
        "project_by_type": _project_by_type,
        "open_by_type": _open_by_type,
        "plain": (plain := set[type]()),
        "look_at": _look_at(plain),
    }
    for leaf in text.leaves.values():
        names[f"as_{leaf.name}"] = _as_leaf(leaf.quick_coerce)
        names[f"names_{leaf.name}"] = leaf.names
    exec(compile(str(text), f"<{name}>", "exec"), names)  # noqa: S102 - made of names of the schema and the document
    return names


def _look_at(plain: set[type]) -> Callable[[object], None]:
    """What looks at the first object of each class, and raises NotPlain for what is none."""

    def look_at(item: object) -> None:
        if item is None or item is Undefined or isinstance(item, Exception):
            raise NotPlain
        plain.add(type(item))

    return look_at


def _items(value: object) -> object:
    if type(value) is not tuple and type(value) is not list:
        raise NotPlain
    return cast("object", value)


def _as_leaf(coerce: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def as_leaf(value: Any) -> Any:
        if value is None or value is Undefined or isinstance(value, Exception):
            raise NotPlain
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise NotPlain
        return coerced

    return as_leaf


def _project_by_type(below: Below, item: Any, take: Take) -> dict[str, Any]:
    position = below.position_of(item)
    if position.project is None:
        compile_position(position)
    assert position.project is not None, "it was just compiled"
    return position.project(item, take)


def _open_by_type(below: Below, item: Any, found: Found) -> None:
    position = below.position_of(item)
    if not position.opens:
        return
    if position.open is None:
        compile_position(position)
    assert position.open is not None, "it was just compiled, and resolvers wait there"
    position.open(item, found)


def _schema_says(result: ExecutionResult, key: str) -> Any:
    if result.data is None or result.errors:
        raise NotPlain
    return result.data[key]


def _not_plain() -> None:
    raise NotPlain
