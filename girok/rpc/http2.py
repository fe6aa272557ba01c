"""One HTTP/2 connection, either end of it, for messages of a known size: h2 makes the frames, asyncio carries them.

Messages wait here until the other side's windows are open. What comes in is handled in pieces of 16 KiB, between which
the event loop does other things: frames are small and costly, so that a quarter of a megabyte of them at once, which
a socket may give, would hold everybody else up for a second.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import FrameTooLargeError, ProtocolError
from h2.settings import SettingCodes, Settings
from hpack import Encoder

__all__ = ["MOST_STREAMS", "Events", "Headers", "Http2"]

Headers = Sequence[tuple[bytes, bytes]]
Events = Mapping[type[events.Event], Callable[[Any, Any], None]]

MOST_STREAMS = 1000
"""Calls at once on a connection. A call may be a login that waits for its turn, so a hundred would soon be full."""
_STREAM_WINDOW = 5 * 2**20
_CONNECTION_WINDOW = 16 * 2**20
_FIRST_WINDOW = 65_535
_PIECE = 16_384
_FRAME_HEAD = 9
_LINGER_SECONDS = 2.0


class _PlainEncoder(Encoder):
    """Header fields without Huffman's code: it saves bytes that a local network has, and costs a sixth of a call."""

    def encode(self, headers: Any, huffman: bool = False) -> bytes:  # noqa: FBT001, FBT002 - hpack's own
        """The block of header fields."""
        del huffman
        return super().encode(headers, huffman=False)


class _Connection(H2Connection):
    MAX_CLOSED_STREAMS = 4096
    """Ended streams whose late frames are forgiven; h2 remembers 65,536, which is 7 MB a connection."""


class Http2(asyncio.Protocol):
    """What both ends have in common. Subclasses say what they do with events, and at its end."""

    reactions: ClassVar[Events] = {}
    """What is done with an event, by its class; the others are passed over."""

    def __init__(self, *, client: bool) -> None:
        self._h2 = _Connection(
            H2Configuration(
                client_side=client,
                header_encoding=None,
                validate_inbound_headers=False,
                validate_outbound_headers=False,
                normalize_inbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self._h2.encoder = _PlainEncoder()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._unsent: dict[int, tuple[memoryview, Headers | None]] = {}
        self._input = b""
        self._holding = False
        self._flushing = False
        self._blocked = False
        """Nothing is read meanwhile."""
        self._deaf = False
        """Nothing is heard any more."""

    @property
    def is_open(self) -> bool:
        """Whether it was made and is not at its end."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say what we take."""
        self._transport = cast("asyncio.Transport", transport)
        client = self._h2.config.client_side
        values = {SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW, SettingCodes.MAX_CONCURRENT_STREAMS: MOST_STREAMS}
        if client:
            values[SettingCodes.ENABLE_PUSH] = 0
        self._h2.local_settings = Settings(client, values)
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_CONNECTION_WINDOW - _FIRST_WINDOW)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Handle it, piece by piece."""
        if not self._deaf:
            self._input += data
            if not self._holding:
                self._handle()

    def abort(self) -> None:
        """End it now, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    def close(self, error: ErrorCodes = ErrorCodes.NO_ERROR) -> None:
        """Say goodbye, and end it when that is written, or is not read for long."""
        self.say_goodbye(error)
        if self._transport is not None:
            self._transport.close()
            self._loop.call_later(_LINGER_SECONDS, self.abort)

    def say_goodbye(self, error: ErrorCodes = ErrorCodes.NO_ERROR) -> None:
        """Say which calls were the last, hear nothing more, and leave it to the other side to end it."""
        if self.is_open and not self._deaf:
            self._deaf = True
            self._h2.close_connection(error)
            self._flush()

    def _handle(self) -> None:
        piece, self._input = self._input[:_PIECE], self._input[_PIECE:]
        try:
            for event in self._h2.receive_data(piece) if self.is_open else ():
                if self._deaf:
                    break
                if (react := self.reactions.get(type(event))) is not None:
                    react(self, event)
            self._check_pending()
            self._flush()
        except ProtocolError:  # this is not HTTP/2; h2 has said goodbye
            self._flush()
            self._deaf = True
            self.close()
        self._go_on()

    def _check_pending(self) -> None:
        """h2 looks at a frame's length only when all of it is there, 16 MiB at the most: that is not to be kept."""
        buffer = self._h2.incoming_buffer
        if len(buffer._data) > 2 * _PIECE + _FRAME_HEAD:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            self._h2.close_connection(ErrorCodes.FRAME_SIZE_ERROR)
            raise FrameTooLargeError

    def _go_on(self) -> None:
        """Handle what is left in the loop's next turn, and read no more until then."""
        transport = cast("asyncio.Transport", self._transport)
        if self._deaf or transport.is_closing():
            self._input = b""
        holding = bool(self._input) or self._blocked
        if self._input and not self._blocked:
            self._loop.call_soon(self._handle)
        if holding != self._holding and not transport.is_closing():
            self._holding = holding
            (transport.pause_reading if holding else transport.resume_reading)()

    def _is_alive(self, stream: int) -> bool:
        """Whether frames may be sent on a stream: the other side may have ended it in the meantime."""
        found = None if self._deaf else self._h2.streams.get(stream)
        return found is not None and not found.closed

    def _send(self, stream: int, data: bytes, trailers: Headers | None = None) -> None:
        """Send a message as the windows allow it, then the trailers. None ends the stream, () leaves it open."""
        self._unsent[stream] = (memoryview(data), trailers)
        self._pump(stream)
        self._flush_soon()

    def _pump(self, stream: int) -> None:
        data, trailers = self._unsent[stream]
        if self._is_alive(stream):
            while data:
                size = min(len(data), self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
                if size <= 0:
                    self._unsent[stream] = (data, trailers)
                    return
                piece, data = data[:size], data[size:]
                self._h2.send_data(stream, piece, end_stream=not data and trailers is None)
            if trailers:
                self._h2.send_headers(stream, trailers, end_stream=True)
        del self._unsent[stream]
        self._sent(stream)

    def _sent(self, stream: int) -> None:
        """A message, with what comes after it, is not in `_unsent` any more."""

    def windows_opened(self, event: events.WindowUpdated | events.RemoteSettingsChanged) -> None:
        """A reaction: send what waited for it."""
        stream = event.stream_id if isinstance(event, events.WindowUpdated) else 0
        for each in (stream,) if stream else tuple(self._unsent):
            if each in self._unsent:
                self._pump(each)

    def _take(self, event: events.DataReceived) -> None:
        """Data is here: the other side may send as much again."""
        if event.flow_controlled_length:
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def _unwritten(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def _flush_soon(self) -> None:
        """Write what is ready in the loop's next turn, in one go with what else is sent until then."""
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        data = self._h2.data_to_send()
        if data and self.is_open:
            cast("asyncio.Transport", self._transport).write(data)
