"""One process that answers calls: its connection, what is under way on it, and whether it is up.

A peer goes down when a connection to it cannot be made or is lost, or when it is silent: a call that waits for longer
than 0.3 s makes us ask for its health, and no answer to that ends the connection with all calls on it.
So a process that hangs, or whose host is gone, is out within a second. While it is down it is tried again and again;
calls go elsewhere meanwhile.
"""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from contextlib import suppress

from grpclib.client import Channel
from grpclib.const import Cardinality
from grpclib.encoding.proto import ProtoStatusDetailsCodec
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError

from girok.rpc.wire import Codec

__all__ = ["CallLost", "NotReached", "Peer"]

_CONNECT_SECONDS = 0.8
_SILENT_SECONDS = 0.3
_HEALTH_SECONDS = 0.6
_RETRY_SECONDS = 0.25
_LONGEST_RETRY = 1.0
_HEALTH = "/grpc.health.v1.Health/Check"
_LOST = (OSError, StreamTerminatedError, ProtocolError)
_log = logging.getLogger("girok.rpc")


class NotReached(Exception):
    """The call was not sent: nothing has happened."""


class CallLost(Exception):
    """The connection ended before the answer: whether the call happened is not known."""


class Peer:
    """A process at `address` (host:port)."""

    def __init__(self, address: str, tls: ssl.SSLContext | None) -> None:
        host, _, port = address.rpartition(":")
        self.address = address
        self.up = True
        self.in_flight = 0
        self._target = (host.strip("[]"), int(port), tls)
        self._channel = self._open()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def call(self, path: str, data: bytes, metadata: Mapping[str, str], seconds: float) -> bytes:
        """The answer's bytes. Raises NotReached, CallLost, TimeoutError, GRPCError."""
        channel = self._channel
        try:
            async with asyncio.timeout(min(seconds, _CONNECT_SECONDS)):
                await channel.__connect__()
        except OSError as error:
            if isinstance(error, TimeoutError) and seconds < _CONNECT_SECONDS:
                raise  # the caller's time is over; that says nothing about the peer
            self._went_down(error)
            raise NotReached(self.address) from error
        if channel is not self._channel:
            channel.close()  # it went down, or was closed, while this call waited for the connection
            raise NotReached(self.address)
        self.in_flight += 1
        silence = asyncio.get_running_loop().call_later(_SILENT_SECONDS, self._ask)
        try:
            return await _unary(channel, path, data, metadata, seconds)
        except TimeoutError:  # which is an OSError
            raise
        except _LOST as error:
            self._went_down(error)
            raise CallLost(self.address) from error
        finally:
            silence.cancel()
            self.in_flight -= 1

    async def close(self) -> None:
        """End the connection; calls on it are lost. Twice is no error."""
        self._closed = True
        self._channel.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _open(self) -> Channel:
        host, port, tls = self._target
        return Channel(host, port, ssl=tls, codec=Codec(), status_details_codec=ProtoStatusDetailsCodec())

    def _ask(self) -> None:
        """A call waits for long: is anybody there?"""
        if self._task is None and not self._closed:
            self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        """Ask for as long as calls are under way."""
        try:
            while self.in_flight and self.up:
                await self._health()
                await asyncio.sleep(_SILENT_SECONDS)
        except _LOST as error:
            self._task = None
            self._went_down(error)
        else:
            self._task = None

    async def _health(self) -> None:
        """Any answer will do. Raises what is in _LOST."""
        with suppress(GRPCError):
            async with asyncio.timeout(_HEALTH_SECONDS):
                await _unary(self._channel, _HEALTH, b"", {}, _HEALTH_SECONDS)

    def _went_down(self, error: Exception) -> None:
        if self._closed or not self.up:
            return
        self.up = False
        _log.warning("peer %s is down: %s", self.address, error or type(error).__name__)
        self._channel.close()
        self._channel = self._open()
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._come_back())

    async def _come_back(self) -> None:
        """Try until it answers."""
        delay = _RETRY_SECONDS
        while True:
            await asyncio.sleep(delay)
            try:
                await self._health()
            except _LOST:
                delay = min(delay * 2, _LONGEST_RETRY)
                self._channel.close()
                self._channel = self._open()
            else:
                break
        self.up = True
        self._task = None
        _log.info("peer %s is back", self.address)


async def _unary(channel: Channel, path: str, data: bytes, metadata: Mapping[str, str], seconds: float) -> bytes:
    async with channel.request(
        path, Cardinality.UNARY_UNARY, bytes, bytes, timeout=seconds, metadata=dict(metadata)
    ) as stream:
        await stream.send_message(data, end=True)
        answer = await stream.recv_message()
    if answer is None:
        raise StreamTerminatedError("the answer has no message")
    return answer
