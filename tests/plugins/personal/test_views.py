"""Views of share links: whose look is one, that none is lost, and that no answer waits or fails for them."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from girok.testing.box import TestBox
from plugins.personal.repository_sql.shares import SqlShareRepository
from plugins.personal.service.shares import Shares
from plugins.personal.service.views import Views
from tests.kernel.events.stage import FaultyDatabase
from tests.plugins.auth.stage import PASSWORD
from tests.plugins.personal.test_shares import Link, link_of, public
from tests.plugins.personal.visitors import Visitor, somebody

LOGIN = "mutation($input: LoginInput!) { login(input: $input) { success } }"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture
async def link(ada: Visitor) -> Link:
    return await link_of(ada)


async def views(owner: Visitor, link: Link) -> int:
    """How many there were."""
    return (await owner.ask("GET", f"/v1/share/{link['id']}"))["viewCount"]


class TestWhoseLookIsOne:
    async def test_of_anybody_with_the_link(self, ada: Visitor, guest: Visitor, link: Link) -> None:
        await guest.ask("GET", public(link))
        seen = await ada.ask("GET", f"/v1/share/{link['id']}")
        assert seen["viewCount"] == 1
        assert seen["lastViewedAt"] >= link["createdAt"]
        assert seen["updatedAt"] == link["updatedAt"]

    async def test_no_cookie_is_set_and_who_comes_again_counts_again(
        self, ada: Visitor, guest: Visitor, link: Link
    ) -> None:
        for _ in range(3):
            assert "set-cookie" not in (await guest.send("GET", public(link))).headers
        assert await views(ada, link) == 3

    async def test_of_somebody_else_who_is_signed_in(self, box: TestBox, ada: Visitor, link: Link) -> None:
        async with somebody(box, "ben") as ben:
            await ben.ask("GET", public(link))
        assert await views(ada, link) == 1

    async def test_a_bearer_that_is_no_good_is_as_none(self, ada: Visitor, guest: Visitor, link: Link) -> None:
        for authorization in ("Bearer x", "Bearer ", "Basic YTpi", ""):
            await guest.ask("GET", public(link), authorization=authorization)
        assert await views(ada, link) == 4

    async def test_not_of_the_owner_by_bearer(self, ada: Visitor, link: Link) -> None:
        await ada.ask("GET", public(link))
        assert await views(ada, link) == 0

    async def test_not_of_the_owner_by_session(self, box: TestBox, ada: Visitor, link: Link) -> None:
        async with box.browser() as browser, box.browser() as other, somebody(box, "ben"):
            for each, name in ((browser, "ada"), (other, "ben")):
                await each.graphql(LOGIN, {"input": {"email": f"{name}@example.org", "password": PASSWORD}})
            assert (await browser.request("GET", public(link))).status_code == 200
            assert await views(ada, link) == 0
            assert (await other.request("GET", public(link))).status_code == 200
            assert await views(ada, link) == 1
            await browser.graphql("mutation { logout { success } }")
            assert (await browser.request("GET", public(link))).status_code == 200
            assert await views(ada, link) == 2

    async def test_of_a_guest_whom_the_owner_invited(self, ada: Visitor, guest: Visitor, link: Link) -> None:
        invitation = {"domain": "my.example.org", "expiresInHours": 1}
        token = (await ada.ask("POST", "/v1/auth/domain-access", invitation, status=201))["accessToken"]
        await guest.ask("GET", public(link), authorization=f"Bearer {token}")
        assert await views(ada, link) == 1

    async def test_not_of_robots_nor_of_who_loads_ahead_nor_of_head(
        self, ada: Visitor, guest: Visitor, link: Link
    ) -> None:
        await guest.ask("GET", public(link), user_agent=GOOGLEBOT)
        await guest.ask("GET", public(link), sec_purpose="prefetch")
        assert (await guest.send("HEAD", public(link))).status_code == 200
        assert await views(ada, link) == 0

    async def test_not_at_a_link_that_shows_nothing(self, ada: Visitor, guest: Visitor, link: Link) -> None:
        await ada.ask("PATCH", f"/v1/share/{link['id']}", {"isActive": False})
        await guest.ask("GET", public(link), status=403)
        assert await views(ada, link) == 0


class TestCounting:
    async def test_none_is_lost_when_many_look_at_once(self, ada: Visitor, guest: Visitor, link: Link) -> None:
        other = await link_of(ada)
        await asyncio.gather(*(guest.ask("GET", public(each)) for each in [link, other, link] * 40))
        assert (await views(ada, link), await views(ada, other)) == (80, 40)

    async def test_of_two_processes_at_once_add_up(self, box: TestBox, ada: Visitor, link: Link) -> None:
        others = [Views(SqlShareRepository(box.kit.db), box.kit.clock) for _ in range(4)]
        await asyncio.gather(*(each.count(link["id"]) for each in others * 25))
        assert await views(ada, link) == 100

    async def test_waits_for_a_store_that_takes_nothing_and_no_answer_does(
        self, box: TestBox, ada: Visitor, link: Link
    ) -> None:
        cable = FaultyDatabase(box.kit.db)  # type: ignore[arg-type]
        counter = Views(SqlShareRepository(cable), box.kit.clock)
        cable.writable = False
        for _ in range(3):
            await counter.count(link["id"])
        assert await views(ada, link) == 0
        cable.writable = True
        await counter.count(link["id"])
        assert await views(ada, link) == 4

    async def test_what_is_left_is_stored_at_the_end(self, box: TestBox, ada: Visitor, link: Link) -> None:
        cable = FaultyDatabase(box.kit.db)  # type: ignore[arg-type]
        counter = Views(SqlShareRepository(cable), box.kit.clock)
        cable.writable = False
        await counter.count(link["id"])
        cable.writable = True
        await counter.aclose()
        assert await views(ada, link) == 1

    async def test_the_answer_comes_while_the_store_hangs(self, box: TestBox, guest: Visitor, link: Link) -> None:
        release = asyncio.Event()

        class Hanging(SqlShareRepository):
            async def count_views(self, views: object, now: object) -> None:
                await release.wait()

        shares = box.kit.ports[Shares]
        counted, shares.views = shares.views, Views(Hanging(box.kit.db), box.kit.clock)
        try:
            begin = time.monotonic()
            await guest.ask("GET", public(link))
            assert time.monotonic() - begin < 5.0
        finally:
            release.set()
            await shares.views.aclose()
            shares.views = counted

    async def test_of_a_link_that_is_gone_is_nothing(self, box: TestBox) -> None:
        await SqlShareRepository(box.kit.db).count_views({"gone": 1}, datetime.now(UTC))
