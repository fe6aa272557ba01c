"""How `girok up` starts what it laid out; the rest of it is tests/scenarios/test_up.py."""

from pathlib import Path

import pytest

from girok.servers.process import ServerProcess
from girok.up import cluster
from girok.up.layout import Layout, Place


class TestStart:
    async def test_what_takes_long_is_told_of_and_waited_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cluster, "_TELL_SECONDS", 0.01)
        said: list[str] = []

        async def answers() -> bool:
            return said.count("waiting for Slow") >= 2

        async def answers_at_once() -> bool:
            return True

        slow = ServerProcess("slow", ["sleep", "60"], folder=tmp_path / "slow", url="", ready=answers)
        quick = ServerProcess("quick", ["sleep", "60"], folder=tmp_path / "quick", url="", ready=answers_at_once)
        try:
            await cluster._start(Layout((Place("Slow", (), slow), Place("Quick", (), quick)), ()), said.append)
        finally:
            await slow.kill()
            await quick.kill()
        assert said[-1] == "waiting for Slow"
