"""A Struct beside a protobuf message: they agree on every field's name, type and optionality, or girok does not start.

    Struct                              message
    str, bytes, bool, float             string, bytes, bool, double or float
    int                                 any integer; a value out of its range fails when it is sent
    datetime                            google.protobuf.Timestamp, microseconds
    Literal["USER", ...]                an enum Role { ROLE_UNSPECIFIED = 0; ROLE_USER = ...; }
    a Struct                            a message
    tuple[X, ...]                       repeated X
    tuple[str, ...] = ()                google.protobuf.FieldMask: its paths; none when it is absent

    X | None                            `optional X`, or a message: None when it is absent
    tuple[X, ...] | None                repeated X; None when it is empty
    X = <the type's zero>               X: absent and zero are the same
    X = <another default>               `optional X`: absent is the default
    X                                   X; a message or an enum has to be there

What `Annotated` adds to a type stays in Python. Maps and `oneof` have no counterpart. An enum value that this process
does not know is read as UNKNOWN_<number>, and sent on as that number.
"""

from collections.abc import Sequence
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from msgspec.structs import FieldInfo

from girok.refusal import Refusal

__all__ = ["Agreed", "ContractMismatch", "Kind", "agree", "enum_names"]

Kind = Literal["scalar", "time", "enum", "message", "mask"]
_TIMESTAMP = "google.protobuf.Timestamp"
_FIELD_MASK = "google.protobuf.FieldMask"
_SCALARS: dict[type, frozenset[int]] = {
    str: frozenset({FieldDescriptor.TYPE_STRING}),
    bytes: frozenset({FieldDescriptor.TYPE_BYTES}),
    bool: frozenset({FieldDescriptor.TYPE_BOOL}),
    float: frozenset({FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}),
    int: frozenset(
        {
            FieldDescriptor.TYPE_INT32,
            FieldDescriptor.TYPE_INT64,
            FieldDescriptor.TYPE_UINT32,
            FieldDescriptor.TYPE_UINT64,
            FieldDescriptor.TYPE_SINT32,
            FieldDescriptor.TYPE_SINT64,
            FieldDescriptor.TYPE_FIXED32,
            FieldDescriptor.TYPE_FIXED64,
            FieldDescriptor.TYPE_SFIXED32,
            FieldDescriptor.TYPE_SFIXED64,
        }
    ),
}


class ContractMismatch(Refusal):
    """A plugin's ports.py and its .proto say different things."""


class Agreed(NamedTuple):
    """A field as both have it. `plain` is the type of one value; `absent` is whether its absence can be seen."""

    name: str
    kind: Kind
    plain: Any
    repeated: bool
    absent: bool
    default: Any
    """What an absent value is read as; NODEFAULT when it has to be there."""
    sub: Any
    """The Descriptor of a message, the EnumDescriptor of an enum, else None."""


def agree(struct: type[msgspec.Struct], message: Descriptor) -> tuple[Agreed, ...]:
    """The fields of both, in the Struct's order. Raises ContractMismatch with the first difference."""
    fields = {each.name: each for each in message.fields}
    wanted = {each.name: each for each in msgspec.structs.fields(struct)}
    for name in fields.keys() ^ wanted.keys():
        missing = message.full_name if name in wanted else struct.__name__
        raise ContractMismatch(f"{struct.__name__} and {message.full_name}: {missing} has no field {name!r}")
    try:
        return tuple(_field(info, fields[name]) for name, info in wanted.items())
    except ContractMismatch as error:
        raise ContractMismatch(f"{struct.__name__} and {message.full_name}: {error}") from None


def enum_names(enum: EnumDescriptor) -> dict[str, int]:
    """The numbers of an enum by their names in Python: ROLE_USER of the enum Role is USER. The zero is left out."""
    prefix = "".join(f"_{each}" if each.isupper() else each.upper() for each in enum.name).removeprefix("_") + "_"
    return {each.name.removeprefix(prefix): each.number for each in enum.values if each.number}


def _field(info: FieldInfo, field: FieldDescriptor) -> Agreed:
    plain, optional, repeated = _unwrapped(info.type, field)
    if _is(_FIELD_MASK, field) and (plain, optional, repeated) == (str, False, True) and info.default == ():
        return Agreed(field.name, "mask", str, repeated=False, absent=True, default=(), sub=field.message_type)
    if repeated != field.is_repeated:
        raise _mismatch(field, f"must be {'repeated' if repeated else 'single'}: it is {info.type} in the Struct")
    if field.containing_oneof and field.containing_oneof.name != f"_{field.name}":
        raise _mismatch(field, f"must not be in the oneof {field.containing_oneof.name!r}")
    kind = _kind(plain, field)
    default = info.default
    if optional:
        if not (field.has_presence or repeated):
            raise _mismatch(field, "may be None, so it must be `optional`")
        default = None
    elif kind == "scalar" and not repeated:
        visible = default is not msgspec.NODEFAULT and default != plain()
        if visible != field.has_presence:
            raise _mismatch(field, "must be `optional`" if visible else "must not be `optional`: it cannot be None")
    return Agreed(field.name, kind, plain, repeated, field.has_presence, default, field.message_type or field.enum_type)


def _unwrapped(kind: Any, field: FieldDescriptor) -> tuple[Any, bool, bool]:
    """The type of one value, whether it may be None, whether there are many."""
    kind = _bare(kind)
    members: Sequence[Any] = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    plain = [_bare(each) for each in members if each is not NoneType]
    if len(plain) != 1:
        raise _mismatch(field, f"cannot be {kind}")
    optional = NoneType in members
    items: Sequence[Any] = get_args(plain[0]) if get_origin(plain[0]) is tuple else [None]
    many = items[1:] == (Ellipsis,)
    return (_bare(items[0]) if many else plain[0]), optional, many


def _bare(kind: Any) -> Any:
    """A type without what Annotated adds."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _kind(plain: Any, field: FieldDescriptor) -> Kind:
    message: Descriptor | None = field.message_type
    if plain is datetime and _is(_TIMESTAMP, field):
        return "time"
    if get_origin(plain) is Literal and field.enum_type and set(get_args(plain)) == set(enum_names(field.enum_type)):
        return "enum"
    if isinstance(plain, type):
        if field.type in _SCALARS.get(plain, ()):
            return "scalar"
        if issubclass(plain, msgspec.Struct) and message and not (_is_map(message) or _is_known(field)):
            return "message"
    raise _mismatch(field, f"cannot be {plain}: it is {_described(field)}")


def _is(name: str, field: FieldDescriptor) -> bool:
    return bool(field.message_type and field.message_type.full_name == name)


def _is_known(field: FieldDescriptor) -> bool:
    """Whether it is a message that has a counterpart of its own."""
    return _is(_TIMESTAMP, field) or _is(_FIELD_MASK, field)


def _is_map(message: Descriptor) -> bool:
    return bool(message.GetOptions().map_entry)


def _described(field: FieldDescriptor) -> str:
    """A field's type as the .proto has it."""
    if field.enum_type:
        return f"{field.enum_type.full_name} of {', '.join(enum_names(field.enum_type))}"
    if field.message_type:
        return "a map" if _is_map(field.message_type) else str(field.message_type.full_name)
    number: Any = field.type
    return FieldDescriptorProto.Type.Name(number).removeprefix("TYPE_").lower()


def _mismatch(field: FieldDescriptor, what: str) -> ContractMismatch:
    return ContractMismatch(f"field {field.name!r} {what}")
