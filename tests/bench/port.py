"""What a port costs in process: a call through `local_port` against the same method called directly."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from girok.port import local_port
from plugins.feed.ports import FeedService, GetPostRequest, Post
from tests.bench.load import ROUNDS

CALLS = 20_000
LIMIT = 10.0


class _Posts:
    """Answers at once, so that only the call is measured."""

    post = Post(id="1", text="hello", author_id="2", like_count=0, liked=False, created_at=datetime.now(UTC))

    async def get_post(self, request: GetPostRequest) -> Post:
        return self.post

    def __getattr__(self, name: str) -> Any:
        return self.get_post


async def _microseconds(call: Callable[[GetPostRequest], Awaitable[Post]]) -> float:
    request = GetPostRequest("1")
    begin = time.perf_counter()
    for _ in range(CALLS):
        await call(request)
    return (time.perf_counter() - begin) / CALLS * 1e6


async def _bench() -> None:
    service: Any = _Posts()
    port = local_port(FeedService, service)
    extra = [await _microseconds(port.get_post) - await _microseconds(service.get_post) for _ in range(ROUNDS)]
    print(f"\nport: {CALLS:,} calls in turn, median of {ROUNDS}")
    print(f"  a call through a port costs {statistics.median(extra):.2f} us more than a direct one   at most {LIMIT}")


def main() -> None:
    """Run it."""
    asyncio.run(_bench())


if __name__ == "__main__":
    main()
