"""A server or a peer is away under traffic, killed or hanging: what does not need it goes on, the rest is told at once.

In the default run an outage takes three seconds, with `-m slow` thirty, or what the budget leaves of them.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import count
from random import Random
from typing import Any

import httpx
import pytest
import pytest_asyncio

from girok.servers.process import ServerProcess
from girok.testing.client import Answer, Browser
from tests.budget import share
from tests.scenarios import store_postgres
from tests.scenarios.cluster_town import DEGRADED, READY, UNAVAILABLE, Cluster, Town, split
from tests.scenarios.outage import How, Lines, Outage, Times, patient, suffer
from tests.scenarios.story import PASSWORD, create_post, register
from tests.scenarios.traffic import Call, middle, refusals

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

SHORT, LONG = 3.0, float(share(30))
PACE = 0.1
AT_ONCE, WITHIN_DEADLINE = 1.5, 8.0
"""Seconds, on a machine that is not overloaded; see `patient`."""
FEED = frozenset({"createPost", "deletePost", "likePost", "unlikePost", "follow", "unfollow", "timeline", "post"})
AUTH = frozenset({"me", "login", "logout"})
ME = "{ me { username } }"
LOGIN = "mutation($input: LoginInput!) { login(input: $input) { success } }"
LOGOUT = "mutation { logout { success } }"
SESSIONS = "{ sessions { id current } }"
END_SESSION = "mutation($id: ID!) { endSession(id: $id) }"
END_OTHERS = "mutation { endOtherSessions }"
TIMELINE = "{ timeline { edges { cursor } } }"
POST = "query($id: ID!) { post(id: $id) { text } }"
PERSON = "query($name: String!) { user(username: $name) { username } }"
COUNTED = "query($name: String!) { user(username: $name) { username followerCount } }"
_towns = count()


def lasting(*cases: tuple[How, bool]) -> Any:
    """Each way of being away for long; those with True also for a short time in the default run, but not twice."""
    short = [pytest.param(how, SHORT, id=how) for how, default in cases if default]
    longer = [how for how, default in cases if not default or LONG > SHORT]
    long = [pytest.param(how, LONG, id=f"{how} for long", marks=pytest.mark.slow) for how in longer]
    return pytest.mark.parametrize(("how", "seconds"), [*short, *long])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def where(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: ServerProcess, s3_server: ServerProcess
) -> AsyncGenerator[Cluster, None]:
    """One cluster for all tests."""
    async with split(tmp_path_factory.mktemp("cluster"), postgres_server, s3_server) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def town(where: Cluster, chance: Random) -> Town:
    """People whom no test has seen before."""
    number = next(_towns)
    town = Town(where, [f"{name}{number}" for name in ("ada", "ben", "cleo", "dan")], chance, pace=PACE)
    await town.settle_in()
    return town


class Visitor(Browser):
    """A browser of somebody who takes no part in the traffic; `another` is a second one, without a session yet."""

    def __init__(self, base_url: str, username: str) -> None:
        super().__init__(base_url)
        self.username = username
        self.another = Browser(base_url)

    async def log_in(self) -> Answer:
        """Sign in, in the other browser."""
        email = f"{self.username}@example.org"
        return await self.another.graphql(LOGIN, {"input": {"email": email, "password": PASSWORD}})


@pytest_asyncio.fixture(loop_scope="module")
async def eve(town: Town) -> AsyncGenerator[Visitor, None]:
    """Signed in."""
    async with Visitor(town.cluster.url, f"eve{next(_towns)}") as browser, browser.another:
        await register(browser, browser.username)
        yield browser


@pytest.fixture
def lines(where: Cluster) -> Lines:
    """What the processes log while the test runs."""
    return Lines(where.giroks)


async def told(sending: Awaitable[Answer]) -> Answer:
    """The answer, which comes at once and leaves the cookie where it is."""
    async with asyncio.timeout(patient(AT_ONCE)):
        answer = await sending
    assert answer.set_cookies == []
    return answer


async def refused(sending: Awaitable[Answer], reason: str) -> None:
    """As `told`: nothing is done, since something is unavailable."""
    assert (await told(sending)).error == {"code": "UNAVAILABLE", "reason": reason}


async def check(town: Town, outage: Outage, meanwhile: Callable[[], Awaitable[None]]) -> Times:
    """Only what needs it is refused, and quickly; afterwards nothing is, and nothing is lost."""
    when = await suffer(town, outage, meanwhile)
    calls, known = town.traffic.since(when.gone), town.traffic.since(when.known, when.let_back)
    print(report(when, calls))
    assert refusals(calls).keys() <= outage.refused
    assert not [each for each in calls if each.lost and each.field != "logout"]
    assert middle([each for each in known if each.reason]) < patient(AT_ONCE)
    assert middle([each for each in known if each.field not in outage.refused]) < patient(AT_ONCE)
    assert max(each.seconds for each in calls) < patient(WITHIN_DEADLINE)
    assert not refusals(town.traffic.since(when.ready))
    await town.audit()
    return when


def report(when: Times, calls: list[Call]) -> str:
    """In figures."""
    refused = [each.seconds for each in calls if each.reason]
    return (
        f"known after {when.known - when.gone:.2f} s; ready {when.ready - when.back:.2f} s after the return, "
        f"caught up {when.caught_up - when.back:.2f} s after it; {len(calls)} calls, refused {dict(refusals(calls))}; "
        f"the slowest refusal took {max(refused, default=0.0):.2f} s, "
        f"the slowest answer {max(each.seconds for each in calls if not each.reason):.2f} s"
    )


class TestNats:
    @lasting(("killed", True), ("paused", False))
    async def test_all_goes_on_and_events_wait(
        self, where: Cluster, town: Town, eve: Visitor, lines: Lines, how: How, seconds: float
    ) -> None:
        async def meanwhile() -> None:
            await create_post(eve, "for later")
            assert await store_postgres.waiting(where.database) > 0
            assert (await eve.log_in()).data["login"] == {"success": True}
            assert (await told(eve.graphql(TIMELINE))).data["timeline"]["edges"]
            async with httpx.AsyncClient() as http:
                metrics = (await http.get(f"{where.feed_url}/metrics")).text
            assert re.search(r"^girok_relay_waiting [1-9]", metrics, re.MULTILINE)

        outage = Outage("nats", how, seconds, {"bff": DEGRADED, "auth": DEGRADED, "feed": DEGRADED})
        await check(town, outage, meanwhile)
        for each in where.giroks:
            lines.check(each, "girok.nats", "is lost", "is back")


class TestValkey:
    @lasting(("killed", False), ("paused", True))
    async def test_sessions_are_read_from_postgresql_and_not_ended(
        self, where: Cluster, town: Town, eve: Visitor, lines: Lines, how: How, seconds: float
    ) -> None:
        async def meanwhile() -> None:
            assert (await eve.log_in()).data["login"] == {"success": True}
            (other,) = [
                each for each in (await told(eve.another.graphql(SESSIONS))).data["sessions"] if each["current"]
            ]
            await refused(eve.graphql(END_SESSION, {"id": other["id"]}), "VALKEY_UNAVAILABLE")
            await refused(eve.graphql(END_OTHERS), "VALKEY_UNAVAILABLE")
            await refused(eve.graphql(LOGOUT), "VALKEY_UNAVAILABLE")
            assert (await told(eve.graphql(ME))).data["me"] == {"username": eve.username}
            assert (await told(eve.another.graphql(ME))).data["me"] == {"username": eve.username}

        outage = Outage("valkey", how, seconds, {"bff": READY, "auth": DEGRADED, "feed": READY}, frozenset({"logout"}))
        await check(town, outage, meanwhile)
        assert (await eve.graphql(END_OTHERS)).data["endOtherSessions"] > 0
        assert (await eve.another.graphql(ME)).data["me"] is None
        lines.check("auth", "girok.valkey.client", "is away", "is back")
        lines.check("bff")
        lines.check("feed")


class TestPostgres:
    @lasting(("killed", True), ("paused", False))
    async def test_what_reads_it_is_told_at_once(
        self, where: Cluster, town: Town, eve: Visitor, lines: Lines, how: How, seconds: float
    ) -> None:
        async def meanwhile() -> None:
            await refused(eve.graphql(ME), "STORE_UNAVAILABLE")
            await refused(eve.graphql(TIMELINE), "STORE_UNAVAILABLE")
            await refused(eve.log_in(), "STORE_UNAVAILABLE")
            assert (await told(eve.another.graphql(ME))).data == {"me": None}
            assert (await told(eve.another.graphql("{ __typename }"))).data == {"__typename": "Query"}

        outage = Outage(
            "postgres", how, seconds, {"bff": UNAVAILABLE, "auth": UNAVAILABLE, "feed": UNAVAILABLE}, AUTH | FEED
        )
        await check(town, outage, meanwhile)
        for each in where.giroks:
            lines.check(each, "girok.db", "is away", "is back")


class TestFeed:
    @lasting(("killed", False), ("paused", True))
    async def test_sessions_and_accounts_go_on(
        self, where: Cluster, town: Town, eve: Visitor, lines: Lines, how: How, seconds: float
    ) -> None:
        async def meanwhile() -> None:
            name = {"name": eve.username}
            await refused(eve.graphql(TIMELINE), "PEER_UNAVAILABLE")
            await refused(eve.another.graphql(COUNTED, name), "PEER_UNAVAILABLE")
            assert (await told(eve.another.graphql(PERSON, name))).data["user"] == {"username": name["name"]}
            assert (await told(eve.graphql(ME))).data["me"] == {"username": name["name"]}
            assert (await eve.log_in()).data["login"] == {"success": True}
            assert (await told(eve.graphql(SESSIONS))).data["sessions"]
            assert (await eve.graphql(END_OTHERS)).data["endOtherSessions"] > 0
            assert (await eve.another.graphql(LOGOUT)).data["logout"] == {"success": True}

        outage = Outage("feed", how, seconds, {"bff": DEGRADED, "auth": READY}, FEED)
        await check(town, outage, meanwhile)
        lines.check("bff", "girok.rpc", "is down", "is (back|there)")
        lines.check("auth")


class TestAuth:
    @lasting(("killed", True), ("paused", False))
    async def test_the_answer_is_no_and_cookies_are_kept(
        self, where: Cluster, town: Town, eve: Visitor, lines: Lines, how: How, seconds: float
    ) -> None:
        post = await create_post(eve, "anybody may read this")

        async def meanwhile() -> None:
            await refused(eve.graphql(ME), "PEER_UNAVAILABLE")
            await refused(eve.graphql(TIMELINE), "PEER_UNAVAILABLE")
            await refused(eve.graphql(POST, {"id": post["id"]}), "PEER_UNAVAILABLE")
            await refused(eve.graphql(LOGOUT), "PEER_UNAVAILABLE")
            await refused(eve.log_in(), "PEER_UNAVAILABLE")
            assert (await told(eve.another.graphql(POST, {"id": post["id"]}))).data["post"] == {"text": post["text"]}
            assert (await told(eve.another.graphql(ME))).data == {"me": None}

        outage = Outage("auth", how, seconds, {"bff": DEGRADED}, AUTH | FEED)
        await check(town, outage, meanwhile)
        assert (await eve.graphql(ME)).data["me"] == {"username": eve.username}
        lines.check("bff", "girok.rpc", "is down", "is (back|there)")
        lines.check("feed")
