"""A connection that calls.

It notices when nobody is at the other end: while calls wait and nothing is heard, it pings, and without an answer it
ends with all of them. Silence is counted in turns of our own loop, so that a loop that stood still accuses nobody.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import ClassVar

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from h2 import events
from h2.errors import ErrorCodes

from girok.rpc.converter import MOST_BYTES
from girok.rpc.framing import HEAD, STATUS, framed, length_of, status_of
from girok.rpc.http2 import MOST_STREAMS, Events, Headers, Http2

__all__ = ["CallLost", "ClientConnection", "NotReached"]

_TURN_SECONDS = 0.1
_PING_AFTER = 2
_SILENT_AFTER = 9
_LAST_STREAM = 2**31 - 1
_PING = b"is there"


class NotReached(Exception):
    """The call was not begun: nothing has happened."""


class CallLost(Exception):
    """The call ended without an answer: whether it happened is not known."""


class _Call:
    """What has come of an answer."""

    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self.answer = answer
        self.data = bytearray()
        self.fields: dict[bytes, bytes] = {}

    def end(self) -> None:
        """All is here."""
        if self.answer.done():
            return
        try:
            self.answer.set_result(self._message())
        except GRPCError as error:
            self.answer.set_exception(error)

    def fail(self, error: Exception) -> None:
        """Nothing more comes."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def _message(self) -> bytes:
        if self.fields.get(b":status") != b"200":
            raise GRPCError(Status.UNAVAILABLE, f"HTTP status {self.fields.get(b':status', b'').decode()}")
        if (error := status_of(self.fields)) is not None:
            raise error
        if len(self.data) < HEAD or length_of(self.data, MOST_BYTES) != len(self.data) - HEAD:
            raise GRPCError(Status.INTERNAL, "the answer is not one message")
        return bytes(self.data[HEAD:])


class ClientConnection(Http2):
    """`lost` is called once at its end, with why; `ready` is done once the other side has spoken HTTP/2."""

    def __init__(self, lost: Callable[["ClientConnection", Exception], None]) -> None:
        super().__init__(client=True)
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self._lost = lost
        self._calls: dict[int, _Call] = {}
        self._queue: deque[asyncio.Future[None]] = deque()
        self._most = MOST_STREAMS
        self._why = "the connection was closed"
        self._silent = 0
        self._last_unwritten = 0
        self._watch: asyncio.TimerHandle | None = None
        self._made = self._loop.time()

    @property
    def age(self) -> float:
        """Seconds since it was made."""
        return self._loop.time() - self._made

    @property
    def is_silent(self) -> bool:
        """Whether calls waited for long and nothing was heard."""
        return self._silent >= _SILENT_AFTER

    @property
    def is_worn(self) -> bool:
        """Whether it has no numbers left for more calls: after five days at 2,500 a second."""
        return self._h2.highest_outbound_stream_id >= _LAST_STREAM - 2 * MOST_STREAMS

    async def call(self, headers: Headers, message: bytes) -> bytes:
        """The answer's message. Raises NotReached, CallLost, GRPCError. Cancelled, it tells the other side so."""
        while len(self._calls) >= self._most and self.is_open:
            turn = self._loop.create_future()
            self._queue.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                self._wake(int(not turn.cancelled()))  # it was our turn already
                raise
        if self._deaf or not self.is_open:
            raise NotReached(self._why)
        stream = self._h2.get_next_available_stream_id()
        call = self._calls[stream] = _Call(self._loop.create_future())
        self._h2.send_headers(stream, headers)
        self._send(stream, framed(message))
        if self._watch is None:
            self._watch = self._loop.call_later(_TURN_SECONDS, self._look)
        try:
            return await call.answer
        finally:
            self._forget(stream)

    def connection_lost(self, exc: Exception | None) -> None:
        """Every call is lost."""
        if self._watch is not None:
            self._watch.cancel()
        error = exc or ConnectionResetError(self._why)
        for each in self._calls.values():
            each.fail(CallLost(str(error)))
        self._wake(len(self._queue))
        if not self.ready.done():
            self.ready.set_exception(error)
            self.ready.exception()
        self._lost(self, error)

    def data_received(self, data: bytes) -> None:
        """Somebody is there."""
        self._silent = 0
        super().data_received(data)

    def retire(self) -> None:
        """End it once no call is on it any more."""
        self._most = 0
        if not self._calls:
            self.close()

    def _forget(self, stream: int) -> None:
        del self._calls[stream]
        self._unsent.pop(stream, None)
        if self.is_open and self._is_alive(stream):
            self._h2.reset_stream(stream, ErrorCodes.CANCEL)
            self._flush_soon()
        self._wake(1)
        if not self._most and not self._calls:
            self.close()

    def _wake(self, count: int) -> None:
        while count and self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                count -= 1

    def _look(self) -> None:
        """Count one turn of silence, if anybody waits for an answer. Who still takes what we write is not silent."""
        self._watch = None
        if not self._calls:
            self._silent = 0
            return
        unwritten = self._unwritten()
        self._silent = 0 if unwritten < self._last_unwritten else self._silent + 1
        self._last_unwritten = unwritten
        if self.is_silent:
            self._why = f"not heard for {_SILENT_AFTER * _TURN_SECONDS:g} s"
            self.abort()
            return
        if self._silent == _PING_AFTER:
            self._h2.ping(_PING)
            self._flush()
        self._watch = self._loop.call_later(_TURN_SECONDS, self._look)

    def _responded(self, event: events.ResponseReceived | events.TrailersReceived) -> None:
        if (call := self._calls.get(event.stream_id)) is not None:
            call.fields.update(event.headers)  # pyright: ignore[reportArgumentType, reportCallIssue]

    def _received(self, event: events.DataReceived) -> None:
        self._take(event)
        if (call := self._calls.get(event.stream_id)) is not None:
            call.data += event.data
            if len(call.data) > HEAD + MOST_BYTES:
                call.fail(GRPCError(Status.RESOURCE_EXHAUSTED, "the answer is too long"))

    def _ended(self, event: events.StreamEnded) -> None:
        if (call := self._calls.get(event.stream_id)) is not None:
            call.end()

    def _was_reset(self, event: events.StreamReset) -> None:
        if (call := self._calls.get(event.stream_id)) is None:
            return
        if STATUS in call.fields:
            call.end()
        elif event.error_code is ErrorCodes.REFUSED_STREAM:
            call.fail(NotReached("the call was refused"))
        else:
            call.fail(CallLost(f"the call was ended: {event.error_code}"))

    def _was_set(self, event: events.RemoteSettingsChanged) -> None:
        if self._most:
            self._most = max(1, min(MOST_STREAMS, self._h2.remote_settings.max_concurrent_streams))
        if not self.ready.done():
            self.ready.set_result(None)
        self.windows_opened(event)

    def _left(self, event: events.ConnectionTerminated) -> None:
        """The other side has said which call was the last that it began."""
        self._why = "it is stopping"
        last = event.last_stream_id or 0
        for stream, each in self._calls.items():
            each.fail(NotReached(self._why) if stream > last else CallLost(self._why))
        self._deaf = True
        self.abort()

    reactions: ClassVar[Events] = {
        events.ResponseReceived: _responded,
        events.TrailersReceived: _responded,
        events.DataReceived: _received,
        events.StreamEnded: _ended,
        events.StreamReset: _was_reset,
        events.WindowUpdated: Http2.windows_opened,
        events.RemoteSettingsChanged: _was_set,
        events.ConnectionTerminated: _left,
    }
