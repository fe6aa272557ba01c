"""The timeline: 20 posts with their authors, GraphQL over HTTP.

girok answers from SQLite with a session checked on every request; Apollo Server and Mercurius answer constants from
memory and check nothing; PocketBase lists 20 records with their author, stored, with a token.
"""

import asyncio
from pathlib import Path

from tests.bench.load import PEERS, girok_with_posts, in_folder, node_peer, rounds, script, table, wrk
from tests.bench.pocketbase import pocketbase

QUERY = (
    "query T{timeline(first:20){edges{cursor node{id text createdAt likeCount liked author{id username name avatar}}} "
    "pageInfo{endCursor hasNextPage}}}"
)


async def _bench(folder: Path) -> None:
    async with girok_with_posts(folder) as (girok, cookie):
        ours = script(folder, "girok", {"query": QUERY}, cookie)
        with (
            node_peer(folder / "node", "apollo.cjs", 4100) as apollo,
            node_peer(folder / "node", "mercurius.cjs", 4101) as mercurius,
            pocketbase(folder / "pocketbase") as pocket,
        ):
            medians = await asyncio.to_thread(
                rounds,
                {
                    "girok, one box: session, SQLite": lambda: wrk(f"{girok.base_url}/graphql", ours),
                    "Apollo Server 5: in memory, no session": lambda: wrk(apollo, PEERS / "timeline.lua"),
                    "Mercurius 16 with JIT: in memory, no session": lambda: wrk(mercurius, PEERS / "timeline.lua"),
                    "PocketBase: list of 20, expand author": lambda: wrk(pocket.list_url, pocket.list_script),
                },
            )
    table("timeline: 16 connections, 3 s, median of 5", medians, ours="girok, one box: session, SQLite")


def main() -> None:
    """Run it."""
    in_folder(_bench)
