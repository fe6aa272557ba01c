"""kill -9 of any part of a cluster at any moment: what was acknowledged is there, and every effect exactly once.

A test prints the seed of its choices, and GIROK_TEST_SEED=SEED makes them again. The moments of the kills among them
are real time, so that it may take some runs until a failure comes back.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from itertools import count
from random import Random

import pytest
import pytest_asyncio

from girok.servers.process import ServerProcess
from girok.testing.client import Browser
from girok.testing.process import GirokProcess
from tests.budget import share
from tests.scenarios.cluster_town import GIROKS, SERVERS, Cluster, Town, split, twins
from tests.scenarios.story import PASSWORD, eventually, register
from tests.scenarios.traffic import refusals

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

KILLS = share(50)
KILLS_BETWEEN_AUDITS = 10
NAMES = ("ada", "ben", "cleo", "dan", "eve")
PACE = 0.02
LOGIN = "mutation($input: LoginInput!) { login(input: $input) { success } }"
SESSIONS = "{ sessions { id current } }"
END_SESSION = "mutation($id: ID!) { endSession(id: $id) }"
ME = "{ me { username } }"
_towns = count()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def where(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: ServerProcess, s3_server: ServerProcess
) -> AsyncGenerator[Cluster, None]:
    """bff, auth and feed."""
    async with split(tmp_path_factory.mktemp("split"), postgres_server, s3_server) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: ServerProcess, s3_server: ServerProcess
) -> AsyncGenerator[Cluster, None]:
    """Two processes with all roles."""
    async with twins(tmp_path_factory.mktemp("twins"), postgres_server, s3_server) as found:
        yield found


async def settled_in(where: Cluster, chance: Random) -> Town:
    """People whom no test has seen before."""
    number = next(_towns)
    town = Town(where, [f"{name}{number}" for name in NAMES], chance, pace=PACE)
    await town.settle_in()
    return town


class Reaper:
    """Kills parts of a cluster, and starts them again."""

    def __init__(self, town: Town, chance: Random) -> None:
        self.town = town
        self.chance = chance

    async def kill(self, name: str) -> None:
        """After a while, of milliseconds or up to a second; sometimes once more while it starts."""
        part = self.town.cluster.parts[name]
        # Not a wait for something, here and below: the instant of the kill is what varies.
        await asyncio.sleep(self.chance.choice([10 ** self.chance.uniform(-3, -1), self.chance.uniform(0.1, 1.0)]))
        await part.kill()
        if isinstance(part, GirokProcess) and self.chance.random() < 0.2:
            await part.launch()
            await asyncio.sleep(self.chance.uniform(0.0, 2.0))
            await part.kill()
        await part.start()

    async def kill_under_traffic(self, names: Sequence[str]) -> None:
        """One after another. Then all is served again, and all is as it was acknowledged."""
        async with self.town.traffic.flowing(self.town.lanes()):
            await self.town.served()
            for name in names:
                await self.kill(name)
            await self.town.served()
        await self.town.audit()

    async def kill_often(self, names: Sequence[str]) -> None:
        """Anybody of `names`, with audits in between."""
        for done in range(0, KILLS, KILLS_BETWEEN_AUDITS):
            number = min(KILLS - done, KILLS_BETWEEN_AUDITS)
            await self.kill_under_traffic(self.chance.choices(names, k=number))


@pytest_asyncio.fixture(loop_scope="module")
async def reaper(where: Cluster, chance: Random) -> AsyncGenerator[Reaper, None]:
    """In a town under traffic."""
    before = {name: len(each.log) for name, each in where.giroks.items()}
    yield Reaper(await settled_in(where, chance), chance)
    for name, each in where.giroks.items():
        assert "Traceback" not in each.log[before[name] :]


class TestKill:
    async def test_loses_nothing_acknowledged_and_does_nothing_twice(self, reaper: Reaper) -> None:
        names = [*GIROKS, "nats"]
        reaper.chance.shuffle(names)
        await reaper.kill_under_traffic(names)

    @pytest.mark.slow
    @pytest.mark.timeout(3600)
    @pytest.mark.parametrize("name", [*GIROKS, *SERVERS])
    async def test_nor_at_many_moments(self, reaper: Reaper, name: str) -> None:
        await reaper.kill_often([name])

    @pytest.mark.slow
    @pytest.mark.timeout(3600)
    async def test_nor_of_anybody(self, reaper: Reaper) -> None:
        await reaper.kill_often([*GIROKS, *SERVERS])


class TestTwoOfAll:
    async def test_when_one_is_killed_the_other_serves_on(self, pair: Cluster, chance: Random) -> None:
        town = await settled_in(pair, chance)
        async with town.traffic.flowing(town.lanes()):
            await town.served()
            await pair.parts["one"].kill()
            await town.served()
        assert not refusals(town.traffic.calls)
        await town.audit()
        await pair.parts["one"].start()

    @pytest.mark.parametrize("restarted", ["never", "before", "after"])
    async def test_a_session_ended_through_one_is_refused_by_the_next_request_through_the_other(
        self, pair: Cluster, restarted: str
    ) -> None:
        username = f"zoe{next(_towns)}"
        await eventually(pair.is_ready, within=60.0)
        async with Browser(pair.giroks["one"].base_url) as one:
            await register(one, username)
            for _ in range(5):
                async with Browser(pair.giroks["other"].base_url) as other:
                    await self.log_in(other, username)
                    mine = await self.current(other)
                    if restarted == "before":
                        await self.restart(pair.parts["valkey"])
                    await eventually(lambda mine=mine: self.ended(one, mine))
                    if restarted == "after":
                        await self.restart(pair.parts["valkey"])
                    assert (await other.graphql(ME)).data["me"] is None

    async def log_in(self, browser: Browser, username: str) -> None:
        given = {"email": f"{username}@example.org", "password": PASSWORD}
        assert (await browser.graphql(LOGIN, {"input": given})).data["login"] == {"success": True}

    async def current(self, browser: Browser) -> str:
        """The session's id, asked for often enough that what can be cached is."""
        for _ in range(3):
            found = (await browser.graphql(SESSIONS)).data["sessions"]
        return next(each["id"] for each in found if each["current"])

    async def ended(self, browser: Browser, session_id: str) -> bool:
        """End it: refused as long as Valkey cannot be told."""
        return "errors" not in (await browser.graphql(END_SESSION, {"id": session_id})).body

    async def restart(self, valkey: GirokProcess | ServerProcess) -> None:
        await valkey.kill()
        await valkey.start()
