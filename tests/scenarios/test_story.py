"""The story in every shape that girok runs in: the same assertions, whatever is behind the address."""

from pathlib import Path

import pytest

from girok.servers.process import ServerProcess
from girok.testing.cluster import girok_up, processes, servers
from girok.testing.mongo import new_database as new_mongo_database
from girok.testing.postgres import new_database
from girok.testing.process import running
from tests.scenarios import story


class TestOneBox:
    async def test_the_story(self, tmp_path: Path) -> None:
        async with running(tmp_path / "data") as box:
            await story.tell(box.base_url)
            assert await box.stop() == 0

    async def test_the_story_on_postgresql(self, tmp_path: Path, postgres_server: ServerProcess) -> None:
        async with (
            new_database(postgres_server) as url,
            running(tmp_path / "data", env={"GIROK_DATABASE_URL": url}) as box,
        ):
            await story.tell(box.base_url)
            assert await box.stop() == 0

    async def test_the_story_with_feed_on_mongodb(self, tmp_path: Path, mongo_url: str) -> None:
        async with (
            new_mongo_database(mongo_url) as url,
            running(tmp_path / "data", env={"GIROK_FEED_STORE": "mongo", "GIROK_MONGO_URL": url}) as box,
        ):
            await story.tell(box.base_url)
            assert await box.stop() == 0


@pytest.mark.timeout(300)
class TestCluster:
    @pytest.mark.parametrize(
        "roles", [("bff,auth,personal", "feed"), ("", "")], ids=["all but feed, and feed", "all and all"]
    )
    async def test_the_story_over_two_processes(
        self, tmp_path: Path, postgres_server: ServerProcess, s3_server: ServerProcess, roles: tuple[str, ...]
    ) -> None:
        async with (
            servers(postgres_server, s3_server) as shared,
            processes(tmp_path, shared.env, *roles) as (first, second),
        ):
            await story.tell(first.base_url)
            assert [await each.stop() for each in (first, second)] == [0, 0]

    @pytest.mark.parametrize("options", [(), ("--mongo",)], ids=["on SQL", "feed on MongoDB"])
    async def test_the_story_over_girok_up(self, tmp_path: Path, options: tuple[str, ...]) -> None:
        async with girok_up(tmp_path / "data", *options) as (up, offset):
            await story.tell(f"http://127.0.0.1:{4000 + offset}")
            up.terminate()
            assert await up.wait() == 0
