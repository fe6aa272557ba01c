"""HTTP/2 by hand, for what no client library sends."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from hpack import Decoder, Encoder
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, RstStreamFrame, SettingsFrame

__all__ = ["PREFACE", "Raw", "headers", "message", "raw", "reset", "socket_to"]

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SettingsFrame(0).serialize()
_PLAIN = {":method": "POST", ":scheme": "http", ":authority": "x", "te": "trailers", "content-type": "application/grpc"}


def headers(stream: int, path: str, fields: Mapping[str, str] | None = None, *, end: bool = False) -> bytes:
    """The HEADERS frame of a call."""
    block = _block(path, tuple((fields or {}).items()))
    return HeadersFrame(stream, data=block, flags=["END_HEADERS", *(["END_STREAM"] if end else [])]).serialize()


@cache
def _block(path: str, fields: tuple[tuple[str, str], ...]) -> bytes:
    return Encoder().encode([(":path", path), *_PLAIN.items(), *fields])


def message(stream: int, data: bytes, *, length: int | None = None, flag: int = 0, end: bool = True) -> bytes:
    """DATA frames with a message of gRPC, which may lie about its length."""
    whole = bytes([flag]) + (len(data) if length is None else length).to_bytes(4, "big") + data
    pieces = [whole[at : at + 16_384] for at in range(0, len(whole), 16_384)]
    frames = [DataFrame(stream, each) for each in pieces]
    if end:
        frames[-1].flags.add("END_STREAM")
    return b"".join(each.serialize() for each in frames)


def reset(stream: int) -> bytes:
    """RST_STREAM with CANCEL."""
    return RstStreamFrame(stream, error_code=8).serialize()


class Raw:
    """A connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = Decoder()
        self.status: dict[int, str] = {}
        """`grpc-status` by stream, else `:status`."""
        self.error: int | None = None
        """Of the GOAWAY."""
        self.frames: list[Frame] = []

    def send(self, *data: bytes) -> None:
        self._writer.write(b"".join(data))

    async def sent(self) -> None:
        await self._writer.drain()

    async def answer(self, stream: int, within: float = 10.0) -> str:
        """The status of a call, once it is there."""
        async with asyncio.timeout(within):
            while stream not in self.status:
                await self._frame()
        return self.status[stream]

    async def closed(self, within: float = 10.0) -> int | None:
        """Wait until the other side ends it; the error of its GOAWAY, None without one."""
        try:
            async with asyncio.timeout(within):
                while True:
                    await self._frame()
        except (asyncio.IncompleteReadError, ConnectionError):
            return self.error

    async def _frame(self) -> None:
        frame, length = Frame.parse_frame_header(memoryview(await self._reader.readexactly(9)))
        frame.parse_body(memoryview(await self._reader.readexactly(length)))
        self.frames.append(frame)
        if isinstance(frame, HeadersFrame):
            fields: dict[Any, Any] = dict(self._decoder.decode(frame.data))
            if "END_STREAM" in frame.flags:
                self.status[frame.stream_id] = fields.get("grpc-status", fields.get(":status"))
        elif isinstance(frame, GoAwayFrame):
            self.error = frame.error_code


@asynccontextmanager
async def socket_to(address: str) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter], None]:
    """A plain TCP connection, thrown away at the end."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@asynccontextmanager
async def raw(address: str) -> AsyncGenerator[Raw, None]:
    """A connection that has said the preface."""
    async with socket_to(address) as (reader, writer):
        made = Raw(reader, writer)
        made.send(PREFACE)
        yield made
