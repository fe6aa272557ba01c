"""JSON Schema 2020-12 of the types that msgspec reads and writes; each Struct is a component.

msgspec writes such schemas too, but one and the same for both ways. What comes in may leave out every field that has a
default, holds no NUL, and may have fields that are ignored; what goes out has all its fields.
"""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec
from msgspec import inspect as kinds

__all__ = ["Schema", "Schemas", "as_json"]

Schema: TypeAlias = dict[str, Any]

_NO_NUL = r"^[^\u0000]*$"
_PLAIN: dict[type[kinds.Type], Schema] = {
    kinds.AnyType: {},
    kinds.NoneType: {"type": "null"},
    kinds.BoolType: {"type": "boolean"},
    kinds.DateTimeType: {"type": "string", "format": "date-time"},
    kinds.DateType: {"type": "string", "format": "date"},
    kinds.TimeType: {"type": "string", "format": "time"},
    kinds.UUIDType: {"type": "string", "format": "uuid"},
}
_LISTS = (kinds.ListType, kinds.VarTupleType, kinds.SetType, kinds.FrozenSetType)
_NUMBERS = {
    "gt": "exclusiveMinimum",
    "ge": "minimum",
    "lt": "exclusiveMaximum",
    "le": "maximum",
    "multiple_of": "multipleOf",
}


def as_json(value: object) -> Any:
    """A default as JSON has it: lists for tuples, texts for dates."""
    return msgspec.json.decode(msgspec.json.encode(value))


class Schemas:
    """The schemas of one document. Ask for all that goes out first: what comes in gives way where names meet."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._names: dict[tuple[type, bool], str] = {}

    def incoming(self, kind: Any) -> Schema:
        """Of a type that a client sends. Raises TypeError on a type that JSON bodies here do not have."""
        return self._of(kinds.type_info(kind), is_incoming=True)

    def outgoing(self, kind: Any) -> Schema:
        """Of a type that girok answers. Raises TypeError as above."""
        return self._of(kinds.type_info(kind), is_incoming=False)

    def _of(self, kind: kinds.Type, *, is_incoming: bool) -> Schema:
        if type(kind) in _PLAIN:
            return dict(_PLAIN[type(kind)])
        if isinstance(kind, kinds.Metadata):
            return {**self._of(kind.type, is_incoming=is_incoming), **_told(kind)}
        if isinstance(kind, kinds.StructType):
            return self._component(kind, is_incoming=is_incoming)
        if isinstance(kind, kinds.UnionType):
            return _any_of([self._of(each, is_incoming=is_incoming) for each in kind.types])
        return self._container(kind, is_incoming=is_incoming) or _scalar(kind, is_incoming=is_incoming)

    def _container(self, kind: kinds.Type, *, is_incoming: bool) -> Schema | None:
        if isinstance(kind, _LISTS):
            items = self._of(kind.item_type, is_incoming=is_incoming)
            return {"type": "array", "items": items, **_limits(kind, "Items")}
        if isinstance(kind, kinds.TupleType):
            places = [self._of(each, is_incoming=is_incoming) for each in kind.item_types]
            return {"type": "array", "prefixItems": places, "minItems": len(places), "maxItems": len(places)}
        if isinstance(kind, kinds.DictType):
            names = self._of(kind.key_type, is_incoming=is_incoming)
            values = self._of(kind.value_type, is_incoming=is_incoming)
            rules = {"propertyNames": names} if names != {"type": "string"} else {}
            return {"type": "object", **rules, "additionalProperties": values, **_limits(kind, "Properties")}
        return None

    def _component(self, kind: kinds.StructType, *, is_incoming: bool) -> Schema:
        """A reference to the component of a Struct, which is made when it is not there yet."""
        key = (kind.cls, is_incoming)
        if key not in self._names:
            name = self._names[key] = self._free_name(kind.cls)
            schema = self.components[name] = {"title": name, "type": "object"}
            if kind.cls.__doc__:
                schema["description"] = kind.cls.__doc__
            schema["properties"] = {
                each.encode_name: self._property(each, is_incoming=is_incoming) for each in kind.fields
            }
            schema["required"] = list(_required(kind, is_incoming=is_incoming))
            if kind.forbid_unknown_fields:
                schema["additionalProperties"] = False
        return {"$ref": f"#/components/schemas/{self._names[key]}"}

    def _property(self, field: kinds.Field, *, is_incoming: bool) -> Schema:
        schema = self._of(field.type, is_incoming=is_incoming)
        if is_incoming and field.default is not msgspec.NODEFAULT and field.default is not msgspec.UNSET:
            schema["default"] = as_json(field.default)
        return schema

    def _free_name(self, cls: type) -> str:
        """Its own; with its plugin's in front, or as input, where another has that."""
        plugin = cls.__module__.split(".")[1].title() if "." in cls.__module__ else ""
        candidates = [cls.__name__, f"{cls.__name__}Input", f"{plugin}{cls.__name__}", f"{plugin}{cls.__name__}Input"]
        same = [name for (each, _), name in self._names.items() if each is cls]
        return next(name for name in (candidates[1::2] if same else candidates[::2]) if name not in self.components)


def _required(kind: kinds.StructType, *, is_incoming: bool) -> Iterator[str]:
    omits = kind.cls.__struct_config__.omit_defaults
    for field in kind.fields:
        may_lack = not field.required if is_incoming or omits else field.default is msgspec.UNSET
        if not may_lack:
            yield field.encode_name


def _told(kind: Any) -> Schema:
    """Title, description and examples, as annotated."""
    return kind.extra_json_schema or {}


def _scalar(kind: kinds.Type, *, is_incoming: bool) -> Schema:
    if isinstance(kind, kinds.IntType | kinds.FloatType):
        limits = {word: getattr(kind, name) for name, word in _NUMBERS.items() if getattr(kind, name) is not None}
        return {"type": "integer" if isinstance(kind, kinds.IntType) else "number", **limits}
    if isinstance(kind, kinds.StrType):
        pattern = re.sub(r"\\Z", "$", kind.pattern) if kind.pattern else _NO_NUL if is_incoming else None
        return {"type": "string", **({"pattern": pattern} if pattern else {}), **_limits(kind, "Length")}
    if isinstance(kind, kinds.BytesType) and is_incoming:  # a file of a form
        return {"type": "string", "format": "binary"}
    if isinstance(kind, kinds.EnumType):
        return {"enum": [each.value for each in kind.cls]}
    if isinstance(kind, kinds.LiteralType):
        return {"enum": list(kind.values)}
    raise TypeError(f"{kind} has no schema here")


def _limits(kind: Any, noun: str) -> Schema:
    limits = {f"min{noun}": kind.min_length, f"max{noun}": kind.max_length}
    return {word: limit for word, limit in limits.items() if limit is not None}


def _any_of(schemas: list[Schema]) -> Schema:
    """Of plain types JSON Schema has a shorter form: `{"type": ["string", "null"]}`."""
    *others, last = schemas
    if last == {"type": "null"} and len(others) == 1 and isinstance(others[0].get("type"), str):
        return {**others[0], "type": [others[0]["type"], "null"]}
    return {"anyOf": schemas}
