"""A FeedService that does what its request says, served over gRPC: in this process, or in two of their own.

async with served(Answers("a")) as server: server.port
async with process("a") as server: await server.kill()
"""

import asyncio
import json
import logging
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from girok.context import current
from girok.rpc.client import remote_port
from girok.rpc.contract import Contract, contract_of
from girok.rpc.peers import Peers
from girok.rpc.server import RpcServer
from girok.testing.process import free_port
from plugins.feed.errors import PostNotFound
from plugins.feed.ports import CreatePostRequest, FeedService, GetPostRequest, Post

__all__ = ["FEED", "SECRET", "Answers", "Pair", "Served", "ServerProcess", "feed_of", "served"]

SECRET = "a secret of the cluster"
FEED = contract_of("feed", "FeedService")


class Answers:
    """`get_post` and `create_post` do what the id or the text says, `WHAT:HOW`; the post's author is `name`."""

    _actions = frozenset({"say", "sleep", "fail", "long", "context", "hang_up"})

    def __init__(self, name: str = "it") -> None:
        self.name = name
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.hang_up: Callable[[], object] = str
        self.error: Exception = RuntimeError("nobody outside may read this")

    async def get_post(self, request: GetPostRequest) -> Post:
        return await self._do(request.id)

    async def create_post(self, request: CreatePostRequest) -> Post:
        return await self._do(request.text)

    def __getattr__(self, name: str) -> Any:
        return self.get_post

    async def _do(self, what: str) -> Post:
        action, _, how = what.partition(":")
        if action not in self._actions:
            raise PostNotFound
        self.begun.append(what)
        try:
            text = await getattr(self, f"_{action}")(how)
        except asyncio.CancelledError:
            self.cancelled.append(what)
            raise
        self.ended.append(what)
        return Post(
            id=what[:40], text=text, author_id=self.name, like_count=0, liked=False, created_at=datetime.now(UTC)
        )

    async def _say(self, text: str) -> str:
        return text

    async def _sleep(self, seconds: str) -> str:
        await asyncio.sleep(float(seconds))
        return ""

    async def _fail(self, _: str) -> str:
        raise self.error

    async def _long(self, length: str) -> str:
        return "x" * int(length)

    async def _context(self, _: str) -> str:
        context = current()
        actor = context.actor
        left = (context.deadline or 0) - asyncio.get_running_loop().time()
        who = [actor.user_id, actor.role, actor.session_id] if actor else None
        others = [context.request_id, context.traceparent, context.locale, context.address]
        return json.dumps({"actor": who, "others": others, "left": left})

    async def _hang_up(self, _: str) -> str:
        self.hang_up()
        return ""


class Served:
    """A server in this process and what it answers with."""

    def __init__(self, answers: Answers, server: RpcServer, port: int) -> None:
        self.answers = answers
        self.server = server
        self.port = port
        self.address = f"127.0.0.1:{port}"

    def hang_up(self) -> None:
        """End every connection, as a process that dies does."""
        for each in self.server._connections:
            each.abort()


@asynccontextmanager
async def served(
    answers: Answers | None = None,
    *,
    contracts: Iterable[Contract] = (FEED,),
    secret: str = SECRET,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncGenerator[Served, None]:
    answers = answers or Answers()
    server = RpcServer([(each, answers) for each in contracts], secret=secret, tls=tls)
    port = port or free_port()
    await server.start("127.0.0.1", port)
    made = Served(answers, server, port)
    answers.hang_up = made.hang_up
    try:
        yield made
    finally:
        await server.drain(0)


@asynccontextmanager
async def feed_of(
    *addresses: str, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[tuple[FeedService, Peers], None]:
    """The port as a caller has it, with these processes behind it."""
    peers = Peers(tls)
    await peers.replace({"feed": addresses})
    try:
        yield remote_port(FEED, peers, secret=SECRET), peers
    finally:
        await peers.close()


class ServerProcess:
    """A process of its own, of no event loop."""

    def __init__(self, name: str, log: Path = Path(os.devnull)) -> None:
        self._log = log
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._command = (sys.executable, "-m", "tests.kernel.rpc.serving", str(self.port), name)
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        return self.child is not None and self.child.poll() is None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self.child = child = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=log)
        assert child.stdout is not None
        assert await asyncio.to_thread(child.stdout.readline) == b"up\n"

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.child is not None
        self.child.send_signal(number)
        code = await asyncio.to_thread(self.child.wait, 30)
        assert self.child.stdout is not None
        self.child.stdout.close()
        return code

    def send(self, number: signal.Signals) -> None:
        assert self.child is not None
        self.child.send_signal(number)


class Pair:
    """Two processes; each test finds them running."""

    def __init__(self) -> None:
        self.both = (ServerProcess("a"), ServerProcess("b"))

    async def running(self) -> tuple[ServerProcess, ServerProcess]:
        await asyncio.gather(*(each.start() for each in self.both if not each.runs))
        return self.both

    async def end(self) -> None:
        await asyncio.gather(*(each.end(signal.SIGKILL) for each in self.both if each.runs))


async def _serve(port: int, name: str, secret: str = SECRET) -> None:
    server = RpcServer([(FEED, Answers(name))], secret=secret)
    await server.start("127.0.0.1", port)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("up", flush=True)
    await stop.wait()
    await server.drain(10)


if __name__ == "__main__":
    logging.basicConfig()
    uvloop.run(_serve(int(sys.argv[1]), *sys.argv[2:]))
