"""The bus of one box costs nothing while nothing happens; what every bus does is tests/contract/test_bus.py."""

import asyncio
import logging
from pathlib import Path

import pytest

from girok.db.statement import Sql
from girok.db.unit import execute
from girok.sections import Events
from girok.testing.events import settle
from tests.kernel.events.consumers import storing
from tests.kernel.events.stage import HandClock, Ignored, Liked, stage

NEVER_AGAIN = Events(retry_seconds=3600, max_deliver=2)


class TestQuiet:
    async def test_reads_nothing_while_nothing_happens(self, tmp_path: Path) -> None:
        async with stage(tmp_path, storing, settings=Events(retry_seconds=0.001)) as on:
            await on.emit(Liked("p1"))
            await settle(on.bus)
            before = on.cable.reads
            await on.emit(Ignored())
            await on.db.run(lambda: execute(Sql("INSERT INTO test_effect (value) VALUES ('unrelated')")))
            await asyncio.sleep(0.05)
            assert on.cable.reads == before

    async def test_looks_again_when_the_next_retry_is_due(self, tmp_path: Path) -> None:
        clock = HandClock()
        async with stage(tmp_path, storing, clock=clock, start=False) as on:
            await on.emit(Liked("p1"))
            clock.advance(-3)  # somebody set the clock back: the row is due in the future
            await on.bus.start()
            await settle(on.bus)
            assert await on.effects() == []
            clock.advance(3)
            on.bus.wake()
            await settle(on.bus)
            assert await on.effects() == ["p1"]


class TestStart:
    async def test_reports_events_of_a_consumer_that_is_gone(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with stage(tmp_path, storing, start=False) as on:
            await on.emit(Liked("p1"))
        with caplog.at_level(logging.WARNING, "girok.events"):
            async with stage(tmp_path, lambda _: []) as on:
                await settle(on.bus)
                assert len(await on.rows()) == 1
        assert "1 events wait for the consumer test.store, which is not here" in caplog.messages


class TestStats:
    async def test_count_what_waits(self, tmp_path: Path) -> None:
        clock = HandClock()
        async with stage(tmp_path, storing, clock=clock, settings=NEVER_AGAIN, start=False) as on:
            await on.emit(Liked("p1"), Liked("p2"))
            clock.advance(90)
            (stats,) = await on.bus.stats()
        assert (stats.consumer, stats.depth, stats.lag) == ("test.store", 2, 90.0)
