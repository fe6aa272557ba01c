"""A connection that answers calls.

A call's task begins once its message is there: whoever sends slowly, or takes calls back at once, costs an entry in
a dict and no more. Everything that a stranger may make us keep has an end, in bytes and in time.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, NamedTuple, Protocol

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from h2 import events
from h2.errors import ErrorCodes

from girok.port import DeadlineExceeded
from girok.rpc.framing import HEAD, framed, length_of, seconds_of, trailers
from girok.rpc.http2 import Events, Headers, Http2
from girok.rpc.status import grpc_error

__all__ = ["Fields", "Host", "Incoming", "Route", "ServerConnection"]

Fields = Mapping[bytes, bytes]
"""The header fields of a call."""

_ANSWER: Headers = ((b":status", b"200"), (b"content-type", b"application/grpc+proto"))
_GRPC = re.compile(rb"application/grpc(?:[+;]|\Z)")
_FIRST_WORD_SECONDS = 10.0
_UNREAD_SECONDS = 30.0
"""How long the other side may leave unread what it is answered."""
_MOST_IDLE = 2000
"""Frames in one second that make work and bring nothing: calls taken back, pings, settings, empty data."""
_MOST_STREAMING = 100
"""Calls at once that stream: those that need no secret."""
_MOST_WAITING = 64
"""Messages of one call that wait for its task."""


class Route(NamedTuple):
    """A method. `deadline`: seconds until its answer, at the most."""

    begin: Callable[[Fields], None]
    """Looks at the header fields before any message comes. Raises GRPCError."""
    answer: "Callable[[Incoming], Awaitable[bytes]]"
    """The answer to the message. Of a method that `streams`: the last one, b"" for none. Raises GRPCError only."""
    most_bytes: int
    deadline: float
    streams: bool = False


class Host(Protocol):
    """What connections belong to."""

    def route(self, path: bytes) -> Route:
        """The method at a path. Raises GRPCError."""
        ...

    def opened(self, connection: "ServerConnection") -> bool:
        """A connection was made; False when it is one too many."""
        ...

    def lost(self, connection: "ServerConnection") -> None:
        """A connection is at its end, and all its calls."""
        ...

    def answered(self) -> None:
        """A call is at its end."""
        ...


class Incoming:
    """One call: its message as far as it is there, then its task. `end` is a time of the loop."""

    def __init__(self, connection: "ServerConnection", stream: int, route: Route, fields: Fields, end: float) -> None:
        self._connection = connection
        self.stream = stream
        self.route = route
        self.fields = fields
        self.end = end
        self.message = b""
        if route.streams:
            self.messages = asyncio.Queue[bytes | None]()
            """All of them, then None."""
            self.sent = asyncio.Event()
            """A message that was sent has left."""
        self.task: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.has_begun = False
        self.is_answered = False
        self._data = bytearray()
        self._length = -1
        self._count = 0

    async def send(self, message: bytes) -> None:
        """One message of a method that streams; returns when it has left."""
        self.sent.clear()
        self._connection.send(self, message)
        await self.sent.wait()

    def add(self, data: bytes) -> None:
        """Take in some bytes. Raises GRPCError for what is not a message that the method takes."""
        self._data += data
        while len(self._data) >= HEAD:
            if self._length < 0:
                self._length = length_of(self._data, self.route.most_bytes)
            if len(self._data) < HEAD + self._length:
                return
            self._add_message(bytes(self._data[HEAD : HEAD + self._length]))
            del self._data[: HEAD + self._length]
            self._length = -1

    def add_end(self) -> None:
        """No more comes. Raises GRPCError when something is missing."""
        if self._data or not self._count:
            raise GRPCError(Status.INVALID_ARGUMENT, "the message is missing or cut off")
        if self.route.streams:
            self.messages.put_nowait(None)

    def stop(self) -> None:
        """Nobody waits for it any more."""
        if self.timer is not None:
            self.timer.cancel()
        if self.task is not None and self.task is not asyncio.current_task():
            self.task.cancel()

    def _add_message(self, message: bytes) -> None:
        self.message = message
        self._count += 1
        if not self.route.streams:
            if self._count > 1:
                raise GRPCError(Status.INVALID_ARGUMENT, "one message is expected")
            return
        self.messages.put_nowait(message)
        if self.messages.qsize() > _MOST_WAITING:
            raise GRPCError(Status.RESOURCE_EXHAUSTED, "too many messages wait for an answer")


class ServerConnection(Http2):
    """Answers with the routes of its host."""

    def __init__(self, host: Host) -> None:
        super().__init__(client=False)
        self._host = host
        self._calls: dict[int, Incoming] = {}
        self._patience: asyncio.TimerHandle | None = None
        self._streaming = 0
        self._unread: list[asyncio.Event] = []
        self._idle = 0
        self._second = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether a call is under way whose answer has an end."""
        return any(not each.route.streams for each in self._calls.values())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for its first words, but not for long."""
        super().connection_made(transport)
        self._patience = self._loop.call_later(_FIRST_WORD_SECONDS, self.abort)
        if not self._host.opened(self):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop what runs for it."""
        del exc
        self._calm()
        for each in self._calls.values():
            each.stop()
        self._calls.clear()
        self._host.lost(self)

    def pause_writing(self) -> None:
        """The other side does not read: we read nothing of it either, or its next calls would fill our memory."""
        self._blocked = True
        self._calm()
        self._patience = self._loop.call_later(_UNREAD_SECONDS, self.abort)

    def resume_writing(self) -> None:
        """It has read."""
        self._blocked = False
        self._tell()
        self._calm()
        self._go_on()

    def send(self, call: Incoming, message: bytes) -> None:
        """One message of a method that streams."""
        self._begin(call)
        self._send(call.stream, framed(message), ())

    def _tell(self) -> None:
        """Those that sent one of several messages may send the next."""
        while self._unread and not self._blocked:
            self._unread.pop().set()

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()

    def _requested(self, event: events.RequestReceived) -> None:
        fields: dict[bytes, bytes] = dict(event.headers)  # pyright: ignore[reportArgumentType, reportAssignmentType]
        if fields.get(b":method") != b"POST" or not _GRPC.match(fields.get(b"content-type", b"")):
            self._refuse(event.stream_id, ((b":status", b"415"),))
            return
        try:
            route = self._host.route(fields.get(b":path", b""))
            given = fields.get(b"grpc-timeout")
            seconds = route.deadline if given is None else min(seconds_of(given), route.deadline)
            route.begin(fields)
            if route.streams and self._streaming >= _MOST_STREAMING:
                raise GRPCError(Status.RESOURCE_EXHAUSTED, "too many such calls at once")  # noqa: TRY301
        except GRPCError as error:
            self._refuse(event.stream_id, (*_ANSWER, *trailers(error)))
            return
        call = self._calls[event.stream_id] = Incoming(
            self, event.stream_id, route, fields, self._loop.time() + seconds
        )
        call.timer = self._loop.call_later(seconds, self._expire, call)
        if route.streams:
            self._streaming += 1
            call.task = self._loop.create_task(self._answer(call))

    def _received(self, event: events.DataReceived) -> None:
        self._take(event)
        if not event.data and event.stream_ended is None:
            self._idled(event)
        call = self._calls.get(event.stream_id)
        if call is not None and not call.is_answered:
            try:
                call.add(event.data)
            except GRPCError as error:
                self._fail(call, error)

    def _ended(self, event: events.StreamEnded) -> None:
        call = self._calls.get(event.stream_id)
        if call is None or call.is_answered:
            return
        try:
            call.add_end()
        except GRPCError as error:
            self._fail(call, error)
            return
        if call.task is None:
            call.task = self._loop.create_task(self._answer(call))

    def _was_reset(self, event: events.StreamReset) -> None:
        self._unsent.pop(event.stream_id, None)
        if (call := self._calls.get(event.stream_id)) is not None:
            self._forget(call)
        self._idled(event)

    def _was_set(self, event: events.RemoteSettingsChanged) -> None:
        self._calm()
        self.windows_opened(event)
        self._idled(event)

    def _idled(self, event: events.Event) -> None:
        """It makes work and asks for nothing. Not too often (CVE-2023-44487, CVE-2019-9512, -9515, -9518)."""
        del event
        now = self._loop.time()
        if now - self._second > 1.0:
            self._second, self._idle = now, 0
        self._idle += 1
        if self._idle > _MOST_IDLE:
            self.close(ErrorCodes.ENHANCE_YOUR_CALM)

    def _left(self, event: events.ConnectionTerminated) -> None:
        del event
        self.abort()

    async def _answer(self, call: Incoming) -> None:
        try:
            message = await call.route.answer(call)
        except GRPCError as error:
            self._fail(call, error)
            return
        if self._calls.get(call.stream) is call and not call.is_answered:
            call.is_answered = True
            self._begin(call)
            self._send(call.stream, framed(message) if message or not call.route.streams else b"", trailers())

    def _expire(self, call: Incoming) -> None:
        self._fail(call, grpc_error(DeadlineExceeded()))

    def _fail(self, call: Incoming, error: GRPCError) -> None:
        """Say what went wrong, if anybody waits for it still."""
        if self._calls.get(call.stream) is call:
            self._unsent.pop(call.stream, None)
            self._forget(call)
            self._refuse(call.stream, trailers(error) if call.has_begun else (*_ANSWER, *trailers(error)))

    def _begin(self, call: Incoming) -> None:
        if not call.has_begun and self._is_alive(call.stream):
            call.has_begun = True
            self._h2.send_headers(call.stream, _ANSWER)

    def _refuse(self, stream: int, headers: Headers) -> None:
        if self._is_alive(stream):
            self._h2.send_headers(stream, headers, end_stream=True)
            self._let_go(stream)

    def _let_go(self, stream: int) -> None:
        """The answer is complete: nothing more of the message is wanted."""
        if self._is_alive(stream):
            self._h2.reset_stream(stream)
        self._flush_soon()

    def _sent(self, stream: int) -> None:
        if (call := self._calls.get(stream)) is not None:
            if call.route.streams:
                self._unread.append(call.sent)
                self._loop.call_soon(self._tell)
            if call.is_answered:
                self._forget(call)
                self._let_go(stream)

    def _forget(self, call: Incoming) -> None:
        del self._calls[call.stream]
        self._streaming -= call.route.streams
        call.stop()
        self._host.answered()

    reactions: ClassVar[Events] = {
        events.RequestReceived: _requested,
        events.DataReceived: _received,
        events.StreamEnded: _ended,
        events.StreamReset: _was_reset,
        events.WindowUpdated: Http2.windows_opened,
        events.RemoteSettingsChanged: _was_set,
        events.PingReceived: _idled,
        events.PriorityUpdated: _idled,
        events.UnknownFrameReceived: _idled,
        events.ConnectionTerminated: _left,
    }
