"""Compiles the functions that `source.py` writes when they are first called, and has what they call."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from graphql import ExecutionResult, Undefined

from girok.graphql.engine.plan import Below, Field, Found, Position, Take
from girok.graphql.engine.source import Text, field_text, position_text

__all__ = ["NotPlain", "complete", "open_all", "project_root"]


class NotPlain(Exception):
    """A value that is left to the careful way."""


def project_root(root: Position, take: Take) -> dict[str, Any]:
    """The data of an operation. Raises where anything is not as it should be, as do all here."""
    return (root.project or _compiled_position(root, is_root=True).project)(None, take)


def complete(field: Field, answers: Sequence[Any], take: Take) -> list[Any]:
    """The answers of a resolver of objects, as the answer has them."""
    return (field.complete or _compiled_field(field).complete)(answers, take)


def open_all(field: Field, answers: Sequence[Any], found: Found) -> None:
    """Find what resolvers wait for in the answers of another; there is something below that does."""
    (field.open_all or _compiled_field(field).open_all)(answers, found)


def _compiled_position(position: Position, *, is_root: bool = False) -> Any:
    names = _compiled(position_text(position, is_root=is_root), position.type_name)
    position.project, position.open = names["project"], names.get("open")
    return position


def _compiled_field(field: Field) -> Any:
    names = _compiled(field_text(field), field.name)
    field.complete, field.open_all = names["complete"], names.get("open_all")
    return field


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
    return (position.project or _compiled_position(position).project)(item, take)


def _open_by_type(below: Below, item: Any, found: Found) -> None:
    position = below.position_of(item)
    if position.opens:
        (position.open or _compiled_position(position).open)(item, found)


def _schema_says(result: ExecutionResult, key: str) -> Any:
    if result.data is None or result.errors:
        raise NotPlain
    return result.data[key]


def _not_plain() -> None:
    raise NotPlain
