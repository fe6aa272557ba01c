"""kill -9 at any moment: nothing acknowledged is lost, and every effect is there exactly once."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.kernel.events.worker_process import finish

ROUNDS = int(os.environ.get("GIROK_TEST_BUDGET", "50"))


def emit_until_killed(folder: Path) -> list[str]:
    """Run a process on the folder and kill it somewhere in its first 300 ms of work; what it acknowledged."""
    command = [sys.executable, "-m", "tests.kernel.events.worker_process", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        # Not a wait for something: the instant of the kill is what varies.
        time.sleep(random.uniform(0, 0.3))
        child.kill()
        rest = child.stdout.read()
    lines = (first + rest).decode().split("\n")
    return lines[:-1]


async def expect_each_effect_once(folder: Path, rounds: int) -> None:
    acknowledged = [name for _ in range(rounds) for name in emit_until_killed(folder)]
    emitted, effects, left = await finish(folder)
    assert len(acknowledged) > rounds
    assert set(acknowledged) <= set(emitted)
    assert [name for name, count in Counter(effects).items() if count > 1] == []
    assert set(effects) == set(emitted)
    assert left == 0


class TestKill:
    async def test_leaves_each_effect_once(self, tmp_path: Path) -> None:
        await expect_each_effect_once(tmp_path, 3)

    @pytest.mark.slow
    @pytest.mark.timeout(600)
    async def test_leaves_each_effect_once_over_many_kills(self, tmp_path: Path) -> None:
        await expect_each_effect_once(tmp_path, ROUNDS)
