"""JSON bodies into typed values: what is the same in JSON, and what no text may hold."""

from typing import Any

import msgspec
import pytest

from girok.errors import InvalidInput
from girok.http.decode import decode
from tests.kernel.http.stage import Resume, Skill, Stage


class Counts(msgspec.Struct):
    of: dict[int, int]
    ratio: float | None = None


class TestWholeNumbers:
    @pytest.mark.parametrize("years", [b"5", b"5.0", b"5e0", b"0.5e1"])
    def test_are_whole_however_they_are_written(self, years: bytes) -> None:
        body = b'{"jobTitle": "a", "x": 1.5, "skills": [{"name": "abc", "years": %s}]}' % years
        assert decode(body, Resume) == Resume("a", (Skill("abc", 5),))

    def test_leave_other_numbers_as_they_are(self) -> None:
        assert decode(b'{"of": {"1": 2.0}, "ratio": 1.5}', Counts) == Counts({1: 2}, 1.5)

    @pytest.mark.parametrize("years", [b"5.5", b'"5"', b"true", b"1e400", b"null"])
    def test_are_nothing_else(self, years: bytes) -> None:
        with pytest.raises(InvalidInput) as caught:
            decode(b'{"name": "abc", "years": %s}' % years, Skill)
        assert years == b"1e400" or [each.path for each in caught.value.details] == ["years"]

    def test_do_not_hide_what_else_is_wrong(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            decode(b'{"name": "a", "years": 5.0}', Skill)
        assert [each.path for each in caught.value.details] == ["name"]


class TestNul:
    @pytest.mark.parametrize("body", [rb'{"name": "a\u0000b"}', rb'{"name": "\\\u0000b"}'])
    def test_is_refused_in_what_is_kept(self, body: bytes) -> None:
        with pytest.raises(InvalidInput, match="NUL"):
            decode(body, Skill)

    @pytest.mark.parametrize("kind", [Any, dict[str, int]])
    def test_is_refused_in_a_name_that_is_kept(self, kind: Any) -> None:
        with pytest.raises(InvalidInput, match="NUL"):
            decode(rb'{"\u0000": 1}', kind)

    @pytest.mark.parametrize(
        "body", [rb'{"name": "abc", "\u0000": ["\u0000"]}', rb'{"name": "abc", "years": 0.0, "x": "\u0000"}']
    )
    def test_is_ignored_with_the_fields_that_are(self, body: bytes) -> None:
        assert decode(body, Skill) == Skill("abc")

    def test_written_out_is_text_like_any_other(self) -> None:
        assert decode(rb'{"name": "\\u0000"}', Skill) == Skill(r"\u0000")

    async def test_in_a_query_is_refused_and_in_a_path_not_found(self) -> None:
        async with Stage().client() as http:
            query, path = await http.get("/call?q=a%00"), await http.get("/call%00")
        assert (query.status_code, query.json()["type"]) == (400, "urn:girok:problem:INVALID_TEXT")
        assert path.status_code == 404
