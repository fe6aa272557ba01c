"""Creating a record: createPost over GraphQL, durable at `synchronous=FULL`, fan-out event included.

PocketBase's create runs at `synchronous=NORMAL`: what it acknowledged can be gone after a power loss. `at NORMAL` is
girok under the same terms.
"""

import asyncio
from pathlib import Path

from tests.bench.load import girok_with_posts, in_folder, rounds, script, table, wrk
from tests.bench.pocketbase import pocketbase

CREATE = "mutation C($input: CreatePostInput!) { createPost(input: $input) { id } }"


async def _bench(folder: Path) -> None:
    body = {"query": CREATE, "variables": {"input": {"text": "hello world this is a post"}}}
    async with girok_with_posts(folder, posts=0) as (girok, cookie):
        ours = script(folder, "create", body, cookie)
        with pocketbase(folder / "pocketbase") as pocket:
            medians = await asyncio.to_thread(
                rounds,
                {
                    "girok createPost at FULL": lambda: wrk(f"{girok.base_url}/graphql", ours),
                    "PocketBase create at NORMAL": lambda: wrk(pocket.create_url, pocket.create_script),
                },
            )
    table("create: 16 connections, 3 s, median of 5", medians, ours="girok createPost at FULL", unit="creates/s")


def main() -> None:
    """Run it."""
    in_folder(_bench)
