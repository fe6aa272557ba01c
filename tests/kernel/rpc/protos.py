"""Messages made in a test, each in a pool of its own."""

from typing import Any

from google.protobuf import field_mask_pb2, timestamp_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

__all__ = ["SCALARS", "field", "message"]

F = FieldDescriptorProto
SCALARS = {
    "string": F.TYPE_STRING, "bytes": F.TYPE_BYTES, "bool": F.TYPE_BOOL, "double": F.TYPE_DOUBLE,
    "float": F.TYPE_FLOAT, "int32": F.TYPE_INT32, "int64": F.TYPE_INT64, "uint32": F.TYPE_UINT32,
    "uint64": F.TYPE_UINT64, "sint32": F.TYPE_SINT32, "sint64": F.TYPE_SINT64, "fixed32": F.TYPE_FIXED32,
    "fixed64": F.TYPE_FIXED64, "sfixed32": F.TYPE_SFIXED32, "sfixed64": F.TYPE_SFIXED64,
}  # fmt: skip
_OTHERS = {
    "Timestamp": (F.TYPE_MESSAGE, ".google.protobuf.Timestamp"),
    "FieldMask": (F.TYPE_MESSAGE, ".google.protobuf.FieldMask"),
    "Part": (F.TYPE_MESSAGE, ".t.Part"),
    "Whole": (F.TYPE_MESSAGE, ".t.Whole"),
    "Words": (F.TYPE_MESSAGE, ".t.Whole.WordsEntry"),
    "UserRole": (F.TYPE_ENUM, ".t.UserRole"),
}


def field(kind: str, label: str = "", name: str = "it") -> FieldDescriptorProto:
    """`field("string", "optional")`: a field `it`; `label` is "", optional or repeated."""
    number, type_name = _OTHERS.get(kind, (SCALARS.get(kind), ""))
    made = FieldDescriptorProto(name=name, type=number, label=F.LABEL_OPTIONAL)
    if label == "repeated":
        made.label = F.LABEL_REPEATED
    made.proto3_optional = label == "optional"
    if type_name:
        made.type_name = type_name
    return made


def message(*fields: FieldDescriptorProto, oneof: str = "") -> Descriptor:
    """`message Whole` with these fields; beside it are `message Part { string name = 1; }` and `enum UserRole`.

    With `oneof`, all fields are in one of that name.
    """
    whole = DescriptorProto(name="Whole")
    entry = whole.nested_type.add(name="WordsEntry")
    entry.options.map_entry = True
    entry.field.extend([_numbered(field("string", name=name), at) for at, name in enumerate(("key", "value"), 1)])
    if oneof:
        whole.oneof_decl.add(name=oneof)
    for at, each in enumerate(fields, 1):
        whole.field.append(_numbered(each, at))
        if oneof:
            whole.field[-1].oneof_index = 0
        elif each.proto3_optional:
            whole.field[-1].oneof_index = len(whole.oneof_decl)
            whole.oneof_decl.add(name=f"_{each.name}")
    return _built(whole)


def _numbered(each: FieldDescriptorProto, number: int) -> FieldDescriptorProto:
    made = FieldDescriptorProto()
    made.CopyFrom(each)
    made.number = number
    return made


def _built(whole: DescriptorProto) -> Descriptor:
    file = FileDescriptorProto(name="t.proto", package="t", syntax="proto3", message_type=[whole])
    file.dependency.extend(["google/protobuf/field_mask.proto", "google/protobuf/timestamp.proto"])
    file.message_type.add(name="Part").field.append(_numbered(field("string", name="name"), 1))
    role = file.enum_type.add(name="UserRole")
    for number, name in enumerate(("UNSPECIFIED", "ADMIN", "GUEST")):
        role.value.add(name=f"USER_ROLE_{name}", number=number)
    pool: Any = DescriptorPool()
    for known in (field_mask_pb2, timestamp_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindMessageTypeByName("t.Whole")
