"""The web client's journey through a resume, over HTTP, in the client's own order and with its own bodies.

It knows where auth and personal answer and nothing else; in one box that is one address.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import httpx

from girok.clock import timestamp
from tests.plugins.personal.samples import pdf, png
from tests.scenarios.resume_bodies import EXPERIENCE_SALARY, created, edited, without_format
from tests.scenarios.story import PASSWORD, eventually

__all__ = ["WEB", "Client", "Places", "live", "tell"]

WEB = "http://127.0.0.1:3000"
"""Where the client's pages are from."""
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
SOON = timedelta(seconds=1.5)
PNG, PDF = png(3, 4), pdf()


class Places(NamedTuple):
    """The addresses of the two roles."""

    auth: str
    personal: str


class Client:
    """One person's web client; signed in once `register` is done."""

    def __init__(self, at: Places) -> None:
        self._at = at
        self._http = httpx.AsyncClient(timeout=30.0, verify=False, headers={"User-Agent": FIREFOX, "Origin": WEB})
        self.token = ""
        self.user: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def register(self, username: str) -> None:
        """Make an account; what it gives is kept."""
        body = {"email": f"{username}@example.org", "username": username, "password": PASSWORD, "name": "Ada Lovelace"}
        answer = await self._http.post(f"{self._at.auth}/v1/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        self.user, self.token = answer.json()["user"], answer.json()["accessToken"]

    async def erase(self) -> None:
        """Delete the account."""
        bearer = {"Authorization": f"Bearer {self.token}"}
        url = f"{self._at.auth}/v1/users/me"
        answer = await self._http.request("DELETE", url, json={"password": PASSWORD}, headers=bearer)
        assert answer.status_code == 204, answer.text

    async def send(self, method: str, path: str, body: Any = None, **rest: Any) -> httpx.Response:
        """A request to personal, as the client's page sends it: the bearer where there is one, no cookies."""
        headers = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **rest.pop("headers", {})}
        if body is not None:
            rest["json"] = body
        answer = await self._http.request(method, f"{self._at.personal}{path}", headers=headers, **rest)
        if answer.headers.get("access-control-allow-origin") != "*":
            assert answer.headers["access-control-allow-origin"] == WEB, (method, path)
        return answer

    async def ask(self, method: str, path: str, body: Any = None, *, status: int = 200, **rest: Any) -> Any:
        """The JSON of an answer with this status."""
        answer = await self.send(method, path, body, **rest)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer.json()

    async def load(self, url: str) -> httpx.Response:
        """What an `<img>` or a link on the page does: no bearer, whichever host."""
        return await self._http.get(url)


async def tell(at: Places) -> None:
    """The whole journey."""
    async with Client(at) as ada, Client(at) as ben, Client(at) as nobody:
        await ada.register("ada")
        await ben.register("ben")
        await _first_look(ada)
        resume = await _create(ada)
        await _photo(nobody, resume)
        resume = await _edit(ada, resume)
        await _attach(ada, nobody, resume)
        await _public_page(nobody, ada, resume)
        link = await _share(ada, ben, resume)
        await _open(ada, ben, nobody, link)
        await _end(ada, nobody, link)
        await _copy_and_delete(ada, nobody, resume)


async def live(ada: Client, nobody: Client) -> list[str]:
    """A resume with a photo, a document, a copy and a link that was looked at; the keys of their files."""
    await _first_look(ada)
    resume = await _edit(ada, await _create(ada))
    await _attach(ada, nobody, resume)
    copy = await ada.ask("POST", f"/v1/resume/{resume['id']}/copy", status=201)
    link = await ada.ask("POST", f"/v1/share/resume/{resume['id']}", {"duration": "1_month"}, status=201)
    await nobody.ask("GET", f"/v1/share/public/{link['token']}")
    whole = await ada.ask("GET", f"/v1/resume/{resume['id']}")
    return [each["fileKey"] for each in (*whole["attachments"], *copy["attachments"])]


async def _first_look(ada: Client) -> None:
    """What the client asks for at once when somebody signs in for the first time."""
    one, other, resumes = await asyncio.gather(
        ada.ask("GET", "/v1/user-preferences"),
        ada.ask("GET", "/v1/user-preferences"),
        ada.ask("GET", "/v1/resume"),
    )
    assert one == other
    assert (one["userId"], one["theme"]) == (ada.user["id"], "LIGHT")
    assert [(each["type"], each["order"], each["visible"]) for each in one["sectionOrder"]] == [
        (each, order, True)
        for order, each in enumerate(("SKILLS", "EXPERIENCE", "PROJECT", "EDUCATION", "CERTIFICATE"))
    ]
    assert resumes == []
    await ada.ask("GET", "/v1/resume/default", status=404)
    dark = await ada.ask("PUT", "/v1/user-preferences", {"theme": "DARK"})
    assert (dark["id"], dark["theme"], dark["sectionOrder"]) == (one["id"], "DARK", one["sectionOrder"])


async def _create(ada: Client) -> dict[str, Any]:
    """The photo first, then the form that is half filled."""
    photo = await ada.ask("POST", "/v1/resume/temp-upload", files={"file": ("나.png", PNG, "image/png")}, status=201)
    assert (photo["fileSize"], photo["mimeType"]) == (len(PNG), "image/png")
    assert (await ada.load(photo["previewUrl"])).content == PNG
    resume = await ada.ask("POST", "/v1/resume", created(photo["tempKey"]), status=201)
    assert [(each["type"], each["visible"]) for each in resume["sections"]][:2] == [
        ("SKILLS", True),
        ("EXPERIENCE", True),
    ]
    assert resume["keyAchievements"] == [""]
    assert resume["projects"] == []
    (experience,) = resume["experiences"]
    assert (experience["company"], experience["startDate"], experience["endDate"]) == ("", "", None)
    (attachment,) = resume["attachments"]
    assert (attachment["type"], attachment["fileUrl"]) == ("PROFILE_PHOTO", resume["profileImage"])
    assert (await ada.ask("GET", "/v1/resume"))[0] == resume
    assert await ada.ask("GET", "/v1/resume/default") == resume
    return resume


async def _photo(nobody: Client, resume: dict[str, Any]) -> None:
    """As the page shows it, and as the maker of PDFs fetches it: by the path without its first segment."""
    url = resume["profileImage"]
    image = await nobody.load(url)
    assert (image.status_code, image.headers["content-type"], image.content) == (200, "image/png", PNG)
    bucket, _, key = urlsplit(url).path.lstrip("/").partition("/")
    assert bucket == "public"
    assert key == resume["attachments"][0]["fileKey"]
    for path in ("/v1/resume/image-proxy", "/personal/v1/resume/image-proxy"):
        answer = await nobody.send("GET", path, params={"key": key})
        assert (answer.status_code, answer.content) == (200, PNG)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "max-age" in answer.headers["cache-control"]
        assert (await nobody.send("GET", path, params={"key": key[:-1]})).status_code == 404


async def _edit(ada: Client, resume: dict[str, Any]) -> dict[str, Any]:
    """The whole form comes back, without ids, with nulls, with the address of the photo; then the sections alone."""
    path = f"/v1/resume/{resume['id']}"
    body = edited(resume["profileImage"])
    stored = await ada.ask("PUT", path, body)
    assert stored["profileImage"] == resume["profileImage"]
    assert [each["id"] for each in stored["attachments"]] == [each["id"] for each in resume["attachments"]]
    assert without_ids(stored["experiences"]) == body["experiences"]
    assert without_ids(stored["skills"]) == body["skills"]
    (education,) = stored["educations"]
    assert (education["gpa"], education["gpaFormat"]) == ("4.1", "SCALE_4_5")
    assert (stored["militaryServiceStartDate"], stored["birthDate"]) == ("2012-03", "1990-12-10")
    again = await ada.ask("PUT", path, without_format(body))
    assert again["educations"][0]["gpaFormat"] == "SCALE_4_5"
    order = {"type": "COVER_LETTER", "visible": False}
    hidden = await ada.ask("PATCH", f"{path}/sections/visibility", order)
    assert {each["type"]: each["visible"] for each in hidden["sections"]}["COVER_LETTER"] is False
    moved = await ada.ask("PATCH", f"{path}/sections/order", {"type": "SKILLS", "order": 3})
    assert {each["type"]: each["order"] for each in moved["sections"]}["SKILLS"] == 3
    return await ada.ask("GET", path)


async def _attach(ada: Client, nobody: Client, resume: dict[str, Any]) -> None:
    """Two documents, one with a Korean name; they are put in order, one is named, one goes."""
    path = f"/v1/resume/{resume['id']}/attachments"
    first, second = [
        await ada.ask(
            "POST",
            path,
            files={"file": (name, PDF, "application/pdf")},
            data={"type": "PORTFOLIO", "title": name},
            status=201,
        )
        for name in ("이력서.pdf", "works.pdf")
    ]
    assert (first["fileName"], first["mimeType"], first["fileSize"]) == ("이력서.pdf", "application/pdf", len(PDF))
    order = {"type": "PORTFOLIO", "attachmentIds": [second["id"], first["id"]]}
    await ada.ask("PATCH", f"{path}/reorder", order)
    listed = await ada.ask("GET", path, params={"type": "PORTFOLIO"})
    assert [each["id"] for each in listed] == [second["id"], first["id"]]
    named = await ada.ask("PATCH", f"{path}/{second['id']}", {"title": "Works", "description": None})
    assert (named["title"], named["visible"]) == ("Works", True)
    assert (await nobody.load(second["fileUrl"])).content == PDF
    await ada.ask("DELETE", f"{path}/{first['id']}")
    await eventually(lambda: gone(nobody, first["fileUrl"]))


async def _public_page(nobody: Client, ada: Client, resume: dict[str, Any]) -> None:
    """What everybody sees at the address with the username: a change is seen by the next request."""
    path = "/v1/resume/public/ada"
    page = await nobody.ask("GET", path)
    check_hidden(page)
    assert page["id"] == resume["id"]
    await ada.ask("PUT", f"/v1/resume/{resume['id']}", {"summary": "Another one."})
    assert (await nobody.ask("GET", path))["summary"] == "Another one."
    await nobody.ask("GET", "/v1/resume/public/nobody1", status=404)


async def _share(ada: Client, ben: Client, resume: dict[str, Any]) -> dict[str, Any]:
    """A link for a week; nobody else gets one, or sees it."""
    path = f"/v1/share/resume/{resume['id']}"
    week = {"duration": "1_week", "customExpiresAt": None}
    link = await ada.ask("POST", path, week, status=201)
    assert link["shareUrl"] == f"{WEB}/shared/{link['token']}"
    assert (link["resourceType"], link["resourceId"], link["userId"]) == ("RESUME", resume["id"], ada.user["id"])
    assert (link["isActive"], link["viewCount"], link["lastViewedAt"]) == (True, 0, None)
    past = {"duration": "custom", "customExpiresAt": "2020-01-01T00:00:00.000Z"}
    await ada.ask("POST", path, past, status=400)
    await ben.ask("POST", path, week, status=404)
    for method, body in (("GET", None), ("PATCH", {"isActive": False}), ("DELETE", None)):
        await ben.ask(method, f"/v1/share/{link['id']}", body, status=404)
    assert await ada.ask("GET", "/v1/share") == [link]
    return link


async def _open(ada: Client, ben: Client, nobody: Client, link: dict[str, Any]) -> None:
    """Logged out; what is not a look of somebody else is not counted."""
    path = f"/v1/share/public/{link['token']}"
    resume = await nobody.ask("GET", path)
    check_hidden(resume)
    assert (resume["id"], resume["name"]) == (link["resourceId"], "에이다 Lovelace")
    await ben.ask("GET", path)
    await nobody.ask("GET", path, headers={"Authorization": "Bearer no.good.token"})
    await ada.ask("GET", path)
    await nobody.ask("GET", path, headers={"User-Agent": GOOGLEBOT})
    assert (await nobody.send("HEAD", path)).status_code == 200

    async def counted() -> bool:
        seen = await ada.ask("GET", f"/v1/share/{link['id']}")
        assert seen["viewCount"] <= 3
        return seen["viewCount"] == 3 and seen["lastViewedAt"] > link["createdAt"]

    await eventually(counted)
    await nobody.ask("GET", "/v1/share/public/0123456789abcdef0123456789abcdef01234567", status=404)


async def _end(ada: Client, nobody: Client, link: dict[str, Any]) -> None:
    """It is switched off and on, and expires; the look at an expired link is none."""
    path, own = f"/v1/share/public/{link['token']}", f"/v1/share/{link['id']}"
    await ada.ask("PATCH", own, {"isActive": False})
    await nobody.ask("GET", path, status=403)
    soon = datetime.now(UTC) + SOON
    ending = {"duration": "custom", "customExpiresAt": timestamp(soon), "isActive": True}
    changed = await ada.ask("PATCH", own, ending)
    assert (changed["expiresAt"], changed["isActive"]) == (timestamp(soon), True)

    async def expired() -> bool:
        return (await nobody.send("GET", path)).status_code == 410

    await eventually(expired)
    assert datetime.now(UTC) >= soon
    await ada.ask("PATCH", own, {"duration": "permanent"})
    await nobody.ask("GET", path)


async def _copy_and_delete(ada: Client, nobody: Client, resume: dict[str, Any]) -> None:
    """The copy is whole, with files of its own, and outlives the original, which takes its links along."""
    original = await ada.ask("GET", f"/v1/resume/{resume['id']}")
    copy = await ada.ask("POST", f"/v1/resume/{resume['id']}/copy", status=201)
    assert copy["id"] != resume["id"]
    assert copy["isDefault"] is False
    assert without_ids(copy["experiences"]) == without_ids(original["experiences"])
    assert len(copy["attachments"]) == len(original["attachments"]) == 2
    assert not {each["fileKey"] for each in copy["attachments"]} & {each["fileKey"] for each in original["attachments"]}
    (link,) = await ada.ask("GET", "/v1/share")
    assert (await ada.send("DELETE", f"/v1/resume/{resume['id']}")).status_code in (200, 204)
    await ada.ask("GET", f"/v1/resume/{resume['id']}", status=404)
    await nobody.ask("GET", f"/v1/share/public/{link['token']}", status=404)
    assert await ada.ask("GET", "/v1/share") == []
    for each in original["attachments"]:
        await eventually(lambda each=each: gone(nobody, each["fileUrl"]))
    assert (await nobody.load(copy["profileImage"])).content == PNG
    assert [each["id"] for each in await ada.ask("GET", "/v1/resume")] == [copy["id"]]
    made_default = await ada.ask("PATCH", f"/v1/resume/{copy['id']}/default")
    assert made_default["isDefault"] is True
    assert (await nobody.ask("GET", "/v1/resume/public/ada"))["id"] == copy["id"]


def check_hidden(resume: dict[str, Any]) -> None:
    """A salary that is not shown and a section that is hidden are nowhere in what others get."""
    assert str(EXPERIENCE_SALARY) not in str(resume)
    assert not {"salary", "salaryUnit", "showSalary"} & resume["experiences"][0].keys()
    assert not resume["coverLetter"]
    assert "COVER_LETTER" not in [each["type"] for each in resume["sections"] if each["visible"]]


async def gone(somebody: Client, url: str) -> bool:
    """Whether a file is there no more."""
    return (await somebody.load(url)).status_code in (403, 404)


def without_ids(value: Any) -> Any:
    """What the client would send of what it got."""
    if isinstance(value, list):
        return [without_ids(each) for each in value]
    if isinstance(value, dict):
        return {name: without_ids(each) for name, each in value.items() if name != "id"}
    return value
