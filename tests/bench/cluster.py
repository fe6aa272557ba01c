"""The timeline through a cluster (bff, auth and feed as processes of their own, PostgreSQL, Valkey) against one box.

Latency of one client that asks for 20 posts with their authors, 300 times a round, five rounds in turn.
"""

import statistics
import time
from pathlib import Path

from girok.servers.postgres import postgres
from girok.servers.seaweedfs import seaweedfs
from girok.testing.client import Browser
from girok.testing.cluster import processes, servers
from girok.testing.process import running
from girok.testing.servers import started
from tests.bench.load import ROUNDS, in_folder
from tests.bench.timeline import QUERY
from tests.scenarios.story import create_post, register

ASKED = 300
MOST_MORE = 6.0
UNLIMITED = {"GIROK_LIMITS_ENABLED": "false"}


async def _write(browser: Browser) -> None:
    await register(browser, "ada")
    for number in range(20):
        await create_post(browser, f"hello world this is a post number {number} with some text in it")


async def _p50(browser: Browser) -> float:
    """Milliseconds."""
    seen: list[float] = []
    for _ in range(ASKED):
        begin = time.perf_counter()
        await browser.graphql(QUERY)
        seen.append((time.perf_counter() - begin) * 1000)
    return statistics.median(seen)


async def _bench(folder: Path) -> None:
    async with (
        started(postgres) as database,
        started(seaweedfs, block=4) as s3,
        servers(database, s3, **UNLIMITED) as shared,
        processes(folder, shared.env, "bff", "auth", "feed,personal") as (bff, _, _),
        running(folder / "box", env=UNLIMITED) as box,
        Browser(bff.base_url) as far,
        Browser(box.base_url) as near,
    ):
        await _write(far)
        await _write(near)
        rounds = [(await _p50(near), await _p50(far)) for _ in range(ROUNDS)]
    one, many = (statistics.median(each) for each in zip(*rounds, strict=True))
    print(f"\ncluster: timeline of 20, one client, {ASKED} times, p50, median of 5")
    print(f"  one box                {one:8.2f} ms")
    print(f"  through the cluster    {many:8.2f} ms")
    print(f"  more                   {many - one:8.2f} ms   at most {MOST_MORE}")


def main() -> None:
    """Run it."""
    in_folder(_bench)
