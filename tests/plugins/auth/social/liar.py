"""A provider that answers what a test wants, by path, whatever it is asked: for what no real one would answer."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

__all__ = ["Liar", "lying"]


class Liar:
    """`answers` are bodies by path, or a status and a body; what is asked for is in `asked`."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []

    def metadata(self, **changed: Any) -> bytes:
        """What a discovered provider says of itself."""
        found = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            **changed,
        }
        return json.dumps(found).encode()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of a connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ", 2)[1].partition("?")[0]
            self.asked.append(path)
            found = self.answers.get(path, (404, b""))
            status, body = found if isinstance(found, tuple) else (200, found)
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(body)))
            writer.write(body)
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def lying() -> AsyncGenerator[Liar, None]:
    """One on a free port of the loopback address."""
    liar = Liar()
    server = await asyncio.start_server(liar.answer, "127.0.0.1", 0)
    liar.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield liar
