"""kill -9 of the whole one box at any moment: what was acknowledged is there, and every effect exactly once.

A test prints the seed of its choices, and GIROK_TEST_SEED=SEED makes them again. The moments of the kills among them
are real time, so that it may take some runs until a failure comes back.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from girok.testing.box import CHEAP
from girok.testing.process import GirokProcess, free_port, running
from tests.budget import share
from tests.scenarios import story
from tests.scenarios.audit import audit, settled
from tests.scenarios.ledger import Ledger
from tests.scenarios.load import Person, until_killed
from tests.scenarios.store_file import check_settled, check_whole

KILLS = share(50)
KILLS_BETWEEN_AUDITS = 10
PEOPLE = ("ada", "ben", "cleo", "dan", "eve", "finn", "gil", "hana")
FAITHFUL = 3
"""How many each follows for good: following somebody again would fill the gaps that a lost event left."""
SETTINGS = {
    **CHEAP,
    "GIROK_FEED_BACKFILL": "10000",
    "GIROK_FEED_FAN_OUT_CHUNK": "2",  # so that a kill comes between two chunks of one fan-out
}


class Town:
    """People under load on one data directory, whose girok is killed again and again."""

    def __init__(self, box: GirokProcess, chance: random.Random) -> None:
        self.box = box
        self.chance = chance
        self.ledger = Ledger()
        self.people = [Person(name, self.ledger, chance) for name in PEOPLE]
        self.kills = 0

    async def settle_in(self) -> None:
        """Everybody signs up, and follows some for good."""
        for each in self.people:
            await each.sign_up(self.box.base_url)
        for number, each in enumerate(self.people):
            await each.follow(self.box.base_url, self._following(number)[:FAITHFUL])

    async def kill_under_load(self) -> None:
        """Restart, load it, and kill it: within milliseconds, or up to a second and a half later."""
        await self.box.start()
        url = self.box.base_url
        lanes = [lane(url) for each in self.people for lane in (each.write, each.like)]
        lanes += [each.waver(url, self._following(number)[FAITHFUL:]) for number, each in enumerate(self.people)]
        loaded = asyncio.create_task(until_killed([*lanes, self.people[0].visit(url)]))
        # Not a wait for something, here and below: the instant of the kill is what varies.
        await asyncio.sleep(self.chance.choice([10 ** self.chance.uniform(-3, -1), self.chance.uniform(0.1, 1.5)]))
        await self._kill()
        await loaded

    async def kill_while_it_starts(self) -> None:
        """Start it, and kill it before it is ready or at about that time."""
        await self.box.launch()
        await asyncio.sleep(self.chance.uniform(0.0, 1.3))
        await self._kill()

    async def audit(self) -> None:
        """Restart it, compare everything with the ledger, stop it, and look into its file."""
        await self.box.start()
        await settled(self.box.base_url)
        await audit(self.people, self.ledger, self.box.base_url)
        assert await self.box.stop() == 0
        check_settled(self.box.data / "girok.db")

    def _following(self, number: int) -> list[Person]:
        """Everybody but one, from the next one on."""
        return [*self.people[number + 1 :], *self.people[:number]]

    async def _kill(self) -> None:
        await self.box.kill()
        self.kills += 1
        check_whole(self.box.data / "girok.db")


@pytest.fixture
async def town(tmp_path: Path, chance: random.Random) -> AsyncIterator[Town]:
    """People who signed up, and a girok that was killed right after."""
    async with running(tmp_path / "data", env=SETTINGS) as box:
        town = Town(box, chance)
        await town.settle_in()
        await box.kill()
        yield town
        assert "Traceback" not in box.log


class TestKill:
    async def test_loses_nothing_acknowledged_and_does_nothing_twice(self, town: Town) -> None:
        await town.kill_under_load()
        await town.kill_while_it_starts()
        await town.kill_under_load()
        await town.audit()

    @pytest.mark.slow
    @pytest.mark.timeout(1200)
    async def test_nor_at_many_moments(self, town: Town) -> None:
        while town.kills < KILLS:
            for _ in range(KILLS_BETWEEN_AUDITS // 2):
                await town.kill_under_load()
            await town.kill_while_it_starts()
            for _ in range(KILLS_BETWEEN_AUDITS // 2 - 1):
                await town.kill_under_load()
            await town.audit()


class TestKillOfAFirstStart:
    """The kill comes while the store, its schema and the keys are made in an empty directory."""

    async def kill_and_tell(self, data: Path, chance: random.Random) -> None:
        box = GirokProcess(data, free_port(), env=SETTINGS)
        child = await box.launch()
        while not (data / "girok.db").exists():
            assert child.returncode is None, box.log
            await asyncio.sleep(0)
        await asyncio.sleep(10 ** chance.uniform(-3, -0.5))
        await box.kill()
        async with running(data, env=SETTINGS) as again:
            await story.tell(again.base_url)
            assert await again.stop() == 0
        assert "Traceback" not in again.log

    async def test_the_next_start_goes_on(self, tmp_path: Path, chance: random.Random) -> None:
        await self.kill_and_tell(tmp_path / "data", chance)

    @pytest.mark.slow
    @pytest.mark.timeout(600)
    async def test_at_many_moments(self, tmp_path: Path, chance: random.Random) -> None:
        for number in range(KILLS // 2):
            await self.kill_and_tell(tmp_path / f"data{number}", chance)
