"""Ranges and conditions, by RFC 9110."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from girok.objects.port import ObjectInfo
from girok.objects.reply import Reply, reply_to


def _info(size: int = 10, mime_type: str = "image/png") -> ObjectInfo:
    return ObjectInfo("public", "a", size, mime_type, "etag", datetime(2026, 1, 1, tzinfo=UTC))


def _get(size: int = 10, **wanted: str) -> Reply:
    return reply_to("GET", {name.replace("_", "-"): value for name, value in wanted.items()}, _info(size), "no-cache")


class TestRange:
    @pytest.mark.parametrize(
        ("wanted", "start", "end"),
        [
            ("bytes=0-0", 0, 1),
            ("bytes=2-5", 2, 6),
            ("bytes=2-", 2, 10),
            ("bytes=2-99", 2, 10),
            ("bytes=-3", 7, 10),
            ("bytes=-99", 0, 10),
            ("Bytes = 9-9", 9, 10),
        ],
    )
    def test_one_range_is_answered_with_it(self, wanted: str, start: int, end: int) -> None:
        reply = _get(range=wanted)
        assert (reply.status, reply.start, reply.end) == (206, start, end)
        assert reply.headers["content-range"] == f"bytes {start}-{end - 1}/10"
        assert reply.headers["content-length"] == str(end - start)

    @pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=999999999999999-"])
    def test_nothing_in_it_is_416_with_the_size(self, wanted: str) -> None:
        reply = _get(range=wanted)
        assert (reply.status, reply.headers["content-range"]) == (416, "bytes */10")
        assert (reply.start, reply.end, reply.headers["content-length"]) == (0, 0, "0")

    def test_an_empty_file_has_no_range(self) -> None:
        assert _get(size=0, range="bytes=0-").status == 416
        assert _get(size=0).status == 200

    @pytest.mark.parametrize(
        "wanted",
        ["", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "bytes=+1-2"],
    )
    def test_what_is_malformed_or_many_is_ignored(self, wanted: str) -> None:
        reply = _get(range=wanted)
        assert (reply.status, reply.start, reply.end) == (200, 0, 10)

    @given(st.text(st.sampled_from("bytes=0123456789-, "), max_size=20), st.integers(0, 30))
    def test_no_range_ever_leaves_the_file(self, wanted: str, size: int) -> None:
        reply = _get(size=size, range=wanted)
        assert 0 <= reply.start <= reply.end <= size
        assert int(reply.headers["content-length"]) == reply.end - reply.start

    def test_a_part_of_another_version_is_the_whole(self) -> None:
        assert _get(range="bytes=2-5", if_range='"old"').status == 200
        assert _get(range="bytes=2-5", if_range='"etag"').status == 206

    def test_head_knows_no_ranges_and_has_no_body(self) -> None:
        reply = reply_to("HEAD", {"range": "bytes=2-5"}, _info(), "no-cache")
        assert (reply.status, reply.headers["content-length"], reply.start, reply.end) == (200, "10", 0, 0)


class TestIfNoneMatch:
    @pytest.mark.parametrize("known", ['"etag"', 'W/"etag"', "*", '"a", "etag"', '"a,b","etag"'])
    def test_a_known_file_is_not_sent_again(self, known: str) -> None:
        reply = _get(if_none_match=known, range="bytes=2-5")
        assert (reply.status, reply.start, reply.end, reply.headers["etag"]) == (304, 0, 0, '"etag"')
        assert reply.headers["cache-control"] == "no-cache"

    @pytest.mark.parametrize("known", ["", '"other"', "etag", '"et", "ag"'])
    def test_an_unknown_one_is(self, known: str) -> None:
        assert _get(if_none_match=known).status == 200


class TestHeadersOfSecurity:
    @pytest.mark.parametrize("wanted", [{}, {"range": "bytes=0-1"}, {"range": "bytes=99-"}, {"if-none-match": "*"}])
    def test_they_are_on_every_answer(self, wanted: dict[str, str]) -> None:
        headers = reply_to("GET", wanted, _info(), "no-cache").headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "sandbox; default-src 'none'"

    @pytest.mark.parametrize("mime_type", ["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"])
    def test_an_image_is_shown(self, mime_type: str) -> None:
        assert reply_to("GET", {}, _info(mime_type=mime_type), "").headers["content-disposition"] == "inline"

    @pytest.mark.parametrize("mime_type", ["text/html", "image/svg+xml", "application/pdf", "image/png; x=y"])
    def test_anything_else_is_downloaded(self, mime_type: str) -> None:
        assert reply_to("GET", {}, _info(mime_type=mime_type), "").headers["content-disposition"] == "attachment"
