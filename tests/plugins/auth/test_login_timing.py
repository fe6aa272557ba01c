"""How long a refused login takes tells nothing of who has an account: a statistical test.

One round tries each kind of email once, in an order of its own, so that whatever else slows the machine hits all alike.
Compared is how often one kind took longer than another over all pairs (Mann-Whitney's U by the number of pairs): a half
when they take the same time, 1 or 0 when the time gives it away. Unlike medians it needs no idea of the noise.
"""

import bisect
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plugins.auth.errors import InvalidCredentials
from tests.plugins.auth.stage import Stage, stage_on

ROUNDS = 200
TOLERANCE = 0.15
"""From a half: five standard deviations of 200 rounds. Without the work for unknown emails it is the whole half."""


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage_on(tmp_path, argon2_memory_kib=16_384) as opened:
        yield opened


async def seconds(stage: Stage, username: str) -> float:
    """How long a wrong password takes."""
    began = time.perf_counter()
    with pytest.raises(InvalidCredentials):
        await stage.login(username, "Wr0ng!pass")
    return time.perf_counter() - began


async def interleaved(stage: Stage, usernames: list[str]) -> list[list[float]]:
    """The times of each, over all rounds."""
    chance = random.Random(1)
    took: dict[str, list[float]] = {each: [] for each in usernames}
    for _ in range(ROUNDS):
        for each in chance.sample(usernames, len(usernames)):
            took[each].append(await seconds(stage, each))
    return list(took.values())


def longer(some: list[float], others: list[float]) -> float:
    """The share of pairs in which the first takes longer."""
    ordered = sorted(others)
    return sum(bisect.bisect_left(ordered, each) for each in some) / len(some) / len(others)


@pytest.mark.slow
class TestRefusedLogin:
    async def test_takes_as_long_for_an_unknown_email_as_for_a_known_one(self, stage: Stage) -> None:
        await stage.register("ada")
        known, unknown = await interleaved(stage, ["ada", "eve"])
        assert abs(longer(known, unknown) - 0.5) < TOLERANCE

    async def test_takes_as_long_for_an_account_without_a_password(self, stage: Stage) -> None:
        await stage.register("ada")
        await stage.db.execute_script("UPDATE auth_user SET password_hash = NULL")
        without, unknown = await interleaved(stage, ["ada", "eve"])
        assert abs(longer(without, unknown) - 0.5) < TOLERANCE
