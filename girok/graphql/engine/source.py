"""The functions that make an answer, as Python text.

`project` makes an object the answer's; positions below it that have one type are written into it. Every value is
looked at once, and taken as it is where its type says that nothing is to be done; whatever else there is goes to the
scalar. `open` finds the objects that resolvers wait for.

    def project(o, take):
        take_author = take.get(f1_author)
        if type(o) not in plain: look_at(o)
        v_id = o.id
        if type(v_id) is not str: v_id = as_ID(v_id)
        v_author = take_author()
        return {'id': v_id, 'author': v_author}

    def open(o, found):
        found_author = found[f1_author].append
        if type(o) not in plain: look_at(o)
        found_author(o)

`complete` and `open_all` do so for all answers of a resolver.
"""

import keyword
from collections.abc import Generator
from contextlib import contextmanager

from girok.graphql.engine.plan import Field, Kind, Leaf, Position

__all__ = ["Text", "field_text", "position_text"]

_OTHER_THAN = {
    "String": "type({0}) is not str",
    "ID": "type({0}) is not str",
    "Boolean": "{0} is not True and {0} is not False",
    "Int": "type({0}) is not int or not -2147483648 <= {0} <= 2147483647",
    "Float": "type({0}) is not float or not -1.7976931348623157e308 <= {0} <= 1.7976931348623157e308",
}
"""What is true of a value that the scalar has to look at."""
_MOST_LOOPS = 8
"""Loops within one another; Python has a limit of 20."""


class Text:
    """The text of functions, and the fields and leaves that it names."""

    def __init__(self) -> None:
        self.fields: dict[str, Field] = {}
        self.leaves: dict[str, Leaf] = {}
        self.loops = 0
        self._lines: list[str] = []
        self._indent = ""
        self._top = 0
        self._places = 0

    def __str__(self) -> str:
        return "\n".join(self._lines)

    def add(self, line: str) -> None:
        """A line at the end."""
        self._lines.append(self._indent + line)

    def at_top(self, line: str) -> None:
        """A line at the beginning of the function, after those that are there already."""
        self._lines.insert(self._top, f"    {line}")
        self._top += 1

    @contextmanager
    def function(self, line: str) -> Generator[None]:
        """The lines of a function."""
        self._places = 0
        with self.block(line):
            self._top = len(self._lines)
            yield

    @contextmanager
    def block(self, line: str) -> Generator[None]:
        """The lines under this one."""
        self.add(line)
        self._indent += "    "
        yield
        self._indent = self._indent[4:]

    @contextmanager
    def loop(self, value: str) -> Generator[str]:
        """The lines of a loop over a list; what is given is the name of an item."""
        item = f"i{self.loops}"
        with self.block(f"for {item} in items({value}):"):
            self.loops += 1
            yield item
            self.loops -= 1

    def place(self) -> str:
        """What tells the names of one object in the function from those of others: nothing for the first."""
        self._places += 1
        return str(self._places) if self._places > 1 else ""

    def name(self, field: Field) -> str:
        """The name of a field."""
        name = f"f{len(self.fields) + 1}_{field.key}"
        self.fields[name] = field
        return name


def position_text(position: Position, *, is_root: bool = False) -> Text:
    """`project` and, where resolvers wait for anything there, `open`. The root has no object to look at."""
    text = Text()
    with text.function("def project(o, take):"):
        text.add(f"return {_object(text, position, 'o', looks=not is_root)}")
    if position.opens:
        with text.function("def open(o, found):"):
            _open_object(text, position, "o", looks=not is_root)
    return text


def field_text(field: Field) -> Text:
    """`complete` and, where resolvers wait for anything below, `open_all`."""
    text = Text()
    all_of_them = Kind(required=True, item=field.kind)
    with text.function("def complete(values, take):"):
        _value(text, field, all_of_them, "values")
        text.add("return values")
    if field.below is not None and field.below.opens:
        with text.function("def open_all(values, found):"):
            _open_value(text, field, all_of_them, "values")
    return text


def _object(text: Text, position: Position, o: str, *, looks: bool = True) -> str:
    """Write what the object `o` needs; the expression that makes it the answer's."""
    place = text.place()
    if looks:
        text.add(f"if type({o}) not in plain: look_at({o})")
    if position.error is not None:
        text.add("not_plain()")
    entries: list[str] = []
    for field in position.fields:
        value = f"v{place}_{field.key}"
        entries.append(f"{field.key!r}: {repr(field.constant) if field.constant else value}")
        if field.attribute:
            text.add(f"{value} = {_read(o, field)}")
            _value(text, field, field.kind, value)
        elif not field.constant:
            _taken(text, field, f"take{place}_{field.key}", value)
    return f"{{{', '.join(entries)}}}"


def _taken(text: Text, field: Field, take: str, value: str) -> None:
    """Write what takes the next answer of a field: one with objects is the answer's already."""
    text.at_top(f"{take} = take.get({text.name(field)})")
    text.add(f"{value} = {take}()")
    if field.introspect is not None:
        text.add(f"{value} = schema_says({value}, {field.key!r})")
    elif field.below is None:
        _value(text, field, field.kind, value)


def _value(text: Text, field: Field, kind: Kind, value: str) -> None:
    """Write what makes the variable `value`, or an item in it, the answer's."""
    if kind.leaf is not None:
        text.leaves[kind.leaf.name] = kind.leaf
        text.add(_leaf(kind, kind.leaf, value))
    elif not kind.required:
        with text.block(f"if {value} is not None:"):
            _value(text, field, kind._replace(required=True), value)
    elif kind.item is not None:
        items = f"l{text.loops}"
        text.add(f"{items} = []")
        with text.loop(value) as item:
            _value(text, field, kind.item, item)
            text.add(f"{items}.append({item})")
        text.add(f"{value} = {items}")
    elif (position := _inside(text, field)) is not None:
        text.add(f"{value} = {_object(text, position, value)}")
    else:
        text.add(f"{value} = project_by_type({text.name(field)}.below, {value}, take)")


def _open_object(text: Text, position: Position, o: str, *, looks: bool = True) -> None:
    place = text.place()
    if looks:
        text.add(f"if type({o}) not in plain: look_at({o})")
    for field in position.fields:
        if field.resolver is not None:
            found = f"found{place}_{field.key}"
            text.at_top(f"{found} = found[{text.name(field)}].append")
            text.add(f"{found}({o})")
        elif field.below is not None and field.below.opens:
            value = f"v{place}_{field.key}"
            text.add(f"{value} = {_read(o, field)}")
            _open_value(text, field, field.kind, value)


def _open_value(text: Text, field: Field, kind: Kind, value: str) -> None:
    if not kind.required:
        with text.block(f"if {value} is not None:"):
            _open_value(text, field, kind._replace(required=True), value)
    elif kind.item is not None:
        with text.loop(value) as item:
            _open_value(text, field, kind.item, item)
    elif (position := _inside(text, field)) is not None:
        _open_object(text, position, value)
    else:
        text.add(f"open_by_type({text.name(field)}.below, {value}, found)")


def _inside(text: Text, field: Field) -> Position | None:
    """The position below the field that is written into the same function, where one is."""
    return field.below.only if field.below is not None and text.loops <= _MOST_LOOPS else None


def _read(o: str, field: Field) -> str:
    name = field.attribute
    return f"getattr({o}, {name!r})" if keyword.iskeyword(name) else f"{o}.{name}"


def _leaf(kind: Kind, leaf: Leaf, value: str) -> str:
    """The line that makes a leaf what the answer shows."""
    line = f"{value} = as_{leaf.name}({value})"
    test = _OTHER_THAN.get(leaf.name, "").format(value)
    if leaf.names:
        test = f"type({value}) is not str or {value} not in names_{leaf.name}"
    if not kind.required:
        test = f"{value} is not None and ({test})" if test else f"{value} is not None"
    return f"if {test}: {line}" if test else line
