"""Structs as bytes of messages and back: nothing is lost, and what no message holds is refused."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

import msgspec
import pytest
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from girok.manifest import discover
from girok.paging import PageInfo
from girok.rpc.contract import Contract, contract_of
from girok.rpc.converter import MOST_BYTES, Converter, Unreadable, Unsendable
from plugins.feed.ports import GetTimelineRequest, Post, TimelineResponse
from tests.kernel.rpc.protos import field, message
from tests.kernel.rpc.values import texts, values

CONTRACTS = [contract_of(name, port) for name, each in discover().items() for port in each.provides]
CONVERTERS = {
    f"{contract.role}.{method.name}.{side}": (getattr(method, side), hint)
    for contract in CONTRACTS
    for method in contract.methods
    for side, hint in (("request", "request"), ("response", "return"))
}
Role = Literal["ADMIN", "GUEST"]
NOW = datetime(2026, 11, 24, 8, 0, 0, 123_456, tzinfo=UTC)


class Part(msgspec.Struct, frozen=True):
    name: str


def converter(kind: Any, proto: str, label: str = "", default: Any = msgspec.NODEFAULT) -> Converter:
    field_of = ("it", kind) if default is msgspec.NODEFAULT else ("it", kind, default)
    return Converter(msgspec.defstruct("Whole", [field_of], frozen=True), message(field(proto, label)))


def through(made: Converter, value: Any) -> Any:
    """A value of the field `it`, there and back."""
    return made.decode(made.encode(made._struct(value))).it


def contract(role: str) -> Contract:
    return next(each for each in CONTRACTS if each.role == role)


class TestEveryMethod:
    @pytest.mark.parametrize("name", CONVERTERS)
    def test_every_request_and_response_comes_back_as_it_was(self, name: str) -> None:
        made: Converter = CONVERTERS[name][0]

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(values(made._struct))
        def comes_back(value: msgspec.Struct) -> None:
            back = made.decode(made.encode(value))
            assert type(back) is made._struct
            assert back == value

        comes_back()

    @settings(max_examples=200, deadline=None)
    @given(st.sampled_from(sorted(CONVERTERS)), st.binary(max_size=200))
    def test_any_bytes_are_a_struct_or_unreadable(self, name: str, data: bytes) -> None:
        made: Converter = CONVERTERS[name][0]
        with suppress(Unreadable):
            assert isinstance(made.decode(data), made._struct)


class TestScalars:
    @pytest.mark.parametrize(
        ("proto", "least", "most"),
        [
            ("int32", -(2**31), 2**31 - 1), ("sint32", -(2**31), 2**31 - 1), ("sfixed32", -(2**31), 2**31 - 1),
            ("int64", -(2**63), 2**63 - 1), ("sint64", -(2**63), 2**63 - 1), ("sfixed64", -(2**63), 2**63 - 1),
            ("uint32", 0, 2**32 - 1), ("fixed32", 0, 2**32 - 1), ("uint64", 0, 2**64 - 1), ("fixed64", 0, 2**64 - 1),
        ],
    )  # fmt: skip
    def test_integers_fill_their_range_and_fail_beyond(self, proto: str, least: int, most: int) -> None:
        made = converter(int, proto)
        assert [through(made, each) for each in (least, most)] == [least, most]
        for each in (least - 1, most + 1):
            with pytest.raises(Unsendable):
                through(made, each)

    @given(texts)
    def test_text_comes_back_with_nul_and_all(self, text: str) -> None:
        assert through(converter(str, "string"), text) == text

    @pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "x" * 9 + "\udc80"])
    def test_half_a_surrogate_pair_arrives_as_what_no_store_takes_either(self, text: str) -> None:
        sent = through(converter(str, "string"), text)
        assert sent == "".join("\0" if "\ud800" <= each <= "\udfff" else each for each in text)

    def test_bytes_that_are_no_utf8_are_no_text(self) -> None:
        with pytest.raises(Unreadable):
            converter(str, "string").decode(b"\x0a\x01\xff")

    def test_a_default_that_is_not_zero_is_what_absence_means(self) -> None:
        made = contract("feed").methods[0].request
        assert made.decode(b"") == GetTimelineRequest(first=20, after=None)
        assert made.decode(made.encode(GetTimelineRequest(first=0, after=""))) == GetTimelineRequest(0, "")


class TestMasks:
    def test_paths_come_back_and_none_are_nothing_on_the_wire(self) -> None:
        made = converter(tuple[str, ...], "FieldMask", default=())
        assert through(made, ("title", "skills")) == ("title", "skills")
        assert made.encode(made._struct(())) == b""
        assert made.decode(b"").it == ()

    def test_mask_is_as_every_other_client_sends_it(self) -> None:
        sent = GetMessageClass(message(field("FieldMask")))(it={"paths": ["a", "b"]}).SerializeToString()
        assert converter(tuple[str, ...], "FieldMask", default=()).decode(sent).it == ("a", "b")


class TestListsThatMayBeNone:
    @pytest.mark.parametrize(("kind", "proto", "some"), [(str, "string", ("a",)), (Part, "Part", (Part("a"),))])
    def test_an_empty_one_is_none(self, kind: Any, proto: str, some: tuple[Any, ...]) -> None:
        made = converter(tuple[kind, ...] | None, proto, "repeated", default=None)
        assert [through(made, each) for each in (some, (), None)] == [some, None, None]


class TestTimes:
    @given(st.datetimes(timezones=st.just(UTC)))
    def test_a_microsecond_is_not_lost(self, time: datetime) -> None:
        assert through(converter(datetime, "Timestamp"), time) == time

    @pytest.mark.parametrize("time", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
    def test_the_first_and_the_last_instant_come_back(self, time: datetime) -> None:
        assert through(converter(datetime, "Timestamp"), time) == time

    def test_a_time_of_another_zone_is_the_same_instant(self) -> None:
        seoul = NOW.astimezone(timezone(timedelta(hours=9)))
        assert through(converter(datetime, "Timestamp"), seoul) == NOW

    def test_a_time_beyond_what_python_has_is_unreadable(self) -> None:
        made = message(field("Timestamp"))
        data = GetMessageClass(made)(it={"seconds": 253_402_300_800 * 1000}).SerializeToString()
        with pytest.raises(Unreadable):
            converter(datetime, "Timestamp").decode(data)

    def test_a_time_that_is_missing_is_unreadable(self) -> None:
        with pytest.raises(Unreadable, match="it is missing"):
            converter(datetime, "Timestamp").decode(b"")


class TestEnums:
    def test_a_number_that_only_another_version_knows_survives(self) -> None:
        made = converter(Role, "UserRole")
        newer = GetMessageClass(message(field("int32")))(it=77).SerializeToString()
        assert made.decode(newer).it == "UNKNOWN_77"
        assert made.encode(made.decode(newer)) == newer

    def test_zero_is_missing(self) -> None:
        with pytest.raises(Unreadable, match="it is missing"):
            converter(Role, "UserRole").decode(b"")
        with pytest.raises(Unreadable, match="it is missing"):
            converter(tuple[Role, ...], "UserRole", "repeated", ()).decode(b"\x0a\x01\x00")

    def test_zero_is_the_default_where_there_is_one(self) -> None:
        assert converter(Role, "UserRole", "", "GUEST").decode(b"").it == "GUEST"
        assert converter(Role | None, "UserRole", "optional", None).decode(b"\x08\x00").it is None

    def test_a_name_that_nobody_knows_cannot_be_sent(self) -> None:
        with pytest.raises(Unsendable):
            through(converter(Role, "UserRole"), "ROOT")

    def test_a_number_that_is_none_cannot_be_sent(self) -> None:
        with pytest.raises(Unsendable):
            through(converter(Role, "UserRole"), f"UNKNOWN_{2**31}")


class TestMessages:
    def test_absence_and_emptiness_are_told_apart(self) -> None:
        made = converter(Part | None, "Part", "", None)
        assert [through(made, each) for each in (None, Part(""))] == [None, Part("")]

    def test_a_message_that_is_missing_is_unreadable(self) -> None:
        with pytest.raises(Unreadable, match="it is missing"):
            converter(Part, "Part").decode(b"")

    def test_fields_that_only_another_version_knows_are_passed_over(self) -> None:
        made = contract("feed").methods[0].response
        page = TimelineResponse((), PageInfo(has_next_page=False))
        assert made.decode(made.encode(page) + b"\xfa\x07\x03new") == page

    def test_lists_are_tuples(self) -> None:
        assert through(converter(tuple[str, ...], "string", "repeated"), ("a", "", "b")) == ("a", "", "b")

    def test_four_mebibytes_are_the_most(self) -> None:
        made = converter(str, "string")
        fits = "x" * (MOST_BYTES - 5)
        assert len(made.encode(made._struct(fits))) == MOST_BYTES
        with pytest.raises(Unsendable, match="too long"):
            made.encode(made._struct(fits + "x"))


class Node(msgspec.Struct, frozen=True):
    """A message that holds itself."""

    name: str
    parent: "Node | None" = None
    replies: "tuple[Node, ...]" = ()


NODE = message(field("string", name="name"), field("Whole", name="parent"), field("Whole", "repeated", name="replies"))


def chain(length: int) -> Node:
    node = Node("root")
    for number in range(length):
        node = Node(str(number), parent=node)
    return node


class TestRecursion:
    def test_a_message_that_holds_itself_comes_back(self) -> None:
        made = Converter(Node, NODE)
        tree = Node("a", parent=Node("b", replies=(Node("c"), Node("d"))))
        assert made.decode(made.encode(tree)) == tree
        assert made.decode(made.encode(chain(50))) == chain(50)

    def test_a_chain_without_end_cannot_be_sent(self) -> None:
        with pytest.raises(Unsendable):
            Converter(Node, NODE).encode(chain(5_000))

    def test_a_chain_without_end_is_unreadable(self) -> None:
        data = b""
        for _ in range(200):
            data = b"\x12" + varint(len(data)) + data
        with pytest.raises(Unreadable):
            Converter(Node, NODE).decode(data)


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


class TestExamples:
    def test_what_a_post_looks_like_on_the_wire_is_what_its_proto_says(self) -> None:
        (made,) = (each.response for each in contract("feed").methods if each.name == "get_post")
        post = Post(id="1", text="hello", author_id="2", like_count=3, liked=True, created_at=NOW)
        sent = made._message.FromString(made.encode(post))
        assert (sent.id, sent.text, sent.author_id, sent.like_count, sent.liked) == ("1", "hello", "2", 3, True)
        assert sent.created_at.ToDatetime(UTC) == NOW
