"""Kill -9 at any moment: what was acknowledged is there, and no unit is there by half."""

import asyncio
import random
import signal
import sys
from pathlib import Path

import pytest

from girok.db.sqlite import SQLiteDatabase
from tests.budget import share
from tests.kernel.db.notes import ids, opened

SLOW_ROUNDS = share(50)


async def acknowledged_until_killed(path: Path, run: str, seconds: float) -> list[str]:
    """What a writing process acknowledged before it was killed, `seconds` after its first acknowledgement."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.kernel.db.writing", str(path), run, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    head = await child.stdout.readline()
    asyncio.get_running_loop().call_later(seconds, child.send_signal, signal.SIGKILL)
    rest = await child.stdout.read()
    await child.wait()
    *lines, _ = (head + rest).decode().split("\n")  # the last line may have been cut
    return lines


async def check_rounds(path: Path, rounds: int) -> None:
    acknowledged: set[str] = set()
    for number in range(rounds):
        acknowledged |= set(await acknowledged_until_killed(path, f"{number}", random.uniform(0, 0.3)))
        db = await opened(SQLiteDatabase(path))
        stored = set(await ids(db))
        assert (await db.execute_script("PRAGMA integrity_check")) == [{"integrity_check": "ok"}]
        await db.close()
        halves = {half: {name[:-2] for name in stored if name.endswith(half)} for half in (".1", ".2")}
        assert halves[".1"] == halves[".2"] >= acknowledged
    assert acknowledged


class TestKill:
    async def test_loses_nothing_acknowledged_and_halves_no_unit(self, tmp_path: Path) -> None:
        await check_rounds(tmp_path / "girok.db", 3)

    @pytest.mark.slow
    @pytest.mark.timeout(300)
    async def test_at_many_moments(self, tmp_path: Path) -> None:
        await check_rounds(tmp_path / "girok.db", SLOW_ROUNDS)
