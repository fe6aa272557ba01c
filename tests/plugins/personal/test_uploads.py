"""Temporary uploads: what is taken, what is refused, and that nothing of what is refused stays."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from girok.testing.box import TestBox, box_on
from plugins.personal.files import MAX_FILE, MOST_TEMPORARY
from tests.plugins.personal import samples
from tests.plugins.personal.samples import jpeg, png, webp
from tests.plugins.personal.shelf import TEMP, expire, file, files, resume, send_photo, stored, sweep
from tests.plugins.personal.visitors import Visitor, nobody, somebody

REFUSED = [
    (samples.pdf(), "image/png", "FILE_MISMATCH"),
    (jpeg(), "image/png", "FILE_MISMATCH"),
    (png(), "image/jpeg", "FILE_MISMATCH"),
    (samples.SVG, "image/png", "FILE_MISMATCH"),
    (png() + samples.HTML, "image/png", "FILE_MISMATCH"),
    (jpeg() + samples.archive("a.html"), "image/jpeg", "FILE_MISMATCH"),
    (png()[:-1], "image/png", "FILE_MISMATCH"),
    (b"", "image/png", "FILE_MISMATCH"),
    (png(60_000, 60_000), "image/png", "IMAGE_TOO_LARGE"),
    (samples.SVG, "image/svg+xml", "UNSUPPORTED_FILE"),
    (samples.GIF, "image/gif", "UNSUPPORTED_FILE"),
    (samples.HTML, "text/html", "UNSUPPORTED_FILE"),
    (png(), "text/plain", "UNSUPPORTED_FILE"),
    (png(), "application/octet-stream", "UNSUPPORTED_FILE"),
    (samples.pdf(), "application/pdf", "UNSUPPORTED_FILE"),
]
FILE = b'--girok\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: image/png\r\n\r\n'
BROKEN = [
    (b"", "INVALID_FORM"),
    (b"garbage", "INVALID_FORM"),
    (b"--girok--\r\n", "BAD_USER_INPUT"),
    (FILE.replace(b'; filename="a"', b"") + b"text\r\n--girok--", "FILE_MISSING"),
    (FILE.replace(b'"file"', b'"photo"') + b"text\r\n--girok--", "BAD_USER_INPUT"),
    (FILE + png(), "INVALID_FORM"),
    (FILE + png() + b"\r\n--girok\r\n", "INVALID_FORM"),
    (FILE + png()[:40] + b"\r\n--girok--\r\n", "FILE_MISMATCH"),
]


def refusal(answer: Any) -> tuple[int, str]:
    body = answer.json()
    assert body["message"]
    reason = body["type"].removeprefix("urn:girok:problem:")
    return answer.status_code, reason.replace("about:blank", body["error"]["code"])


class TestUpload:
    async def test_needs_a_bearer(self, box: TestBox) -> None:
        async with nobody(box) as who:
            await who.ask("POST", TEMP, files=file("a.png", png(), "image/png"), status=401)
            await who.ask("DELETE", TEMP, {"tempKey": "resume/x.png"}, status=401)
        assert await stored(box) == []

    async def test_a_photo_is_there_for_a_day(self, box: TestBox, ada: Visitor) -> None:
        photos = [(jpeg(), "image/jpeg", ".jpg"), (png(), "image/png", ".png"), (webp(), "image/webp", ".webp")]
        for content, mime_type, extension in photos:
            sent = await send_photo(ada, "나.gif", content, mime_type)
            key = sent["tempKey"]
            assert (sent["fileSize"], sent["mimeType"]) == (len(content), mime_type)
            assert (key[:7], key[47:]) == ("resume/", extension)
            assert sent["previewUrl"].endswith(f"/public/{key}")
            expires_at = (await files(box))[key]
            assert expires_at is not None
            assert timedelta(hours=23) < expires_at - datetime.now(UTC) < timedelta(hours=25)
            async with nobody(box) as anyone:
                shown = await anyone.send("GET", f"/public/{key}")
            assert (shown.content, shown.headers["content-type"]) == (content, mime_type)
        assert len(await stored(box)) == 3

    async def test_anything_else_is_400_and_leaves_nothing(self, box: TestBox, ada: Visitor) -> None:
        for content, mime_type, reason in REFUSED:
            answer = await ada.send("POST", TEMP, files=file("a.png", content, mime_type))
            assert (content, *refusal(answer)) == (content, 400, reason)
            assert await stored(box) == []

    async def test_ten_megabytes_and_no_byte_more(self, box: TestBox, ada: Visitor) -> None:
        padding = MAX_FILE - len(png(padding=1)) + 1
        largest = png(padding=padding)
        assert len(largest) == MAX_FILE
        sent = await send_photo(ada, "a.png", largest, "image/png")
        assert sent["fileSize"] == MAX_FILE
        for more in (1, 100_000):
            answer = await ada.send("POST", TEMP, files=file("a.png", png(padding=padding + more), "image/png"))
            assert refusal(answer) == (413, "FILE_TOO_LARGE")
        assert await stored(box) == [sent["tempKey"]]


class TestWebClient:
    ORIGIN = "http://localhost:3000"

    async def test_asks_before_it_sends_from_another_origin(self, ada: Visitor) -> None:
        asked = {"origin": self.ORIGIN, "access-control-request-headers": "authorization"}
        for path in (TEMP, "/v1/resume/x/attachments"):
            for method in ("POST", "DELETE", "PATCH"):
                headers = {**asked, "access-control-request-method": method}
                answer = await ada.browser.request("OPTIONS", path, headers=headers)
                assert answer.status_code == 204
                assert answer.headers["access-control-allow-origin"] == self.ORIGIN
                assert "Authorization" in answer.headers["access-control-allow-headers"]
                assert method in answer.headers["access-control-allow-methods"]

    async def test_reads_why_it_was_refused(self, ada: Visitor) -> None:
        answer = await ada.send("POST", TEMP, files=file("a.png", b"x", "image/png"), origin=self.ORIGIN)
        assert answer.status_code == 400
        assert answer.headers["access-control-allow-origin"] == self.ORIGIN
        assert "access-control-allow-credentials" not in answer.headers


class TestForms:
    async def test_a_broken_one_is_400_and_leaves_nothing(self, box: TestBox, ada: Visitor) -> None:
        headers = {"authorization": f"Bearer {ada.token}", "content-type": "multipart/form-data; boundary=girok"}
        for form, reason in BROKEN:
            answer = await ada.browser.request("POST", TEMP, content=form, headers=headers)
            assert (form, *refusal(answer)) == (form, 400, reason)
            assert await stored(box) == []

    async def test_with_two_files_is_400_and_leaves_nothing(self, box: TestBox, ada: Visitor) -> None:
        two = [("file", ("a.png", png(), "image/png")), ("file", ("b.png", png(), "image/png"))]
        assert refusal(await ada.send("POST", TEMP, files=two)) == (400, "FILE_MISSING")
        assert await stored(box) == []

    async def test_another_field_is_ignored(self, box: TestBox, ada: Visitor) -> None:
        await ada.ask("POST", TEMP, {"x": "y" * 5000}, files=file("a.png", png(), "image/png"), status=201)
        assert len(await stored(box)) == 1

    async def test_json_is_415(self, ada: Visitor) -> None:
        assert refusal(await ada.send("POST", TEMP, {"file": "x"})) == (415, "UNSUPPORTED_MEDIA_TYPE")

    async def test_a_connection_that_breaks_leaves_nothing(self, box: TestBox, ada: Visitor) -> None:
        messages = iter(
            [
                {"type": "http.request", "body": FILE + png(padding=400_000)[:300_000], "more_body": True},
                {"type": "http.disconnect"},
            ]
        )
        answered: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return next(messages)

        async def send(message: Any) -> None:
            answered.append(message)

        headers = [
            (b"host", b"localhost"),
            (b"content-type", b"multipart/form-data; boundary=girok"),
            (b"content-length", b"500000"),
            (b"authorization", f"Bearer {ada.token}".encode()),
        ]
        scope = {"type": "http", "method": "POST", "path": TEMP, "raw_path": TEMP.encode(), "root_path": ""}
        scope |= {"headers": headers, "query_string": b"", "http_version": "1.1", "scheme": "http", "client": None}
        await box.app.edge(scope, receive, send)
        assert answered[0]["status"] == 400
        assert await stored(box) == []


class TestLimits:
    async def test_more_than_twenty_and_the_oldest_goes(self, box: TestBox, ada: Visitor) -> None:
        keys = [(await send_photo(ada))["tempKey"] for _ in range(MOST_TEMPORARY + 2)]
        await sweep(box)
        assert await stored(box) == sorted(keys[2:])

    async def test_too_many_are_429(self, tmp_path: Path) -> None:
        async with (
            box_on(tmp_path / "data", GIROK_LIMITS_ENABLED="true", GIROK_LIMITS_UPLOAD="2") as box,
            somebody(box, "ada") as ada,
            somebody(box, "ben") as ben,
        ):
            for _ in range(2):
                await send_photo(ada)
            answer = await ada.send("POST", TEMP, files=file("a.png", png(), "image/png"))
            assert refusal(answer) == (429, "RATE_LIMITED")
            assert int(answer.headers["retry-after"]) >= 1
            await send_photo(ben)


class TestDelete:
    async def test_it_is_gone_at_once(self, box: TestBox, ada: Visitor) -> None:
        key = (await send_photo(ada))["tempKey"]
        await ada.ask("DELETE", TEMP, {"tempKey": key})
        assert await stored(box) == []
        await ada.ask("DELETE", TEMP, {"tempKey": key}, status=404)

    async def test_somebody_elses_an_expired_one_and_one_that_was_taken_are_404(
        self, box: TestBox, ada: Visitor
    ) -> None:
        taken, late, kept = [(await send_photo(ada))["tempKey"] for _ in range(3)]
        await resume(ada, profileImageTempKey=taken)
        await expire(box, late)
        async with somebody(box, "ben") as ben:
            unknown = await ben.ask("DELETE", TEMP, {"tempKey": "resume/x.png"}, status=404)
            foreign = await ben.ask("DELETE", TEMP, {"tempKey": kept}, status=404)
        assert foreign["error"] == unknown["error"]
        for key in (taken, late):
            await ada.ask("DELETE", TEMP, {"tempKey": key}, status=404)
        assert {taken, kept} <= set(await stored(box))


class TestTaking:
    @pytest.mark.parametrize("method", ["POST", "PUT"])
    async def test_a_key_is_good_once_and_for_its_owner_alone(self, box: TestBox, ada: Visitor, method: str) -> None:
        key = (await send_photo(ada))["tempKey"]
        async with somebody(box, "ben") as ben:
            foreign = await self._take(ben, method, key, status=400)
        made = await self._take(ada, method, key)
        assert made["profileImage"].endswith(f"/public/{key}")
        (photo,) = made["attachments"]
        assert (photo["type"], photo["fileKey"], photo["fileUrl"]) == ("PROFILE_PHOTO", key, made["profileImage"])
        again = await self._take(ada, method, key, status=400)
        assert again["error"] == foreign["error"]
        assert (await files(box))[key] is None

    async def test_not_after_a_day_nor_when_dropped(self, box: TestBox, ada: Visitor) -> None:
        late = (await send_photo(ada))["tempKey"]
        await expire(box, late)
        await self._take(ada, "POST", late, status=400)
        for key in ("x", "resume/" + "0" * 40 + ".png", "../../etc/passwd"):
            await self._take(ada, "POST", key, status=400)
        dropped = (await send_photo(ada))["tempKey"]
        made = await self._take(ada, "POST", dropped)
        await ada.ask("PUT", f"/v1/resume/{made['id']}", {"profileImage": None})
        await self._take(ada, "POST", dropped, status=400)

    async def _take(self, who: Visitor, method: str, key: str, status: int = 0) -> dict[str, Any]:
        if method == "POST":
            body = {"title": "x", "name": "x", "email": "a@b.c", "profileImageTempKey": key, "profileImage": None}
            return await who.ask("POST", "/v1/resume", body, status=status or 201)
        path = f"/v1/resume/{(await resume(who))['id']}"
        return await who.ask("PUT", path, {"profileImageTempKey": key, "profileImage": None}, status=status or 200)
