"""The GraphQL engine alone, on data in memory: over HTTP against Mercurius with JIT, in process against graphql-core.

Nobody checks a session here, and nobody stores anything; the product with both is in `timeline`.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
from graphql import build_schema, execute_sync, parse

from girok.graphql.execute import Engine
from girok.graphql.part import Context, Part
from girok.port import Ports
from girok.testing.process import free_port
from tests.bench.load import PEERS, ROUNDS, in_folder, node_peer, rounds, wrk

ROUTE, BARE, MERCURIUS = "girok, engine in a Litestar route", "girok, engine in bare ASGI", "Mercurius 16 with JIT"
AT_LEAST = {ROUTE: 1.0, BARE: 1.4}
LEVELS, AT_LEAST_OF_CORE = 10, 15.0
SDL = "type Query { root: Node! } type Node { id: ID! name: String! size: Int! children: [Node!]! }"


class Node(msgspec.Struct, frozen=True):
    id: str
    name: str
    size: int
    children: tuple["Node", ...] = ()


@contextmanager
def _girok(kind: str) -> Generator[str]:
    """The engine behind HTTP in a process of its own; its URL."""
    port = free_port()
    child = subprocess.Popen([sys.executable, "-m", "tests.bench.engine", kind, str(port)])
    url = f"http://127.0.0.1:{port}/graphql"
    try:
        for _ in range(200):
            try:
                httpx.post(url, json={"query": "{ me { id } }"}).raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        child.kill()
        child.wait()


async def _over_http(folder: Path) -> None:
    with _girok("bare") as bare, _girok("route") as route, node_peer(folder / "node", "mercurius.cjs", 4101) as peer:
        answers = [
            httpx.post(each, content=_body(), headers={"content-type": "application/json"}) for each in (bare, peer)
        ]
        assert answers[0].json() == answers[1].json(), "they do not answer the same"
        load = PEERS / "timeline.lua"
        medians = await asyncio.to_thread(
            rounds,
            {
                BARE: lambda: wrk(bare, load),
                ROUTE: lambda: wrk(route, load),
                MERCURIUS: lambda: wrk(peer, load),
            },
        )
    print("\ngraphql: 20 posts with authors in memory, 16 connections, 3 s, median of 5")
    for name, value in medians.items():
        ratio = ""
        if name in AT_LEAST:
            ratio = f"   {value / medians[MERCURIUS]:5.2f} times Mercurius, at least {AT_LEAST[name]}"
        print(f"  {name:<44} {value:>10,.0f} requests/s{ratio}")


def _body() -> bytes:
    (line,) = [each for each in (PEERS / "timeline.lua").read_text(encoding="utf-8").splitlines() if "wrk.body" in each]
    return line.partition("'")[2].removesuffix("'").encode()


def _tree(level: int = 1, name: str = "1") -> Node:
    children = () if level == LEVELS else tuple(_tree(level + 1, f"{name}{each}") for each in "01")
    return Node(name, f"node {name}", level, children)


async def _in_process() -> None:
    """1,023 nodes on 10 levels. graphql-core reads attributes, its quickest way; ours asks a resolver on each level."""
    tree = _tree()
    fields = "id name size"
    text = "{ root { " + f"{fields} children {{ " * (LEVELS - 1) + fields + " }" * (LEVELS + 1)
    engine, document, schema = _engine(tree), parse(text), build_schema(SDL)

    async def ours() -> object:
        return (await engine.run(engine.prepare(text), None, Context(Ports()))).data

    async def core() -> object:
        return execute_sync(schema, document, {"root": tree}).data

    assert await ours() == await core(), "they do not answer the same"
    seen = {each: [await _seconds(each) for _ in range(ROUNDS)] for each in (ours, core)}
    mine, theirs = (statistics.median(seen[each]) for each in (ours, core))
    print(f"\ngraphql: {LEVELS} levels, 1,023 nodes, in process, median of {ROUNDS}")
    print(f"  girok's engine {mine * 1e3:8.2f} ms\n  graphql-core   {theirs * 1e3:8.2f} ms", end="")
    print(f"   girok is {theirs / mine:5.1f} times as fast, at least {AT_LEAST_OF_CORE}")


def _engine(tree: Node) -> Engine:
    part = Part(SDL)

    @part.query("root")
    async def root(context: Context) -> Node:
        return tree

    @part.field("Node", "children")
    async def children(context: Context, nodes: Sequence[Node]) -> Sequence[Sequence[Node]]:
        return [each.children for each in nodes]

    return Engine([part])


async def _seconds(run: Callable[[], Awaitable[object]]) -> float:
    begin = time.perf_counter()
    for _ in range(10):
        await run()
    return (time.perf_counter() - begin) / 10


def main() -> None:
    """Run it."""
    asyncio.run(_in_process())
    in_folder(_over_http)
