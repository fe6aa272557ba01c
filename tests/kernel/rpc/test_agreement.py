"""A Struct beside a message: what agrees, and that every difference is refused at once, naming both."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from girok.rpc.agreement import ContractMismatch, agree, enum_names
from tests.kernel.rpc.protos import SCALARS, field, message

Role = Literal["ADMIN", "GUEST"]
REQUIRED = msgspec.NODEFAULT


class Part(msgspec.Struct, frozen=True):
    name: str


def struct(kind: Any, default: Any = REQUIRED, name: str = "it") -> type[msgspec.Struct]:
    return msgspec.defstruct("Whole", [(name, kind) if default is REQUIRED else (name, kind, default)], frozen=True)


INTEGERS = [each for each in SCALARS if "int" in each or "fixed" in each]
AGREED = [
    (str, REQUIRED, "string", ""),
    (bytes, REQUIRED, "bytes", ""),
    (bool, REQUIRED, "bool", ""),
    (float, REQUIRED, "double", ""),
    (float, REQUIRED, "float", ""),
    *[(int, REQUIRED, each, "") for each in INTEGERS],
    (datetime, REQUIRED, "Timestamp", ""),
    (Role, REQUIRED, "UserRole", ""),
    (Part, REQUIRED, "Part", ""),
    (tuple[str, ...], REQUIRED, "string", "repeated"),
    (tuple[int, ...], (), "int32", "repeated"),
    (tuple[datetime, ...], REQUIRED, "Timestamp", "repeated"),
    (tuple[Role, ...], REQUIRED, "UserRole", "repeated"),
    (tuple[Part, ...], REQUIRED, "Part", "repeated"),
    (tuple[str, ...], (), "FieldMask", ""),
    (tuple[Part, ...] | None, None, "Part", "repeated"),
    (tuple[str, ...] | None, None, "string", "repeated"),
    (Annotated[str, Meta(max_length=3)], REQUIRED, "string", ""),
    (Annotated[str, Meta(max_length=3)] | None, None, "string", "optional"),
    (Annotated[tuple[Annotated[str, Meta(max_length=3)], ...], Meta(max_length=3)], REQUIRED, "string", "repeated"),
    (str | None, None, "string", "optional"),
    (str | None, REQUIRED, "string", "optional"),
    (datetime | None, None, "Timestamp", ""),
    (Role | None, None, "UserRole", "optional"),
    (Part | None, None, "Part", ""),
    (str, "", "string", ""),
    (int, 0, "int32", ""),
    (bool, False, "bool", ""),
    (str, "x", "string", "optional"),
    (int, 20, "int32", "optional"),
    (bool, True, "bool", "optional"),
    (Role, "GUEST", "UserRole", ""),
    (Role, "GUEST", "UserRole", "optional"),
]
DIFFERENT = [
    *[(str, REQUIRED, each, "", "cannot be") for each in SCALARS if each != "string"],
    *[(int, REQUIRED, each, "", "cannot be") for each in SCALARS if each not in INTEGERS],
    (bytes, REQUIRED, "string", "", "cannot be"),
    (bool, REQUIRED, "int32", "", "cannot be"),
    (float, REQUIRED, "int32", "", "cannot be"),
    (datetime, REQUIRED, "string", "", "it is string"),
    (datetime, REQUIRED, "Part", "", "it is t.Part"),
    (Part, REQUIRED, "Timestamp", "", "it is google.protobuf.Timestamp"),
    (Part, REQUIRED, "string", "", "it is string"),
    (str, REQUIRED, "UserRole", "", "it is t.UserRole of ADMIN, GUEST"),
    (Literal["ADMIN"], REQUIRED, "UserRole", "", "it is t.UserRole of ADMIN, GUEST"),
    (Literal["ADMIN", "GUEST", "ROOT"], REQUIRED, "UserRole", "", "it is t.UserRole of ADMIN, GUEST"),
    (Role, REQUIRED, "string", "", "it is string"),
    (str, REQUIRED, "string", "repeated", "must be single"),
    (tuple[str, ...], REQUIRED, "string", "", "must be repeated"),
    (list[str], REQUIRED, "string", "repeated", "must be single"),
    (tuple[str, str], REQUIRED, "string", "repeated", "must be single"),
    (tuple[str, ...], REQUIRED, "FieldMask", "", "must be repeated"),
    (tuple[str, ...], (), "Part", "", "must be repeated"),
    (tuple[int, ...], (), "FieldMask", "", "must be repeated"),
    (tuple[str, ...] | None, None, "FieldMask", "", "must be repeated"),
    (Part, REQUIRED, "FieldMask", "", "it is google.protobuf.FieldMask"),
    (tuple[Part, ...], REQUIRED, "Words", "repeated", "it is a map"),
    (str | None, None, "string", "", "must be `optional`"),
    (Role | None, None, "UserRole", "", "must be `optional`"),
    (str, REQUIRED, "string", "optional", "must not be `optional`"),
    (str, "", "string", "optional", "must not be `optional`"),
    (str, "x", "string", "", "must be `optional`"),
    (int, 20, "int32", "", "must be `optional`"),
    (int | str, REQUIRED, "string", "", "cannot be int | str"),
    (dict[str, str], REQUIRED, "Words", "repeated", "must be single"),
]


class TestAgree:
    @pytest.mark.parametrize(("kind", "default", "proto", "label"), AGREED)
    def test_every_row_of_the_table_agrees(self, kind: Any, default: Any, proto: str, label: str) -> None:
        (agreed,) = agree(struct(kind, default), message(field(proto, label)))
        assert agreed.name == "it"
        assert agreed.repeated == (label == "repeated")

    @pytest.mark.parametrize(("kind", "default", "proto", "label", "why"), DIFFERENT)
    def test_every_difference_is_refused(self, kind: Any, default: Any, proto: str, label: str, why: str) -> None:
        with pytest.raises(ContractMismatch) as refused:
            agree(struct(kind, default), message(field(proto, label)))
        assert str(refused.value).startswith("Whole and t.Whole: field 'it' ")
        assert why in str(refused.value)

    def test_fields_of_a_struct_have_the_order_of_the_struct(self) -> None:
        both = msgspec.defstruct("Whole", [("b", str), ("a", int)])
        fields = agree(both, message(field("int32", name="a"), field("string", name="b")))
        assert [each.name for each in fields] == ["b", "a"]

    def test_a_field_that_only_the_struct_has_is_refused(self) -> None:
        with pytest.raises(ContractMismatch, match=r"Whole and t\.Whole: t\.Whole has no field 'it'"):
            agree(struct(str), message())

    def test_a_field_that_only_the_message_has_is_refused(self) -> None:
        with pytest.raises(ContractMismatch, match=r"Whole and t\.Whole: Whole has no field 'more'"):
            agree(struct(str), message(field("string"), field("string", name="more")))

    def test_a_oneof_is_refused(self) -> None:
        with pytest.raises(ContractMismatch, match="must not be in the oneof 'either'"):
            agree(struct(str | None, None), message(field("string"), oneof="either"))


class TestEnumNames:
    def test_names_lose_the_name_of_the_enum_and_zero_is_left_out(self) -> None:
        enum = message(field("UserRole")).fields_by_name["it"].enum_type
        assert enum is not None
        assert enum_names(enum) == {"ADMIN": 1, "GUEST": 2}
