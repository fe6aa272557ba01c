"""The README's tour, as it is written there: in one box, and against `girok up`."""

import asyncio
import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from girok.testing.cluster import girok_up
from girok.testing.process import running
from tests.architecture.sources import ROOT
from tests.scenarios.story import eventually

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]


class Tour:
    """The lines of the tour, each run in a shell that has what they share. `at` is where girok is."""

    def __init__(self, at: str, folder: Path) -> None:
        (text,) = re.findall(
            r"^## A tour.*?^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
        )
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        self.commands = [line for line in lines if line.startswith("curl ")]
        self._shared = [f"at={at}", *(line for line in lines if line not in self.commands)]
        self._folder = folder

    async def run(self, command: str) -> str:
        """What a line prints. Raises AssertionError when it fails."""
        script = "\n".join(["set -eu", *self._shared, command])
        child = await asyncio.create_subprocess_exec(
            "bash", "-c", script, stdout=asyncio.subprocess.PIPE, cwd=self._folder
        )
        said, _ = await child.communicate()
        assert child.returncode == 0, command
        return said.decode()

    async def answer(self, command: str) -> dict[str, Any]:
        """The data that an operation gives."""
        body = msgspec.json.decode(await self.run(command))
        assert "errors" not in body, (command, body)
        return body["data"]


async def take(tour: Tour) -> None:
    """Go through it; whatever the comments in it say is so."""
    operations = [each for each in tour.commands if " $girok " in each]
    ada, ben, follow, create, timeline, again, resume, page, me, logout, gone = operations
    readyz, metrics = [each for each in tour.commands if each not in operations]
    assert (await tour.answer(ada))["register"]["user"]["username"] == "ada"
    assert (await tour.answer(ben))["register"]["user"]["username"] == "ben"
    assert (await tour.answer(follow))["follow"] == {"username": "ada", "followerCount": 1}
    post = (await tour.answer(create))["createPost"]

    async def arrived() -> bool:
        edges = (await tour.answer(timeline))["timeline"]["edges"]
        return [(each["node"]["id"], each["node"]["author"]["username"]) for each in edges] == [(post["id"], "ada")]

    await eventually(arrived)
    assert (await tour.answer(again))["createPost"]["id"] == post["id"]
    assert (await tour.answer(resume))["createResume"]["title"] == "Analyst"
    assert (await tour.answer(page))["publicResume"] == {"title": "Analyst", "name": "Ada"}
    found = await tour.answer(me)
    assert (found["me"]["username"], [each["current"] for each in found["sessions"]]) == ("ada", [True])
    assert (await tour.answer(logout))["logout"] == {"success": True}
    assert (await tour.answer(gone))["me"] is None
    assert msgspec.json.decode(await tour.run(readyz))["status"] == "ready"
    assert "girok_" in await tour.run(metrics)


@pytest.mark.timeout(300)
class TestTour:
    async def test_in_one_box(self, tmp_path: Path) -> None:
        async with running(tmp_path / "data") as box:
            await take(Tour(box.base_url, tmp_path))

    async def test_against_girok_up(self, tmp_path: Path) -> None:
        async with girok_up(tmp_path / "data") as (up, offset):
            await take(Tour(f"http://127.0.0.1:{4000 + offset}", tmp_path))
            up.terminate()
            assert await up.wait() == 0
