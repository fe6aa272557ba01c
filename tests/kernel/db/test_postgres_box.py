"""A box on a PostgreSQL that goes away and comes back: it is whole again by itself, its events too."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from girok.errors import Unavailable
from girok.servers.process import ServerProcess
from girok.testing.box import TestBox, box_on
from girok.testing.postgres import new_schema
from tests.plugins.feed.people import person


@pytest.fixture
async def box(tmp_path: Path, mortal_server: ServerProcess) -> AsyncIterator[TestBox]:
    """One whose consumers wait for as long as they ever do when something is away."""
    async with (
        new_schema(mortal_server) as url,
        box_on(tmp_path / "data", GIROK_DATABASE_URL=url, GIROK_EVENTS_RETRY_SECONDS="3600") as opened,
    ):
        yield opened


class TestServerThatIsBack:
    async def test_gives_consumers_what_waits_at_once(
        self, box: TestBox, mortal_server: ServerProcess, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        ada, ben = await person(box, "ada"), await person(box, "ben")
        await box.settle()
        await mortal_server.kill()
        with pytest.raises(Unavailable):
            await ada.posts("lost")
        box.box.bus.wake()
        async with asyncio.timeout(30):
            await self.away_and_back(mortal_server, caplog)
        await ada.posts("hello")
        await box.settle()
        assert await ada.sees() == ["hello"]
        assert await ben.sees() == []

    async def away_and_back(self, server: ServerProcess, caplog: pytest.LogCaptureFixture) -> None:
        while not any("waits 30 s" in each for each in caplog.messages):
            await asyncio.sleep(0.01)
        await server.start()
        while not any("is back after" in each for each in caplog.messages):
            await asyncio.sleep(0.01)
