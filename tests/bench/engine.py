"""The engine alone behind HTTP, on the data of the peers on Node: `python -m tests.bench.engine bare|route PORT`.

`bare` is an ASGI application of three lines, `route` the same in a Litestar application, as the product has it.
"""

import asyncio
import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from litestar import Litestar, asgi

from girok.graphql.execute import Engine
from girok.graphql.http import GraphQLHttp, Request
from girok.graphql.part import Context, Part
from girok.port import Ports

__all__ = ["QUERY", "engine"]

SDL = (Path(__file__).parent / "peers" / "schema.graphql").read_text(encoding="utf-8")
QUERY = (
    "query T{timeline(first:20){edges{cursor node{id text createdAt likeCount liked author{id username name avatar}}} "
    "pageInfo{endCursor hasNextPage}}}"
)


class User(msgspec.Struct, frozen=True):
    id: str
    username: str
    name: str | None
    avatar: str | None


class Post(msgspec.Struct, frozen=True):
    id: str
    text: str
    created_at: str
    like_count: int
    liked: bool
    author_id: str


class Edge(msgspec.Struct, frozen=True):
    cursor: str
    node: Post


class PageInfo(msgspec.Struct, frozen=True):
    end_cursor: str | None
    has_next_page: bool


class Connection(msgspec.Struct, frozen=True):
    edges: tuple[Edge, ...]
    page_info: PageInfo


USERS = {f"u{n}": User(f"u{n}", f"user{n}", f"User {n}", None) for n in range(50)}
TIME = "2026-11-23T00:00:00.000Z"
POSTS = [
    Post(f"p{n}", f"hello world this is a post number {n} with some text in it", TIME, n, False, f"u{n}")
    for n in range(20)
]


def engine() -> Engine:
    """The schema of the peers on their data; authors are batched, as theirs are."""
    part = Part(SDL)

    @part.query("timeline")
    async def timeline(context: Context, *, first: int = 20, after: str | None = None) -> Connection:
        return Connection(tuple(Edge(each.id, each) for each in POSTS[:first]), PageInfo("p19", has_next_page=True))

    @part.query("me")
    async def me(context: Context) -> User:
        return USERS["u1"]

    @part.field("Post", "author")
    async def author(context: Context, posts: Sequence[Post]) -> Sequence[User]:
        return [USERS[each.author_id] for each in posts]

    return Engine([part])


def _application(kind: str) -> Any:
    graphql = GraphQLHttp(engine())
    ports = Ports()

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive()).get("body", b"")
        response = await graphql.answer(
            Request(scope["method"], scope["query_string"], dict(scope["headers"]), body), Context(ports)
        )
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body, "more_body": False})

    if kind == "bare":
        return bare
    return Litestar([asgi("/graphql", copy_scope=False)(bare)], openapi_config=None)


async def _serve(kind: str, port: int) -> None:
    application = _application(kind)
    gc.collect()
    gc.freeze()
    await Server(
        application,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        log_level=LogLevels.error,
        websockets=False,
    ).serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sys.argv[1], int(sys.argv[2])))
