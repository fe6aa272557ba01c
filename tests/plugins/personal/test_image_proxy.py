"""The image proxy: photos for whatever draws a resume, at both paths, and nothing else."""

from girok.testing.box import TestBox
from tests.plugins.personal import samples
from tests.plugins.personal.shelf import attach, expire, resume, send_photo
from tests.plugins.personal.visitors import Visitor

PATHS = ("/v1/resume/image-proxy", "/personal/v1/resume/image-proxy")


class TestPhotos:
    async def test_are_for_scripts_of_any_page(self, ada: Visitor, guest: Visitor) -> None:
        content = samples.png(padding=600_000)
        preview = (await send_photo(ada, "a.png", content, "image/png"))["tempKey"]
        mine = await resume(ada, profileImageTempKey=(await send_photo(ada))["tempKey"])
        for path in PATHS:
            answer = await guest.send("GET", f"{path}?key={preview}", origin="https://pdf.example")
            assert (answer.status_code, answer.content) == (200, content)
            headers = answer.headers
            assert headers["access-control-allow-origin"] == "*"
            assert headers["content-type"] == "image/png"
            assert headers["content-length"] == str(len(content))
            assert headers["cache-control"] == "public, max-age=86400, immutable"
            assert headers["x-content-type-options"] == "nosniff"
            assert "access-control-allow-credentials" not in headers
            photo = await guest.send("GET", f"{path}?key={mine['attachments'][0]['fileKey']}")
            assert photo.content == samples.png()
        attached = await attach(ada, mine["id"], "PROFILE_PHOTO", "a.jpg", samples.jpeg(), "image/jpeg")
        shown = await guest.send("GET", f"{PATHS[0]}?key={attached['fileKey']}")
        assert (shown.content, shown.headers["content-type"]) == (samples.jpeg(), "image/jpeg")

    async def test_are_asked_for_again_at_no_cost(self, ada: Visitor, guest: Visitor) -> None:
        key = (await send_photo(ada))["tempKey"]
        path = f"{PATHS[0]}?key={key}"
        known = (await guest.send("GET", path)).headers["etag"]
        again = await guest.send("GET", path, if_none_match=known)
        assert (again.status_code, again.content) == (304, b"")
        part = await guest.send("GET", path, range="bytes=1-3")
        assert (part.status_code, part.content) == (206, b"PNG")
        head = await guest.send("HEAD", path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(samples.png()))

    async def test_whatever_bearer_comes_with_it(self, ada: Visitor, guest: Visitor) -> None:
        key = (await send_photo(ada))["tempKey"]
        assert (await guest.send("GET", f"{PATHS[0]}?key={key}", authorization="Bearer wrong")).status_code == 200


class TestNothingElse:
    async def test_is_served(self, box: TestBox, ada: Visitor, guest: Visitor) -> None:
        mine = await resume(ada)
        document = await attach(ada, mine["id"], "OTHER", "a.pdf", samples.pdf(), "application/pdf")
        picture = await attach(ada, mine["id"], "PORTFOLIO")
        late, gone = [(await send_photo(ada))["tempKey"] for _ in range(2)]
        await expire(box, late)
        await ada.ask("DELETE", "/v1/resume/temp-upload", {"tempKey": gone})
        keys = [document["fileKey"], picture["fileKey"], late, gone, "", "x", "resume/", f"resume/{'0' * 40}.png"]
        for key in [*keys, "../private/x", "resume/../../x.png", "https://example.org/a.png", "resume%2F..%2Fx"]:
            assert (await guest.send("GET", f"{PATHS[0]}?key={key}")).status_code == 404
        assert (await guest.send("GET", PATHS[0])).status_code == 400
