"""`girok up` as somebody at a terminal sees it: what it says, what it starts again, and that it leaves nothing."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from girok.locks import DataDir
from girok.testing.client import Browser
from girok.testing.cluster import free_offset, girok_starting, girok_up
from tests.scenarios.story import create_post, eventually, register, texts

pytestmark = pytest.mark.timeout(300)
WITHIN = 60.0
Up = asyncio.subprocess.Process


def left(data: Path) -> dict[int, str]:
    """The processes that run in a data directory or have it in their command, by their ids."""
    return {pid: command for pid, command, cwd in _processes() if str(data) in f"{command} {cwd}"}


def of_server(data: Path, name: str) -> int:
    """The process id of a server."""
    (found,) = [pid for pid, command in left(data).items() if name in command.split()[0]]
    return found


def of_role(data: Path, name: str) -> int:
    """The process id of a role."""
    return int((data / name / "girok.lock").read_text())


def _processes() -> Iterator[tuple[int, str, str]]:
    for each in Path("/proc").glob("[0-9]*"):
        try:
            command = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            yield int(each.name), command, str((each / "cwd").readlink())
        except OSError:
            continue  # it has just ended


async def said(up: Up, *lines: str) -> None:
    """Read what it prints until all of these lines came, in any order."""
    assert up.stdout is not None
    missing = set(lines)
    async with asyncio.timeout(WITHIN):
        while missing:
            line = await up.stdout.readline()
            assert line, missing
            missing.discard(line.decode().rstrip("\n"))


async def interrupted(up: Up) -> int:
    """Ctrl-C, which a terminal sends to the whole group; the exit code."""
    os.killpg(up.pid, signal.SIGINT)
    return await asyncio.wait_for(up.wait(), WITHIN)


async def refusal(up: Up) -> str:
    """What it says when it ends by itself, after `girok: `."""
    out, err = await asyncio.wait_for(up.communicate(), WITHIN)
    assert (up.returncode, out) == (2, b""), err
    first, _, rest = err.decode().partition("girok: ")
    assert first == ""
    assert rest.count("\n") == 1
    return rest.rstrip("\n")


class TestRun:
    async def test_what_ends_is_started_again_and_the_data_outlives_it_all(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        async with girok_up(data) as (up, offset), Browser(f"http://127.0.0.1:{4000 + offset}") as ada:
            await register(ada, "ada")
            await create_post(ada, "before")
            for pid in (of_role(data, "auth"), of_role(data, "feed"), of_server(data, "nats-server")):
                os.kill(pid, signal.SIGKILL)
            await said(up, *(f"{name} ended with -9: it is started again" for name in ("auth", "feed", "NATS")))
            await eventually(lambda: self.is_there(ada, "before"), within=WITHIN)
            await create_post(ada, "after")
            os.kill(of_role(data, "bff"), signal.SIGKILL)  # it is just being started again, or about to be
            assert await interrupted(up) == 0
        assert left(data) == {}
        async with girok_up(data) as (up, offset), Browser(f"http://127.0.0.1:{4000 + offset}") as again:
            again.cookies = ada.cookies
            assert await texts(again) == ["after", "before"]
            assert await interrupted(up) == 0
        assert left(data) == {}

    async def is_there(self, browser: Browser, text: str) -> bool:
        body = (await browser.graphql("{ timeline { edges { node { text } } } }")).body
        return "errors" not in body and text in [each["node"]["text"] for each in body["data"]["timeline"]["edges"]]


class TestStart:
    async def test_a_port_that_is_taken_is_named(self, tmp_path: Path) -> None:
        offset = free_offset()
        with socket.create_server(("127.0.0.1", 6379 + offset)):
            async with girok_starting(tmp_path / "data", offset=offset) as (up, _):
                why = await refusal(up)
        assert why == (
            f"in use by another process: port {6379 + offset} (Valkey); --port-offset N moves all ports by N"
        )
        assert left(tmp_path / "data") == {}

    async def test_a_role_that_refuses_is_heard_and_all_stops(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        with DataDir.open(data / "feed"):
            async with girok_starting(data) as (up, _):
                why = await refusal(up)
        taken = f"the data directory {data / 'feed'} is in use by process {os.getpid()}"
        assert why == f"feed ended with 2: girok: {taken}"
        assert left(data) == {}

    async def test_it_can_be_interrupted(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        async with girok_starting(data) as (up, _):

            async def look() -> bool:
                return any("nats-server" in each for each in left(data).values())

            await eventually(look, within=WITHIN)
            assert await interrupted(up) == 0
        assert left(data) == {}
