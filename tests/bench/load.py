"""What the benchmarks over HTTP share: wrk, a girok with people in it, the peers, medians and ratios.

Absolute figures of a small noisy machine mean nothing; only the ratios of one run do. Every benchmark runs its
contestants in turn, five rounds, and takes the median of each.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx

from girok.testing.client import Browser
from girok.testing.process import GirokProcess, running
from tests.scenarios.story import create_post, register

__all__ = ["CONNECTIONS", "PEERS", "ROUNDS", "SECONDS", "girok_with_posts", "node_peer", "rounds", "table", "wrk"]

PEERS = Path(__file__).parent / "peers"
ROUNDS = 5
SECONDS = 3
CONNECTIONS = 16


def wrk(url: str, script: Path) -> float:
    """Requests a second of one run: one thread, 16 connections. Raises AssertionError on answers that are no 2xx."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in output, output
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert found, output
    return float(found[1])


def script(folder: Path, name: str, body: Mapping[str, object], cookie: str = "") -> Path:
    """A wrk script that posts `body` as JSON, with a session cookie when one is given."""
    lines = ['wrk.method="POST"', 'wrk.headers["Content-Type"]="application/json"', f"wrk.body={_lua(body)}"]
    if cookie:
        lines.append(f'wrk.headers["Cookie"]="session_id={cookie}"')
    path = folder / f"{name}.lua"
    path.write_text("\n".join(lines))
    return path


def _lua(body: Mapping[str, object]) -> str:
    return f"[==[{json.dumps(body)}]==]"


def rounds(contestants: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """Each contestant in turn, five rounds; the medians."""
    seen: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, run in contestants.items():
            seen[name].append(run())
    return {name: statistics.median(values) for name, values in seen.items()}


def table(title: str, medians: Mapping[str, float], *, ours: str, unit: str = "requests/s") -> None:
    """Print the medians, and ours as a ratio of each."""
    print(f"\n{title}")
    for name, value in medians.items():
        ratio = "" if name == ours else f"   girok is {medians[ours] / value:5.2f} times that"
        print(f"  {name:<44} {value:>10,.0f} {unit}{ratio}")


@asynccontextmanager
async def girok_with_posts(folder: Path, posts: int = 20) -> AsyncIterator[tuple[GirokProcess, str]]:
    """A one box with one person who wrote `posts` posts; the process and the person's cookie."""
    env = {"GIROK_LIMITS_ENABLED": "false"}
    async with running(folder / "data", env=env) as process, Browser(process.base_url) as ada:
        await register(ada, "ada")
        for number in range(posts):
            await create_post(ada, f"hello world this is a post number {number} with some text in it")
        yield process, ada.cookies["session_id"]


@contextmanager
def node_peer(folder: Path, file: str, port: int) -> Iterator[str]:
    """A peer of tests/bench/peers on Node, installed by npm into `folder`; its URL."""
    if not (folder / "node_modules").exists():
        shutil.copytree(PEERS, folder, dirs_exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
    child = subprocess.Popen(["node", file], cwd=folder, env={**os.environ, "NODE_ENV": "production"})
    url = f"http://127.0.0.1:{port}/graphql"
    try:
        _until_answers(url)
        yield url
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()


def _until_answers(url: str) -> None:
    for _ in range(200):
        try:
            httpx.post(url, json={"query": "{ me { id } }"}, timeout=5.0)
        except httpx.TransportError:
            subprocess.run(["sleep", "0.05"], check=True)
        else:
            return
    raise AssertionError(f"nobody answers at {url}")


def in_folder(main: Callable[[Path], Awaitable[None]]) -> None:
    """Run a benchmark in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="girok-bench-") as folder:
        asyncio.run(_run(main, Path(folder)))


async def _run(main: Callable[[Path], Awaitable[None]], folder: Path) -> None:
    await main(folder)
