"""A proxy in front of a server that loses an answer, cuts it, or answers in the server's place."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from girok.testing.servers import free_block


class Wire:
    """What passes between clients of `url` and the server at `target`.

    `cut[b"PUT /temp/a"] = 100` lets 100 bytes of the answer to the next such request through and then breaks the
    connection; `instead[b"PUT /temp/a"] = b"HTTP/1.1 507 ..."` answers every such request.
    """

    def __init__(self, target: str, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.cut: dict[bytes, int] = {}
        self.instead: dict[bytes, bytes] = {}
        self._target = urlsplit(target).port
        self._passing: set[asyncio.Task[None]] = set()

    def accept(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """A connection has come."""
        self._passing.add(asyncio.create_task(self._pass_on(client, to_client)))

    async def aclose(self) -> None:
        """End all connections."""
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _pass_on(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        left: list[int] = []

        async def ask() -> None:
            while data := await client.read(65_536):
                left.extend(self.cut.pop(start) for start in list(self.cut) if data.startswith(start))
                if answers := [answer for start, answer in self.instead.items() if data.startswith(start)]:
                    to_client.write(answers[0])
                    return
                to_server.write(data)
                await to_server.drain()

        async def answer() -> None:
            while data := await server.read(65_536):
                to_client.write(data[: left[0]] if left else data)
                await to_client.drain()
                left[:] = [each - len(data) for each in left]
                if left and left[0] <= 0:
                    return

        both = [asyncio.create_task(ask()), asyncio.create_task(answer())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            for writer in (to_server, to_client):
                writer.close()
            await asyncio.gather(*both, to_server.wait_closed(), to_client.wait_closed(), return_exceptions=True)


@asynccontextmanager
async def wire_to(target: str, port: int | None = None) -> AsyncGenerator[Wire, None]:
    """A wire to the server at the URL `target`."""
    wire = Wire(target, port or free_block(1, 0))
    listening = await asyncio.start_server(wire.accept, "127.0.0.1", urlsplit(wire.url).port)
    try:
        yield wire
    finally:
        listening.close()
        await wire.aclose()
