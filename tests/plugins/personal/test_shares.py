"""Share links over REST: whose they are, what they show, until when."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from girok.testing.box import TestBox, box_on
from tests.plugins.personal.visitors import Visitor, nobody, somebody

WEEK = {"duration": "1_week", "customExpiresAt": None}
UNKNOWN = "0123456789abcdef0123456789abcdef01234567"
Link = dict[str, Any]
NO_ID = "01a20e74-a92f-77ca-b756-15d5a012d09a"


async def resume_of(owner: Visitor, **fields: Any) -> str:
    """The id of a new resume."""
    return (await owner.ask("POST", "/v1/resume", {"title": "Analyst", "name": "Ada", **fields}, status=201))["id"]


async def link_of(owner: Visitor, resume_id: str | None = None, **body: Any) -> Link:
    """A new link, to a new resume where none is given."""
    resume_id = resume_id or await resume_of(owner)
    return await owner.ask("POST", f"/v1/share/resume/{resume_id}", {**WEEK, **body}, status=201)


def public(link: Link) -> str:
    return f"/v1/share/public/{link['token']}"


async def end(box: TestBox, link: Link) -> None:
    """Let its time come."""
    query = f"UPDATE personal_share SET expires_at = '2020-01-01 00:00:00+00:00' WHERE id = '{link['id']}'"
    await box.kit.db.execute_script(query)


class TestOwnLinks:
    async def test_need_a_bearer(self, guest: Visitor) -> None:
        for method, path, body in (
            ("POST", f"/v1/share/resume/{NO_ID}", WEEK),
            ("GET", "/v1/share", None),
            ("GET", f"/v1/share/{NO_ID}", None),
            ("PATCH", f"/v1/share/{NO_ID}", {}),
            ("DELETE", f"/v1/share/{NO_ID}", None),
        ):
            await guest.ask(method, path, body, status=401)

    async def test_somebody_elses_are_as_ones_that_there_are_not(self, box: TestBox, ada: Visitor) -> None:
        link = await link_of(ada)
        async with somebody(box, "ben") as ben:
            for method, body in (("GET", None), ("PATCH", {"isActive": False}), ("DELETE", None)):
                foreign = await ben.ask(method, f"/v1/share/{link['id']}", body, status=404)
                unknown = await ben.ask(method, f"/v1/share/{NO_ID}", body, status=404)
                assert foreign["error"] == unknown["error"]
            await ben.ask("POST", f"/v1/share/resume/{link['resourceId']}", WEEK, status=404)
            assert await ben.ask("GET", "/v1/share") == []
        assert await ada.ask("GET", f"/v1/share/{link['id']}") == link

    async def test_are_listed_the_newest_first(self, ada: Visitor) -> None:
        links = [await link_of(ada) for _ in range(3)]
        assert await ada.ask("GET", "/v1/share") == links[::-1]

    async def test_lead_to_the_first_of_the_web_origins(self, tmp_path: Path) -> None:
        origins = "https://girok.example,https://www.girok.example"
        async with box_on(tmp_path / "data", GIROK_WEB_ORIGINS=origins) as box, somebody(box, "ada") as ada:
            link = await link_of(ada)
            assert link["shareUrl"] == f"https://girok.example/shared/{link['token']}"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"duration": "2_weeks"},
            {"duration": "custom"},
            {"duration": "custom", "customExpiresAt": "2020-01-01T00:00:00.000Z"},
            {"duration": "custom", "customExpiresAt": "tomorrow"},
            {"duration": 7},
        ],
    )
    async def test_with_a_time_that_there_is_not_are_refused(self, ada: Visitor, body: dict[str, Any]) -> None:
        path = f"/v1/share/resume/{await resume_of(ada)}"
        answer = await ada.ask("POST", path, body, status=400)
        assert answer["error"]["details"]
        assert await ada.ask("GET", "/v1/share") == []

    async def test_of_a_deleted_resume_are_gone_and_no_new_one_comes(self, ada: Visitor, guest: Visitor) -> None:
        link = await link_of(ada)
        await ada.send("DELETE", f"/v1/resume/{link['resourceId']}")
        for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
            await ada.ask(method, f"/v1/share/{link['id']}", body, status=404)
        await guest.ask("GET", public(link), status=404)
        await ada.ask("POST", f"/v1/share/resume/{link['resourceId']}", WEEK, status=404)

    async def test_are_a_thousand_at_most(self, box: TestBox, ada: Visitor) -> None:
        link = await link_of(ada)
        copies = (
            "INSERT INTO personal_share (id, token, resume_id, user_id, is_active, created_at, updated_at) "
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 999) "
            "SELECT 'x' || n, 'x' || n, s.resume_id, s.user_id, s.is_active, s.created_at, s.updated_at "
            "FROM n, personal_share s"
        )
        await box.kit.db.execute_script(copies)
        path = f"/v1/share/resume/{link['resourceId']}"
        assert (await ada.ask("POST", path, WEEK, status=409))["type"] == "urn:girok:problem:TOO_MANY_SHARES"
        await ada.ask("DELETE", f"/v1/share/{link['id']}")
        await ada.ask("POST", path, WEEK, status=201)


class TestChange:
    async def test_what_is_absent_or_null_stays(self, ada: Visitor) -> None:
        link = await link_of(ada)
        body = {"duration": None, "customExpiresAt": None, "isActive": False}
        changed = await ada.ask("PATCH", f"/v1/share/{link['id']}", body)
        assert changed == {**link, "isActive": False, "updatedAt": changed["updatedAt"]}
        assert changed == await ada.ask("GET", f"/v1/share/{link['id']}")

    async def test_duration_counts_anew(self, ada: Visitor) -> None:
        path = f"/v1/share/{(await link_of(ada))['id']}"
        assert (await ada.ask("PATCH", path, {"duration": "permanent"}))["expiresAt"] is None
        custom = await ada.ask("PATCH", path, {"customExpiresAt": "2999-12-31T23:59:59.999Z"})
        assert custom["expiresAt"] == "2999-12-31T23:59:59.999Z"
        await ada.ask("PATCH", path, {"duration": "custom"}, status=400)
        await ada.ask("PATCH", path, {"customExpiresAt": "2020-01-01T00:00:00.000Z"}, status=400)
        assert (await ada.ask("GET", path))["expiresAt"] == custom["expiresAt"]

    async def test_an_ended_link_may_go_on(self, box: TestBox, ada: Visitor, guest: Visitor) -> None:
        link = await link_of(ada)
        await end(box, link)
        assert (await guest.ask("GET", public(link), status=410))["type"] == "urn:girok:problem:SHARE_EXPIRED"
        await ada.ask("PATCH", f"/v1/share/{link['id']}", {"duration": "1_month"})
        await guest.ask("GET", public(link))


class TestPublic:
    async def test_shows_what_is_published_and_is_found_by_no_search_engine(self, ada: Visitor, guest: Visitor) -> None:
        hidden = [{"type": "COVER_LETTER", "order": 0, "visible": False}]
        link = await link_of(ada, await resume_of(ada, coverLetter="Dear Charles", sections=hidden))
        answer = await guest.send("GET", public(link))
        assert (answer.json()["id"], answer.json()["coverLetter"]) == (link["resourceId"], None)
        assert (answer.headers["x-robots-tag"], answer.headers["cache-control"]) == ("noindex", "no-store")

    async def test_follows_every_change_of_the_resume(self, ada: Visitor, guest: Visitor) -> None:
        link = await link_of(ada)
        await ada.ask("PUT", f"/v1/resume/{link['resourceId']}", {"name": "Augusta"})
        assert (await guest.ask("GET", public(link)))["name"] == "Augusta"

    async def test_switched_off_is_403_even_when_it_has_ended(self, box: TestBox, ada: Visitor, guest: Visitor) -> None:
        link = await link_of(ada)
        await end(box, link)
        await ada.ask("PATCH", f"/v1/share/{link['id']}", {"isActive": False})
        await guest.ask("GET", public(link), status=403)
        await ada.ask("GET", public(link), status=403)

    async def test_deleted_or_unknown_is_404(self, ada: Visitor, guest: Visitor) -> None:
        link = await link_of(ada)
        await ada.ask("DELETE", f"/v1/share/{link['id']}")
        gone = await guest.ask("GET", public(link), status=404)
        for token in (UNKNOWN, "x", "%2e%2e", "%F0%9F%98%80"):
            unknown = await guest.ask("GET", f"/v1/share/public/{token}", status=404)
            assert unknown["error"] == gone["error"]


class TestGuesses:
    async def test_are_limited_by_address_and_good_tokens_are_not(self, tmp_path: Path) -> None:
        limits = {"GIROK_LIMITS_ENABLED": "true", "GIROK_LIMITS_SHARE_TOKEN": "3"}
        async with box_on(tmp_path / "data", **limits) as box, somebody(box, "ada") as ada, nobody(box) as guest:
            link = await link_of(ada)
            statuses = [
                (await guest.send("GET", f"/v1/share/public/{each}")).status_code
                for each in (UNKNOWN, "malformed", UNKNOWN[::-1])
            ]
            assert statuses == [404] * 3
            refused = await guest.send("GET", f"/v1/share/public/{UNKNOWN}")
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) >= 1
            answers = await asyncio.gather(*(guest.send("GET", public(link)) for _ in range(20)))
            assert {each.status_code for each in answers} == {200}
