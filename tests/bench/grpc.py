"""A port over gRPC: 20 posts an answer, caller and callee a process each on the loopback address, on uvloop."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

import uvloop

from girok.paging import PageInfo
from girok.rpc.client import remote_port
from girok.rpc.contract import contract_of
from girok.rpc.peers import Peers
from girok.rpc.server import RpcServer
from girok.testing.process import free_port
from plugins.feed.ports import FeedService, GetTimelineRequest, Post, PostEdge, TimelineResponse
from tests.bench.load import ROUNDS

IN_FLIGHT = 32
ONE_BY_ONE = 1_000
AT_ONCE = 5_000
MOST_MILLISECONDS = 1.5
LEAST_A_SECOND = 2_500
SECRET = "the secret of a benchmark"
NOW = datetime(2026, 11, 24, 8, 0, 0, 123456, tzinfo=UTC)


def page(posts: int) -> TimelineResponse:
    """What every call is answered: 6 KB for 20 posts."""
    edges = tuple(
        PostEdge(
            f"cursor-{number:032}",
            Post(
                id=f"{number:036}",
                text=f"hello world this is post number {number} with some text in it " * 2,
                author_id="a" * 36,
                like_count=number,
                liked=number % 2 == 0,
                created_at=NOW,
            ),
        )
        for number in range(posts)
    )
    return TimelineResponse(edges, PageInfo(True, edges[-1].cursor, False, edges[0].cursor))


class _Timelines:
    """Answers at once, so that only the call is measured."""

    def __init__(self) -> None:
        self._page = page(20)

    async def get_timeline(self, request: GetTimelineRequest) -> TimelineResponse:
        return self._page

    def __getattr__(self, name: str) -> Any:
        return self.get_timeline


async def _serve(port: int) -> None:
    server = RpcServer([(contract_of("feed", "FeedService"), _Timelines())], secret=SECRET)
    await server.start("127.0.0.1", port)
    print("ready", flush=True)
    await asyncio.Event().wait()


async def _one_by_one(feed: FeedService, calls: int) -> float:
    """Milliseconds of a call, the median."""
    request = GetTimelineRequest()
    seen: list[float] = []
    for _ in range(calls):
        begin = time.perf_counter()
        await feed.get_timeline(request)
        seen.append(time.perf_counter() - begin)
    return statistics.median(seen) * 1e3


async def _at_once(feed: FeedService, calls: int) -> float:
    """Calls a second with 32 in flight."""
    request = GetTimelineRequest()
    left = iter(range(calls))

    async def caller() -> None:
        for _ in left:
            await feed.get_timeline(request)

    begin = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))
    return calls / (time.perf_counter() - begin)


async def _bench(port: int) -> None:
    peers = Peers()
    await peers.replace({"feed": [f"127.0.0.1:{port}"]})
    feed: FeedService = remote_port(contract_of("feed", "FeedService"), peers, secret=SECRET)
    await _at_once(feed, IN_FLIGHT * 10)
    load = [os.getloadavg()[0]]
    latencies: list[float] = []
    rates: list[float] = []
    for _ in range(ROUNDS):
        latencies.append(await _one_by_one(feed, ONE_BY_ONE))
        rates.append(await _at_once(feed, AT_ONCE))
        load.append(os.getloadavg()[0])
    await peers.close()
    print(
        f"\ngrpc: 20 posts an answer, median of {ROUNDS}; {os.cpu_count()} cores, load {min(load):.1f}-{max(load):.1f}"
    )
    print(f"  p50 one after another   {statistics.median(latencies):8.2f} ms   at most {MOST_MILLISECONDS}")
    print(f"  {IN_FLIGHT} in flight            {statistics.median(rates):8,.0f}/s    at least {LEAST_A_SECOND:,}")


def main() -> None:
    """Run it."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.grpc", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            server.stdout.readline()
            uvloop.run(_bench(port))
        finally:
            server.kill()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
