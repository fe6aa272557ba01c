"""One process that answers calls: its connection, what is under way on it, and whether it is up.

A peer goes down when a connection to it cannot be made, or when it is silent while calls wait (http2_client.py): a
process that hangs, or whose host is gone, is out within a second. A connection that just ended is made anew first.
While it is down it is tried again and again; calls go elsewhere meanwhile.
"""

import asyncio
import logging
import ssl
from collections.abc import Coroutine
from contextlib import suppress
from math import ceil
from typing import Any, TypeVar

from girok.rpc.http2 import Headers
from girok.rpc.http2_client import CallLost, ClientConnection, NotReached

__all__ = ["CallLost", "NotReached", "Peer"]

T = TypeVar("T")
_CONNECT_SECONDS = 0.8
_TURN_SECONDS = 0.1
_FIRST_RETRY = 0.1
_LONGEST_RETRY = 0.8
_SHORT_SECONDS = 1.0
_FAILURES = (OSError, UnicodeError, OverflowError)
"""A name that is none and a port that is none are no OSError."""
_log = logging.getLogger("girok.rpc")


class Peer:
    """A process at `address` (host:port)."""

    def __init__(self, address: str, tls: ssl.SSLContext | None) -> None:
        host, _, port = address.rpartition(":")
        self.address = address
        self.up = True
        self.in_flight = 0
        self._target = (host.strip("[]"), int(port))
        self._tls = tls
        self._first: Headers = (
            (b":method", b"POST"),
            (b":scheme", b"https" if tls else b"http"),
            (b":authority", address.encode()),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc+proto"),
        )
        self._connection: ClientConnection | None = None
        self._attempt: asyncio.Task[None] | None = None
        self._return: asyncio.Task[None] | None = None
        self._complaint = ""
        self._delay = _FIRST_RETRY
        self._idle = asyncio.Event()
        self._closed = False

    async def call(self, headers: Headers, message: bytes) -> bytes:
        """The answer's message. Raises NotReached, CallLost, GRPCError."""
        self.in_flight += 1
        try:
            connection = await self._connected()
            answer = await connection.call((*self._first, *headers), message)
        finally:
            self.in_flight -= 1
            self._idle.set()
        if self._complaint:
            self._complaint = ""
            _log.info("peer %s is back", self.address)
        self._delay = _FIRST_RETRY
        return answer

    async def reach(self) -> None:
        """Connect, where it is not; `up` says how it went."""
        with suppress(NotReached):
            await self._connected()

    def rest(self, seconds: float, complaint: str = "") -> None:
        """It is there, but takes no calls: send it none for a while."""
        if complaint:
            self._complain(complaint)
        if self.up and not self._closed:
            self.up = False
            self._return = asyncio.create_task(self._come_back(seconds))

    async def leave(self, seconds: float) -> None:
        """Take no more calls, and close when those that run are answered, after `seconds` in any case."""
        self.up = False
        try:
            async with asyncio.timeout(seconds):
                while self.in_flight:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            _log.warning("peer %s left calls unanswered", self.address)
        finally:
            await self.close()

    async def close(self) -> None:
        """End the connection; calls on it are lost. Twice is no error."""
        self._closed = True
        self.up = False
        tasks = [each for each in (self._attempt, self._return) if each is not None]
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._connection is not None:
            self._connection.close()

    async def _connected(self) -> ClientConnection:
        if self._connection is not None and self._connection.is_worn:
            self._connection.retire()
            self._connection = None
        if self._connection is not None and self._connection.is_open:
            return self._connection
        if self._closed or not self.up:
            raise NotReached(self.address)
        if self._attempt is None:
            self._attempt = asyncio.create_task(self._try())
        await asyncio.wait({self._attempt})
        if self._connection is None:
            raise NotReached(self.address)
        return self._connection

    async def _try(self) -> None:
        """Connect; without success the peer is down."""
        try:
            self._connection = await self._connect()
        except _FAILURES as error:
            self._went_down(error)
        finally:
            self._attempt = None

    async def _connect(self) -> ClientConnection:
        """A connection whose other side speaks HTTP/2. Raises OSError."""
        made: list[ClientConnection] = []

        def make() -> ClientConnection:
            made.append(ClientConnection(self._lost))
            return made[0]

        async def connect() -> None:
            # The address is an IP's or a Service's; a certificate is of the cluster's authority, whatever its name.
            name = "" if self._tls else None
            await asyncio.get_running_loop().create_connection(make, *self._target, ssl=self._tls, server_hostname=name)
            await made[0].ready

        try:
            await _patiently(connect(), _CONNECT_SECONDS)
        except BaseException:
            for each in made:
                each.abort()
            raise
        if not made[0].is_open:
            raise ConnectionResetError("the connection ended at once")
        return made[0]

    def _lost(self, connection: ClientConnection, error: Exception) -> None:
        """A connection has ended. One that did not last is not made anew at once, or it would be for ever."""
        if connection is not self._connection:
            return
        self._connection = None
        if connection.is_silent or connection.age < _SHORT_SECONDS:
            self._went_down(error)
        elif self.up and self._attempt is None:
            self._attempt = asyncio.create_task(self._try())

    def _went_down(self, error: Exception) -> None:
        if self.up:
            self._complain("is down: ", error)
            self.up = False
            self._return = asyncio.create_task(self._come_back())

    def _complain(self, what: str, why: object = "") -> None:
        """Say what is wrong with it, once, until it answers again."""
        if what != self._complaint:
            self._complaint = what
            _log.warning("peer %s %s%s", self.address, what, why)

    async def _come_back(self, rest: float = 0.0) -> None:
        """Try until it can be called again."""
        await asyncio.sleep(rest)
        while self._connection is None or not self._connection.is_open:
            await asyncio.sleep(self._delay)
            self._delay = min(self._delay * 2, _LONGEST_RETRY)
            try:
                self._connection = await self._connect()
            except _FAILURES as error:
                self._complain("is down: ", error)
        self._return = None
        self.up = True


async def _patiently(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """What `work` gives. Raises TimeoutError after as many turns of the loop: one that stood still counts once."""
    task = asyncio.create_task(work)
    try:
        for _ in range(ceil(seconds / _TURN_SECONDS)):
            await asyncio.wait({task}, timeout=_TURN_SECONDS)
            if task.done():
                return task.result()
        raise TimeoutError(f"no answer for {seconds:g} s")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
