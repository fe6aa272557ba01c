"""The functions of a position, written as Python text and compiled.

`project` makes an object the answer's. It looks at every value once, and takes it as it is where its type says that
nothing is to be done; whatever else it meets it gives to the scalar. `open` finds the objects below which resolvers
wait for. Where either raises, `careful.py` makes the answer, which knows about errors.

    def project(o, take):
        if type(o) not in plain: look_at(o)
        v_id = o.id
        if type(v_id) is not str: v_id = as_ID(v_id)
        v_replies = [project_replies(e, take) for e in items(o.replies)]
        v_author = take[f_author]()
        return {'id': v_id, 'replies': v_replies, 'author': v_author}

    def open(o, found):
        if type(o) not in plain: look_at(o)
        for e in items(o.replies):
            open_replies(e, found)
        found[f_author].append(o)
"""

import keyword
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from graphql import ExecutionResult, Undefined

from girok.graphql.engine.plan import Below, Field, Found, Kind, Position, Take

__all__ = ["compile_field", "compile_position", "source_of"]

_OTHER_THAN = {
    "String": "type({0}) is not str",
    "ID": "type({0}) is not str",
    "Boolean": "{0} is not True and {0} is not False",
    "Int": "type({0}) is not int or not -2147483648 <= {0} <= 2147483647",
    "Float": "type({0}) is not float or not -1.7976931348623157e308 <= {0} <= 1.7976931348623157e308",
}
"""What is true of a value that the scalar has to look at."""
_LOOK = "    if type(o) not in plain: look_at(o)"
Names = dict[str, Any]


class NotPlain(Exception):
    """A value that is left to the careful way."""


def compile_position(position: Position, *, is_root: bool = False) -> None:
    """Give a position its functions. A root's object is None."""
    if position.error is not None:
        position.project, position.open = _not_plain, _not_plain
        return
    names = _names(position.fields)
    text = source_of(position, names, is_root=is_root)
    exec(compile(text, f"<{position.type_name}>", "exec"), names)  # noqa: S102 - made of names of schema and document
    position.project, position.open = names["project"], names.get("open")


def compile_field(field: Field) -> None:
    """Give a field that a resolver answers with objects its functions."""
    if field.below is None:
        return
    names = _names([field])
    lines = [
        "def complete(values, take):",
        f"    return [{_expression(field.kind, field, 'v', names)} for v in values]",
    ]
    if field.below.may_open:
        lines += ["def open(values, found):", "    for v in values:", *_opening(field.kind, field, "v", " " * 8)]
    exec(compile("\n".join(lines), f"<{field.name}>", "exec"), names)  # noqa: S102 - as above
    field.complete, field.open = names["complete"], names.get("open")


def source_of(position: Position, names: Names | None = None, *, is_root: bool = False) -> str:
    """The text of a position's functions; `names` is given what it refers to."""
    names = {} if names is None else names
    return "\n".join([*_project(position, names, is_root=is_root), *_open(position, is_root=is_root)])


def _project(position: Position, names: Names, *, is_root: bool) -> Iterator[str]:
    yield "def project(o, take):"
    if not is_root:
        yield _LOOK
    entries: list[str] = []
    for field in position.fields:
        value = f"v_{field.key}"
        if field.constant:
            value = repr(field.constant)
        elif field.resolver is not None or field.introspect is not None:
            yield f"    {value} = take[f_{field.key}]()"
            if field.introspect is not None:
                yield f"    {value} = schema_says({value}, {field.key!r})"
            elif field.below is None:
                yield f"    {_checked(value, field, names)}"
        elif field.below is None:
            yield f"    {value} = {_read(field)}"
            yield f"    {_checked(value, field, names)}"
        else:
            read = _read(field)
            if not field.kind.required:
                yield f"    {value} = {read}"
                read = value
            yield f"    {value} = {_expression(field.kind, field, read, names)}"
        entries.append(f"{field.key!r}: {value}")
    yield f"    return {{{', '.join(entries)}}}"


def _open(position: Position, *, is_root: bool) -> Iterator[str]:
    """The lines of `open`; none where no resolver waits for anything."""
    lines: list[str] = []
    for field in position.fields:
        if field.resolver is not None:
            lines.append(f"    found[f_{field.key}].append(o)")
        elif field.below is not None and field.below.may_open:
            lines += [f"    v = {_read(field)}", *_opening(field.kind, field, "v", " " * 4)]
    if lines:
        yield "def open(o, found):"
        if not is_root:
            yield _LOOK
        yield from lines


def _read(field: Field) -> str:
    name = field.attribute
    return f"getattr(o, {name!r})" if keyword.iskeyword(name) else f"o.{name}"


def _checked(value: str, field: Field, names: Names) -> str:
    """The line that makes the value of a leaf, or of a list of leaves, what the answer shows."""
    kind = field.kind
    if kind.leaf is None:
        return f"{value} = {_expression(kind, field, value, names)}"
    name = kind.leaf.name
    names[f"as_{name}"] = _as_leaf(kind.leaf.coerce)
    line = f"{value} = as_{name}({value})"
    test = _OTHER_THAN.get(name, "").format(value)
    if kind.leaf.names:
        names[f"names_{name}"] = kind.leaf.names
        test = f"type({value}) is not str or {value} not in names_{name}"
    if not kind.required:
        test = f"{value} is not None and ({test})" if test else f"{value} is not None"
    return f"if {test}: {line}" if test else line


def _expression(kind: Kind, field: Field, value: str, names: Names) -> str:
    """What makes the value of a list or an object, or an item, what the answer shows. It reads `value` once, but twice
    where that may be null."""
    if kind.item is not None:
        item = f"{value}_" if value.isidentifier() else "e"
        made = f"[{_expression(kind.item, field, item, names)} for {item} in items({value})]"
    elif kind.leaf is not None:
        names[f"as_{kind.leaf.name}"] = _as_leaf(kind.leaf.coerce)
        made = f"as_{kind.leaf.name}({value})"
    else:
        made = f"project_{field.key}({value}, take)"
    return made if kind.required else f"None if {value} is None else {made}"


def _opening(kind: Kind, field: Field, value: str, indent: str) -> Iterator[str]:
    """The lines that open a value, or an item."""
    if not kind.required:
        yield f"{indent}if {value} is not None:"
        indent += "    "
    if kind.item is None:
        yield f"{indent}open_{field.key}({value}, found)"
    else:
        yield f"{indent}for {value}_ in items({value}):"
        yield from _opening(kind.item, field, f"{value}_", indent + "    ")


def _names(fields: Sequence[Field]) -> Names:
    """What the functions of a position with these fields refer to."""
    names: Names = {
        "items": _items,
        "plain": (plain := set[type]()),
        "look_at": _look_at(plain),
        "schema_says": _schema_says,
    }
    for field in fields:
        names[f"f_{field.key}"] = field
        below = field.below
        if below is None:
            continue
        if below.only is None:
            names[f"project_{field.key}"], names[f"open_{field.key}"] = _by_type(below)
        else:
            names[f"project_{field.key}"], names[f"open_{field.key}"] = below.only.project, below.only.open
    return names


def _by_type(below: Below) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The functions for objects of an interface or union."""

    def project(item: Any, take: Take) -> dict[str, Any]:
        return below.position_of(item).project(item, take)

    def open_(item: Any, found: Found) -> None:
        position = below.position_of(item)
        if position.open is not None:
            position.open(item, found)

    return project, open_


def _look_at(plain: set[type]) -> Callable[[Any], None]:
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


def _schema_says(result: ExecutionResult, key: str) -> Any:
    if result.data is None or result.errors:
        raise NotPlain
    return result.data[key]


def _as_leaf(coerce: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def as_leaf(value: Any) -> Any:
        if value is None or value is Undefined or isinstance(value, Exception):
            raise NotPlain
        return coerce(value)

    return as_leaf


def _not_plain(*_: object) -> Any:
    raise NotPlain
