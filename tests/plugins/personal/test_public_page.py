"""The public page: one answer for everybody, encoded once a version, and never older than the last change."""

import pytest

from girok.testing.box import TestBox
from plugins.auth.ports import AuthService
from plugins.personal.errors import ResumeChanged, ResumeNotFound
from plugins.personal.http.etags import is_fresh, wanted_version
from plugins.personal.messages import Resume
from plugins.personal.service import resume_repository
from plugins.personal.service.publication import Publication
from tests.plugins.personal.shelf import attach, resume
from tests.plugins.personal.visitors import Visitor, somebody

PAGE = "/v1/resume/public/ada"
ID = "01a20e74-a92f-77ca-b756-15d5a012d09a"


class Counted:
    """A Publication of another process on the same store, that counts what it encodes."""

    def __init__(self, box: TestBox, most_bytes: int = 1_000_000) -> None:
        self.encoded: list[str] = []
        self.service = Publication(resume_repository(box.kit), box.kit.ports[AuthService], self._encode, most_bytes)

    def _encode(self, resume: Resume) -> bytes:
        self.encoded.append(resume.title)
        return resume.title.encode()

    async def body(self, username: str = "ada") -> bytes:
        return (await self.service.page(username)).body


class TestPage:
    async def test_nobody_without_a_resume_has_one(self, ada: Visitor, guest: Visitor) -> None:
        for name in ("ada", "nobody", "ADA", "%00", "a/b"):
            await guest.ask("GET", f"/v1/resume/public/{name}", status=404)

    async def test_shows_the_default_or_else_the_newest(self, ada: Visitor, guest: Visitor) -> None:
        one, two = await resume(ada, title="1"), await resume(ada, title="2")
        assert (await guest.ask("GET", PAGE))["id"] == two["id"]
        await ada.ask("PATCH", f"/v1/resume/{one['id']}/default")
        assert (await guest.ask("GET", PAGE))["id"] == one["id"]
        await ada.ask("DELETE", f"/v1/resume/{one['id']}")
        assert (await guest.ask("GET", PAGE))["id"] == two["id"]

    async def test_has_the_names_that_the_owner_reads(self, ada: Visitor, guest: Visitor) -> None:
        one = await resume(ada, experiences=[{"company": "x", "salary": 1, "salaryUnit": "won", "showSalary": True}])
        assert await guest.ask("GET", PAGE) == one

    async def test_who_has_it_gets_304(self, ada: Visitor, guest: Visitor) -> None:
        one = await resume(ada)
        first = await guest.send("GET", PAGE)
        assert first.headers["cache-control"] == "no-cache"
        again = await guest.send("GET", PAGE, if_none_match=first.headers["etag"])
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        await ada.ask("PUT", f"/v1/resume/{one['id']}", {"title": "new"})
        assert (await guest.ask("GET", PAGE, if_none_match=first.headers["etag"]))["title"] == "new"

    async def test_another_resume_of_the_same_version_has_another_tag(self, ada: Visitor, guest: Visitor) -> None:
        await resume(ada, title="1")
        first = await guest.send("GET", PAGE)
        await resume(ada, title="2")
        assert (await guest.ask("GET", PAGE, if_none_match=first.headers["etag"]))["title"] == "2"


class TestChanges:
    async def test_are_seen_by_the_next_request_in_every_process(self, box: TestBox, ada: Visitor) -> None:
        page = Counted(box)
        with pytest.raises(ResumeNotFound):
            await page.body()
        one = await resume(ada, title="1")
        assert [await page.body(), await page.body()] == [b"1", b"1"]
        await ada.ask("PUT", f"/v1/resume/{one['id']}", {"title": "2"})
        assert [await page.body(), await page.body()] == [b"2", b"2"]
        attached = await attach(ada, one["id"])
        await page.body()
        await ada.ask("PATCH", f"/v1/resume/{one['id']}/attachments/{attached['id']}", {"visible": False})
        await page.body()
        assert page.encoded == ["1", "2", "2", "2"]
        await ada.ask("PATCH", "/v1/users/me", {"username": "ada2"})
        with pytest.raises(ResumeNotFound):
            await page.body()
        assert await page.body("ada2") == b"2"
        await ada.ask("DELETE", f"/v1/resume/{one['id']}")
        with pytest.raises(ResumeNotFound):
            await page.body("ada2")

    async def test_pages_that_nobody_asked_for_longest_are_given_up(self, box: TestBox, ada: Visitor) -> None:
        page = Counted(box, most_bytes=8)
        async with somebody(box, "ben") as ben, somebody(box, "eve") as eve:
            for who in (ada, ben, eve):
                await resume(who, title="four")
            for name in ("ada", "ben", "ada", "eve", "ada", "ben"):
                await page.body(name)
        assert len(page.encoded) == 4

    async def test_page_that_is_larger_than_all_room_is_still_given(self, box: TestBox, ada: Visitor) -> None:
        page = Counted(box, most_bytes=3)
        await resume(ada, title="four")
        assert [await page.body(), await page.body()] == [b"four", b"four"]
        assert len(page.encoded) == 2


class TestIfMatch:
    async def test_only_the_version_that_it_names_is_changed(self, ada: Visitor) -> None:
        path = f"/v1/resume/{(await resume(ada))['id']}"
        tag = (await ada.send("GET", path)).headers["etag"]
        changed = await ada.send("PUT", path, {"title": "2"}, if_match=tag)
        assert changed.status_code == 200
        refused = await ada.ask("PUT", path, {"title": "3"}, if_match=tag, status=412)
        assert (refused["error"]["code"], refused["type"]) == ("CONFLICT", "urn:girok:problem:RESUME_CHANGED")
        assert (await ada.ask("GET", path))["title"] == "2"
        for good in (changed.headers["etag"], "*"):
            changed = await ada.send("PUT", path, {"title": "4"}, if_match=good)
            assert changed.status_code == 200

    async def test_attachments_count(self, ada: Visitor) -> None:
        one = await resume(ada)
        path = f"/v1/resume/{one['id']}"
        tag = (await ada.send("GET", path)).headers["etag"]
        await attach(ada, one["id"])
        await ada.ask("PUT", path, {"title": "2"}, if_match=tag, status=412)


class TestTags:
    @pytest.mark.parametrize(
        ("header", "version"),
        [(None, None), ("*", None), (f'"{ID}-7"', 7), (f'"x", "{ID}-7"', 7), (f'"{ID}-7","{ID}-3"', 7)],
    )
    def test_wanted(self, header: str | None, version: int | None) -> None:
        assert wanted_version(header, ID) == version

    @pytest.mark.parametrize(
        "header",
        ["", "x", '"7"x', f'W/"{ID}-7"', '"other-7"', f'"{ID}-"', f'"{ID}--7"', f'"{ID}-\uff19"', f'"{ID}-{"9" * 99}"'],
    )
    def test_none_that_can_match(self, header: str) -> None:
        with pytest.raises(ResumeChanged):
            wanted_version(header, ID)

    def test_fresh(self) -> None:
        assert all(is_fresh(each, '"a"') for each in ('"a"', 'W/"a"', '"b", W/"a"', "*"))
        assert not any(is_fresh(each, '"a"') for each in (None, "", "a", '"b"', 'W/"b"'))
