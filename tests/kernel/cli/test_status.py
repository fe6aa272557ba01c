"""`girok status`: what runs on a data directory, and its exit code for scripts and health checks."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from girok import __version__
from girok.control import Command, ControlServer
from girok.process_status import status_command
from girok.sections import Metrics
from girok.telemetry.health import Health
from tests.architecture.sources import ROOT
from tests.kernel.cli.process import Result, girok
from tests.kernel.cli.test_process import LEAN, LOADED
from tests.scenarios.launch import launched


async def well() -> None:
    return None


async def away() -> str:
    return "no answer from 10.0.0.1:4222"


@pytest.fixture
def health() -> Health:
    return Health(Metrics())


@asynccontextmanager
async def answering(data: Path, command: Command) -> AsyncGenerator[None]:
    """A process that answers `status` on `data`."""
    control = ControlServer(data, {"status": command})
    await control.start()
    try:
        yield
    finally:
        await control.stop()


async def status(data: Path, health: Health) -> Result:
    """What the command tells of a process with this health."""
    async with answering(data, status_command(("auth", "feed"), health)):
        return await asyncio.to_thread(girok, "status", "--data", str(data))


class TestStatus:
    async def test_of_a_running_girok(self, tmp_path: Path) -> None:
        with launched(tmp_path) as running:
            result = girok("status", cwd=tmp_path)
        lines = [
            rf"girok {re.escape(__version__)} is ready",
            rf"  pid     {running.child.pid}",
            r"  roles   (\w+, )*auth(, \w+)*",
            r"  uptime  0:0\d:\d\d",
        ]
        assert (result.code, result.err) == (0, "")
        assert re.fullmatch("\n".join(lines) + "\n", result.out)

    def test_of_a_directory_that_nothing_runs_on(self, tmp_path: Path) -> None:
        result = girok("status", "--data", str(tmp_path))
        assert result == (1, "", f"girok: no girok is running on {tmp_path}\n")

    def test_of_a_directory_of_girok_up_tells_where_its_processes_are(self, tmp_path: Path) -> None:
        for role in ("bff", "auth"):
            (tmp_path / role).mkdir()
            (tmp_path / role / "girok.sock").touch()
        result = girok("status", "--data", str(tmp_path))
        assert (result.code, result.out) == (1, "")
        assert result.err.endswith("each role of a cluster has a directory of its own in it: auth, bff\n")

    def test_of_a_directory_that_is_not_there(self, tmp_path: Path) -> None:
        result = girok("status", "--data", "absent", cwd=tmp_path)
        assert result == (2, "", "girok: data (--data): there is no data directory 'absent'\n")

    async def test_of_one_that_was_killed(self, tmp_path: Path) -> None:
        with launched(tmp_path) as running:
            running.child.kill()
            running.ended()
            assert girok("status", cwd=tmp_path).code == 1

    async def test_degraded_still_serves(self, tmp_path: Path, health: Health) -> None:
        health.add("store", well, vital=True)
        health.add("nats", away)
        result = await status(tmp_path, health)
        assert (result.code, result.err) == (0, "")
        assert result.out.splitlines()[0] == f"girok {__version__} is degraded"
        assert result.out.splitlines()[-1] == "  ! nats  no answer from 10.0.0.1:4222"

    async def test_without_what_is_vital_it_does_not_serve(self, tmp_path: Path, health: Health) -> None:
        health.add("store", away, vital=True)
        result = await status(tmp_path, health)
        assert result.code == 1
        assert result.out.splitlines()[0] == f"girok {__version__} is unavailable"

    async def test_one_that_stops_does_not_serve_any_more(self, tmp_path: Path, health: Health) -> None:
        health.draining = True
        result = await status(tmp_path, health)
        assert result.code == 1
        assert "  ! draining  the process is stopping\n" in result.out

    def test_is_asked_at_no_cost(self, tmp_path: Path) -> None:
        with launched(tmp_path):
            child = [sys.executable, "-c", LOADED, "status", "--data", str(tmp_path / "data")]
            out = subprocess.run(child, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
        assert set(out.rpartition("loaded: ")[2].split()) - LEAN == set()
