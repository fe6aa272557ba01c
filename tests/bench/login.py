"""A login against the argon2id hash in it, and a timeline read while 50 people log in at once. Needs wrk.

The first through the port, in this process, on SQLite with its fsync; how long one takes on this disk is printed too.
The second over HTTP on one box. Hashes have the parameters that girok has by default.
"""

import asyncio
import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from argon2.low_level import Type, hash_secret, verify_secret

from plugins.auth.plugin import AuthSettings
from tests.bench.load import ROUNDS, SECONDS, girok_with_posts, in_folder, script
from tests.bench.timeline import QUERY
from tests.plugins.auth.stage import PASSWORD, stage_on

LOGIN = "mutation L($input: LoginInput!) { login(input: $input) { success } }"
LOGINS = 100
AT_ONCE = 50
MOST_OVER_ARGON2 = 1.10
MOST_OVER_IDLE = 3.0
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def main() -> None:
    """Run it."""
    in_folder(_cost)
    in_folder(_reads)


async def _cost(folder: Path) -> None:
    """Logins in turn with what they are made of."""
    cost = AuthSettings()
    memory, passes, lanes = cost.argon2_memory_kib, cost.argon2_passes, cost.argon2_lanes
    stored = hash_secret(PASSWORD.encode(), os.urandom(16), passes, memory, lanes, 32, Type.ID)
    took: dict[str, list[float]] = {"login": [], "argon2": [], "fsync": []}
    page = os.open(folder / "page", os.O_WRONLY | os.O_CREAT)
    async with stage_on(folder, argon2_memory_kib=memory, argon2_passes=passes, argon2_lanes=lanes) as stage:
        await stage.register("ada")
        for _ in range(LOGINS):
            await stage.settle()
            with _timed(took["login"]):
                await stage.login("ada")
            with _timed(took["argon2"]):
                verify_secret(stored, PASSWORD.encode(), Type.ID)
            os.write(page, bytes(4096))
            with _timed(took["fsync"]):
                os.fdatasync(page)
    os.close(page)
    login, argon2, fsync = (statistics.median(each) * 1000 for each in took.values())
    print(f"\nlogin: {LOGINS} through the port, one after another, medians")
    print(f"  its argon2id hash alone  {argon2:8.2f} ms")
    print(f"  an fsync alone           {fsync:8.2f} ms")
    print(f"  a login                  {login:8.2f} ms   {login / argon2:.2f} of its hash, at most {MOST_OVER_ARGON2}")


async def _reads(folder: Path) -> None:
    """Timeline reads, in turn without and with logins beside them."""
    async with girok_with_posts(folder) as (girok, cookie):
        credentials = {"input": {"email": "ada@example.org", "password": PASSWORD}}
        login = script(folder, "login", {"query": LOGIN, "variables": credentials})
        timeline = script(folder, "timeline", {"query": QUERY}, cookie)
        seen = await asyncio.to_thread(_over_http, f"{girok.base_url}/graphql", login, timeline)
    ratio = seen["busy"] / seen["idle"]
    print(f"\nlogin: p99 of a timeline read on one connection, {SECONDS} s, median of {ROUNDS}")
    print(f"  nobody logs in           {seen['idle']:8.2f} ms")
    print(
        f"  {AT_ONCE} at once               {seen['busy']:8.2f} ms   {ratio:.2f} times that, at most {MOST_OVER_IDLE}"
    )
    print(f"  logins a second          {seen['rate']:8.0f}      one alone takes {seen['login']:.2f} ms")


def _over_http(url: str, login: Path, timeline: Path) -> dict[str, float]:
    """The medians over the rounds."""
    rounds: list[dict[str, float]] = []
    for _ in range(ROUNDS):
        _Wrk(url, timeline, 1).figures()  # while what the last round's logins began comes to its end
        idle = _Wrk(url, timeline, 1).figures()
        alone = _Wrk(url, login, 1).figures()
        flood = _Wrk(url, login, AT_ONCE, SECONDS + 2)
        time.sleep(1)
        busy = _Wrk(url, timeline, 1).figures()
        rate = flood.figures()["rate"]
        rounds.append({"idle": idle["99"], "busy": busy["99"], "login": alone["50"], "rate": rate})
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


class _Wrk:
    """One run of wrk, begun."""

    def __init__(self, url: str, body: Path, connections: int, seconds: int = SECONDS) -> None:
        run = ("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s", "-s", str(body), url)
        self._child = subprocess.Popen(run, stdout=subprocess.PIPE, text=True)

    def figures(self) -> dict[str, float]:
        """Milliseconds by percentile ("50", "99"), and "rate" a second. Raises AssertionError on non-2xx answers."""
        output = self._child.communicate()[0]
        assert "Non-2xx" not in output, output
        latencies = re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s)\n", output)
        (rate,) = re.findall(r"Requests/sec:\s+([\d.]+)", output)
        return {"rate": float(rate), **{name: float(each) * _MILLISECONDS[unit] for name, each, unit in latencies}}


@contextmanager
def _timed(took: list[float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    took.append(time.perf_counter() - began)
