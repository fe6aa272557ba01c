"""An application with a few routes behind the edge: in process, and on a real socket."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Request, asgi, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from litestar.types import Receive, Scope, Send
from msgspec import Meta

from girok.context import current
from girok.errors import Conflict, RateLimited, Text, Unavailable
from girok.http.app import HttpApp, Lifespan, build_http
from girok.http.cors import Origins
from girok.sections import Http, Log, Metrics
from girok.settings import Settings
from girok.telemetry import metrics
from girok.telemetry.health import Health
from girok.telemetry.logs import granian_logging
from girok.testing.process import free_port

MAX_BODY = 2048
NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


class FixedClock:
    def now(self) -> datetime:
        return NOW


class Skill(msgspec.Struct, frozen=True):
    name: Annotated[str, Meta(min_length=2)]
    years: int = 0


class Resume(msgspec.Struct, frozen=True, rename="camel"):
    job_title: str
    skills: tuple[Skill, ...] = ()


class EmailTaken(Conflict):
    """Taken."""

    reason = "EMAIL_TAKEN"
    text = Text("This email is taken.", "이미 사용 중인 이메일입니다.")


class InvalidPassword(Conflict):
    """Named by rest.md."""

    reason = "INVALID_PASSWORD"
    names_rest_code = True


class Gate:
    """Holds requests of /slow until it is opened."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()


@get("/call")
async def call() -> dict[str, str]:
    now = current()
    return {
        "requestId": now.request_id,
        "traceparent": now.traceparent,
        "locale": now.locale,
        "address": now.address,
        "deadline": str(now.deadline),
    }


@post("/resumes/{number:int}")
async def write(
    data: JSONBody[Resume], number: FromPath[int], page: FromQuery[int], q: FromQuery[str] = ""
) -> dict[str, Any]:
    return {"skills": len(data.skills), "number": number, "page": page, "q": q}


@post("/length", status_code=200)
async def length(request: Request[Any, Any, Any]) -> int:
    return len(await request.body())


@asgi("/graphql", copy_scope=False)
async def graphql(scope: Scope, receive: Receive, send: Send) -> None:
    del scope
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    body = str(size).encode()
    own = [(b"vary", b"Accept"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": own})
    await send({"type": "http.response.body", "body": body})


@asgi("/public", is_mount=True, copy_scope=False)
async def public(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    own = [(b"access-control-allow-origin", b"*"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": 200, "headers": own})
    await send({"type": "http.response.body", "body": b"image"})


@post("/temp/upload", status_code=200)
async def upload(request: Request[Any, Any, Any]) -> int:
    return len(await request.body())


@get("/taken")
async def taken() -> None:
    raise EmailTaken


@get("/named")
async def named() -> None:
    raise InvalidPassword


@get("/limited")
async def limited() -> None:
    raise RateLimited(retry_after=2.2)


@get("/away")
async def away() -> None:
    raise Unavailable from ConnectionError("nobody there")


@get("/broken")
async def broken() -> None:
    raise RuntimeError("a secret of the inside")


@get("/half")
async def half() -> Stream:
    async def parts() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("the other half")

    return Stream(parts())


def routes(gate: Gate) -> list[Any]:
    @get("/slow")
    async def slow() -> str:
        gate.entered.set()
        await gate.open.wait()
        return "done"

    return [call, write, length, graphql, public, upload, taken, named, limited, away, broken, half, slow]


class Stage:
    """The application and what belongs to it."""

    def __init__(
        self,
        *,
        handlers: Sequence[Any] | None = None,
        max_body: int = MAX_BODY,
        origins: tuple[str, ...] = ("https://web.example",),
        log: Log | None = None,
        allow: tuple[str, ...] = (),
        trusted_proxies: tuple[str, ...] = (),
        lifespan: Sequence[Lifespan] = (),
    ) -> None:
        settings = Settings(
            Http(max_body=max_body, trusted_proxies=trusted_proxies), log or Log(), Metrics(allow=allow)
        )
        self.gate = Gate()
        self.health = Health(settings.get(Metrics))
        self.metrics = metrics.Metrics(version="1.2.3", roles=["auth", "feed"])
        self.http: HttpApp = build_http(
            routes(self.gate) if handlers is None else handlers,
            settings=settings,
            roles={"auth": "accounts & sessions", "feed": "posts"},
            health=self.health,
            metrics=self.metrics,
            origins=Origins(origins, development=True),
            clock=FixedClock(),
            lifespan=lifespan,
        )
        self.edge = self.http.edge

    def client(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """A client in process, whose connection comes from `address`."""
        transport = httpx.ASGITransport(self.edge, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url="http://girok.test")

    @asynccontextmanager
    async def served(self) -> AsyncGenerator[int, None]:
        """Granian on a free port, which is given."""
        port = free_port()
        server = Server(
            self.edge, port=port, interface=Interfaces.ASGI, log_dictconfig=granian_logging(), websockets=False
        )
        serving = asyncio.create_task(server.serve())
        try:
            async with asyncio.timeout(10), wire(port):
                pass
            yield port
        finally:
            server.stop()
            await asyncio.wait_for(serving, 10)


class Wire:
    """A connection on which bytes are sent as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self._writer.write(part)
            await self._writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and the body, by its length."""
        async with asyncio.timeout(20):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return int(first.split()[1]), headers, body

    async def rest(self) -> bytes:
        """What comes until the other side closes."""
        async with asyncio.timeout(20):
            return await self._reader.read()


@asynccontextmanager
async def wire(port: int) -> AsyncGenerator[Wire, None]:
    """A connection, as soon as somebody listens."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            break
        except ConnectionRefusedError:
            await asyncio.sleep(0.01)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
