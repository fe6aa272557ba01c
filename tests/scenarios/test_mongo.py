"""One box with feed on MongoDB: killed under load, and while MongoDB is away.

What is stored is asked of girok; what a MongoDB of many members does under concurrent writers nx-27017 does not show.
"""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import httpx
import pytest
from pymongo import AsyncMongoClient

from girok.mongo import EVENTS_DUE
from girok.servers.mongo import mongo
from girok.servers.process import ServerProcess
from girok.testing.box import CHEAP
from girok.testing.client import Browser
from girok.testing.mongo import new_database
from girok.testing.process import GirokProcess, running
from girok.testing.servers import started
from plugins.feed.documents import COLLECTIONS
from tests.budget import share
from tests.scenarios.audit import settled
from tests.scenarios.story import create_post, eventually, register, texts
from tests.scenarios.test_kill import SETTINGS, Town

KILLS = share(20)
CREATE = 'mutation { createPost(input: {text: "too soon"}) { id } }'


class TownOnMongo(Town):
    """See Town. `url` is its database."""

    url = ""

    async def audit(self) -> None:
        """After what a killed process left in documents has left them."""
        await self.box.start()
        async with AsyncMongoClient[dict[str, object]](self.url) as client:
            database = client.get_default_database()

            async def look() -> bool:
                carrying = [await database[each.name].find_one({EVENTS_DUE: {"$exists": True}}) for each in COLLECTIONS]
                return not any(carrying)

            await eventually(look, within=60)
        await settled(self.box.base_url)
        assert await self.box.stop() == 0
        await super().audit()


@pytest.fixture
async def town(tmp_path: Path, mongo_url: str, chance: random.Random) -> AsyncIterator[TownOnMongo]:
    """People who signed up, and a girok that was killed right after."""
    async with new_database(mongo_url) as url:
        env = {**SETTINGS, "GIROK_FEED_STORE": "mongo", "GIROK_MONGO_URL": url}
        async with running(tmp_path / "data", env=env) as box:
            town = TownOnMongo(box, chance)
            town.url = url
            await town.settle_in()
            await box.kill()
            yield town
            assert "Traceback" not in box.log


class TestKill:
    @pytest.mark.timeout(300)
    async def test_loses_nothing_acknowledged_and_does_nothing_twice(self, town: TownOnMongo) -> None:
        await town.kill_under_load()
        await town.kill_while_it_starts()
        await town.kill_under_load()
        await town.audit()

    @pytest.mark.slow
    @pytest.mark.timeout(1800)
    async def test_nor_at_many_moments(self, town: TownOnMongo) -> None:
        while town.kills < KILLS:
            await town.kill_under_load()
        await town.audit()


@pytest.fixture
async def server() -> AsyncIterator[ServerProcess]:
    """A MongoDB that may be killed."""
    async with started(mongo) as running_server:
        yield running_server


@pytest.fixture
async def box(tmp_path: Path, server: ServerProcess) -> AsyncIterator[GirokProcess]:
    """girok on it."""
    env = {**CHEAP, "GIROK_FEED_STORE": "mongo", "GIROK_MONGO_URL": server.url}
    async with running(tmp_path / "data", env=env) as process:
        yield process


async def readiness(box: GirokProcess) -> tuple[int, str, bool]:
    """Of /readyz: the HTTP status, the status, and whether MongoDB is well."""
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{box.base_url}/readyz")
    return answer.status_code, answer.json()["status"], answer.json()["checks"]["mongo"]["ok"]


class TestOutage:
    @pytest.mark.parametrize("end", [ServerProcess.kill, ServerProcess.stop])
    async def test_what_needs_it_fails_at_once_and_all_comes_back_alone(
        self, box: GirokProcess, server: ServerProcess, end: object
    ) -> None:
        async with Browser(box.base_url) as ada, Browser(box.base_url) as ben:
            await register(ada, "ada")
            await register(ben, "ben")
            await ben.graphql('mutation { follow(username: "ada") { username } }')
            await create_post(ada, "before")
            assert callable(end)
            await end(server)
            begin = monotonic()
            for _ in range(20):
                refused = await ada.graphql(CREATE)
                assert refused.error == {"code": "UNAVAILABLE", "reason": "STORE_UNAVAILABLE"}
            assert monotonic() - begin < 5
            assert await readiness(box) == (200, "degraded", False)
            assert (await ada.graphql("{ me { username } }")).data["me"] == {"username": "ada"}
            await server.start()

            async def back() -> bool:
                return await readiness(box) == (200, "ready", True)

            await eventually(back, within=30)
            await create_post(ada, "after")

            async def arrived() -> bool:
                return await texts(ben) == ["after", "before"]

            await eventually(arrived, within=30)
        assert "Traceback" not in box.log
        assert await box.stop() == 0
