"""What is wrong with a value, field by field."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from girok.http.fields import field_errors


class Color(Enum):
    RED = "red"


class Point(msgspec.Struct, forbid_unknown_fields=True):
    x: int


class Circle(msgspec.Struct, tag=True):
    radius: int


class Square(msgspec.Struct, tag=True):
    side: int


class Drawing(msgspec.Struct, rename="camel"):
    top_left: Point | None = None
    points: list[Point] = []
    named: dict[str, Point] = {}
    pair: tuple[int, str] = (1, "")
    shape: Circle | Square | None = None
    either: list[int] | str = ""
    anything: Any = None


def wrong(value: object, kind: Any) -> dict[str, str]:
    return {error.path: error.text.en for error in field_errors(value, kind)}


class TestFieldErrors:
    def test_of_what_is_right_are_none(self) -> None:
        assert field_errors({"topLeft": {"x": 1}, "points": [], "unknown": 1}, Drawing) == ()

    def test_are_found_at_any_depth(self) -> None:
        value = {
            "topLeft": {},
            "points": [{"x": 1}, 5, {"x": "1"}],
            "named": {"a": {"x": None}},
            "pair": ["1", 2],
        }
        assert wrong(value, Drawing) == {
            "topLeft.x": "This is required.",
            "points[1]": "Must be an object.",
            "points[2].x": "Must be a whole number.",
            "named.a.x": "Must be a whole number.",
            "pair[0]": "Must be a whole number.",
            "pair[1]": "Must be text.",
        }

    def test_name_fields_that_do_not_exist_where_that_matters(self) -> None:
        assert wrong({"topLeft": {"x": 1, "y": 1}}, Drawing) == {"topLeft.y": "There is no such field."}

    def test_stand_at_the_value_where_several_types_are_possible(self) -> None:
        assert wrong({"shape": {"type": "Circle"}}, Drawing) == {"shape": "This is required."}
        assert wrong({"either": ["a"]}, Drawing) == {"either[0]": "Must be a whole number."}

    def test_of_a_value_without_parts_have_the_path_given(self) -> None:
        (error,) = field_errors("x", int, "age")
        assert error.path == "age"

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(st.sampled_from(["topLeft", "points", "named", "pair", "shape", "x", "type"]), inner)
            ),
        )
    )
    def test_are_none_exactly_when_the_value_converts(self, value: object) -> None:
        errors = field_errors(value, Drawing)
        try:
            msgspec.convert(value, Drawing)
        except msgspec.ValidationError:
            assert errors
        else:
            assert not errors


class TestSentences:
    @pytest.mark.parametrize(
        ("value", "kind", "en", "ko"),
        [
            ("", Annotated[str, Meta(min_length=2)], "Must have at least 2 characters.", "2자 이상이어야 합니다."),
            ("abc", Annotated[str, Meta(max_length=2)], "Must have at most 2 characters.", "2자 이하여야 합니다."),
            (
                "b",
                Annotated[str, Meta(pattern="^a\n?$")],
                "This does not have the right form.",
                "형식이 올바르지 않습니다.",
            ),
            ([], Annotated[list[int], Meta(min_length=1)], "Must have at least 1 entries.", "1개 이상이어야 합니다."),
            ([1, 2], Annotated[list[int], Meta(max_length=1)], "Must have at most 1 entries.", "1개 이하여야 합니다."),
            ([1], tuple[int, int], "Must have 2 entries.", "2개여야 합니다."),
            (0, Annotated[int, Meta(ge=1)], "Must be 1 or more.", "1 이상이어야 합니다."),
            (9, Annotated[int, Meta(le=8)], "Must be 8 or less.", "8 이하여야 합니다."),
            (1.0, Annotated[float, Meta(gt=1.5)], "Must be more than 1.5.", "1.5보다 커야 합니다."),
            (1.0, Annotated[float, Meta(lt=1)], "Must be less than 1.", "1보다 작아야 합니다."),
            (3, Annotated[int, Meta(multiple_of=2)], "Must be a multiple of 2.", "2의 배수여야 합니다."),
            (1, str, "Must be text.", "문자열이어야 합니다."),
            ("1", int, "Must be a whole number.", "정수여야 합니다."),
            ("1", bool, "Must be true or false.", "true 또는 false여야 합니다."),
            (1, int | str | None, "", ""),
            (
                1.5,
                int | str | None,
                "Must be a whole number or text or null.",
                "정수 또는 문자열 또는 빈 값이어야 합니다.",
            ),
            (1, list[int], "Must be a list.", "목록이어야 합니다."),
            ("x", Color, "This is not one of the allowed values.", "허용되지 않는 값입니다."),
            ("x", Literal["a", "b"], "This is not one of the allowed values.", "허용되지 않는 값입니다."),
            (
                "x",
                datetime,
                "Must be a date and time like 2026-01-31T12:00:00Z.",
                "2026-01-31T12:00:00Z 형식이어야 합니다.",
            ),
            ("x", date, "Must be a date like 2026-01-31.", "2026-01-31 형식이어야 합니다."),
            ("x", uuid.UUID, "Must be a UUID.", "UUID 형식이어야 합니다."),
            (1, Mapping[str, int], "Must be an object.", "객체여야 합니다."),
            ("$", bytes, "This is not valid.", "올바르지 않습니다."),
        ],
    )
    def test_are_said_in_both_languages(self, value: object, kind: Any, en: str, ko: str) -> None:
        texts = [error.text for error in field_errors(value, kind)]
        assert texts == [(en, ko)] * bool(en)
