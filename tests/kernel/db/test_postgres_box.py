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
    async def test_is_written_to_and_its_events_are_delivered(
        self, box: TestBox, mortal_server: ServerProcess, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        ada, ben = await person(box, "ada"), await person(box, "ben")
        await box.settle()
        await mortal_server.kill()
        with pytest.raises(Unavailable):
            await ada.posts("lost")
        box.box.bus.wake()
        await self.said(caplog, "consumer feed.fan-out waits")
        await mortal_server.start()
        await self.said(caplog, "is back after")
        await ada.posts("hello")
        await box.settle()
        assert await ada.sees() == ["hello"]
        assert await ben.sees() == []

    async def said(self, caplog: pytest.LogCaptureFixture, words: str) -> None:
        """Return once the log has these words."""
        async with asyncio.timeout(30):
            while not any(words in each for each in caplog.messages):
                await asyncio.sleep(0.01)
