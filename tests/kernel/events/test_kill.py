"""kill -9 at any moment: nothing acknowledged is lost, and every effect is there exactly once."""

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from girok.servers.process import ServerProcess
from girok.testing.postgres import new_schema
from tests.budget import share
from tests.kernel.events.worker_process import finish

ROUNDS = share(50)


def start(place: Path | str, nats: str = "") -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.kernel.events.worker_process", str(place), *([nats] if nats else [])]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def emit_until_killed(folder: Path) -> list[str]:
    """Run a process on the folder and kill it somewhere in its first 300 ms of work; what it acknowledged."""
    with start(folder) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        # Not a wait for something: the instant of the kill is what varies.
        time.sleep(random.uniform(0, 0.3))
        child.kill()
        rest = child.stdout.read()
    return _lines(first + rest)


def emit_together_until_killed(place: str, server: ServerProcess) -> list[str]:
    """Run two processes of a cluster and kill first NATS, which comes back, then both of them."""
    with start(place, server.url) as one, start(place, server.url) as two:
        children = [(child, child.stdout) for child in (one, two) if child.stdout]
        said = [output.readline() for _, output in children]
        time.sleep(random.uniform(0, 0.3))
        asyncio.run(_again(server))
        time.sleep(random.uniform(0, 0.5))
        for child, _ in children:
            child.kill()
        rest = [output.read() for _, output in children]
    return [name for each in zip(said, rest, strict=True) for name in _lines(b"".join(each))]


async def _again(server: ServerProcess) -> None:
    await server.kill()
    await server.start()


def _lines(output: bytes) -> list[str]:
    return output.decode().split("\n")[:-1]


def expect_each_effect_once(acknowledged: list[str], emitted: list[str], effects: list[str], left: int) -> None:
    assert set(acknowledged) <= set(emitted)
    assert [name for name, count in Counter(effects).items() if count > 1] == []
    assert set(effects) == {*emitted, *(f"batch {name}" for name in emitted)}
    assert left == 0


async def in_one_box(folder: Path, rounds: int) -> None:
    acknowledged = [name for _ in range(rounds) for name in emit_until_killed(folder)]
    assert len(acknowledged) > rounds
    expect_each_effect_once(acknowledged, *await finish(folder))


async def in_a_cluster(postgres: ServerProcess, nats: ServerProcess, rounds: int) -> None:
    async with new_schema(postgres) as place:
        acknowledged: list[str] = []
        for _ in range(rounds):
            acknowledged += await asyncio.to_thread(emit_together_until_killed, place, nats)
        assert len(acknowledged) > rounds
        expect_each_effect_once(acknowledged, *await finish(place, nats.url))


class TestKill:
    async def test_leaves_each_effect_once(self, tmp_path: Path) -> None:
        await in_one_box(tmp_path, 3)

    async def test_in_a_cluster_leaves_each_effect_once(
        self, postgres_server: ServerProcess, server: ServerProcess
    ) -> None:
        await in_a_cluster(postgres_server, server, 2)

    @pytest.mark.slow
    @pytest.mark.timeout(600)
    async def test_leaves_each_effect_once_over_many_kills(self, tmp_path: Path) -> None:
        await in_one_box(tmp_path, ROUNDS)

    @pytest.mark.slow
    @pytest.mark.timeout(1200)
    async def test_in_a_cluster_leaves_each_effect_once_over_many_kills(
        self, postgres_server: ServerProcess, server: ServerProcess
    ) -> None:
        await in_a_cluster(postgres_server, server, ROUNDS)
