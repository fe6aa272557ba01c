"""A cable between the engine and PostgreSQL that a test can cut: a TCP proxy that reads what the client says."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Cable:
    """`said` is all that the client has sent. `watch`, given what it sends now, tells what to do with the connection.

    "pass" goes on. "cut" breaks both sides before the server gets it; "deaf" hands it over and keeps the answer, then
    breaks both sides; "leave" breaks the client's side alone, so that the server misses nobody.
    """

    def __init__(self, host: str, port: int) -> None:
        self.said = b""
        self.watch: Callable[[bytes], str] = lambda _: "pass"
        self._server = (host, port)
        self._ends: list[asyncio.StreamWriter] = []

    async def plug(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client, to its end."""
        far_reader, far_writer = await asyncio.open_connection(*self._server)
        self._ends += [writer, far_writer]
        answers = asyncio.ensure_future(_copy(far_reader, writer))
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                self.said += data
                action = self.watch(data)
                if action != "pass":
                    answers.cancel()
                    await asyncio.wait({answers})
                if action in ("pass", "deaf"):
                    far_writer.write(data)
                if action == "deaf":
                    await far_reader.read(1)
                if action == "leave":
                    writer.transport.abort()
                    return
                if action != "pass":
                    break
        writer.transport.abort()
        far_writer.transport.abort()
        await asyncio.wait({answers})

    def unplug(self) -> None:
        """Break everything."""
        for end in self._ends:
            end.transport.abort()


@asynccontextmanager
async def cable_to(url: str) -> AsyncGenerator[tuple[str, Cable], None]:
    """The URL of the same database at the end of a cable, and the cable."""
    parts = urlsplit(url)
    cable = Cable(parts.hostname or "", parts.port or 0)
    proxy = await asyncio.start_server(cable.plug, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    try:
        yield url.replace(f":{parts.port}", f":{port}", 1), cable
    finally:
        proxy.close()
        cable.unplug()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.transport.abort()
