"""The body of a request on its way in: its size, its pace, and whether it came to its end.

`GuardedBody` stands in place of ASGI's `receive`, so that the limits hold for every application behind the edge and for
bodies that say nothing of their length. `Arrivals` knows all that are waited for: it looks once a second, which costs a
request nothing, and gives up those that are too slow.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from girok.errors import Category, InvalidInput, Text

__all__ = [
    "Arrivals",
    "BodyCut",
    "BodyTooSlow",
    "GuardedBody",
    "PayloadTooLarge",
    "UnsupportedMediaType",
    "too_slow",
]

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_STALL_SECONDS = 20.0
_LOOK_SECONDS = 1.0
_SLOWEST = 500.0
"""Bytes a second that a body must bring on average, a stall's time aside; Apache asks for the same."""
_DISCARD_BYTES = 16 * 1_048_576
_DISCARD_SECONDS = 5.0


class PayloadTooLarge(InvalidInput):
    """The body is larger than `http.max_body`."""

    category = Category("BAD_USER_INPUT", 413, "INVALID_ARGUMENT")
    reason = "PAYLOAD_TOO_LARGE"
    text = Text("The request is too large.", "요청이 너무 큽니다.")


class UnsupportedMediaType(InvalidInput):
    """The body is not of a kind that this route reads."""

    category = Category("BAD_USER_INPUT", 415, "INVALID_ARGUMENT")
    reason = "UNSUPPORTED_MEDIA_TYPE"
    text = Text("Send this as application/json.", "application/json 형식으로 보내 주세요.")


class BodyCut(InvalidInput):
    """The connection broke, or what came was no HTTP, before the body's end."""

    reason = "BODY_CUT"
    text = Text("The request ended too early.", "요청이 중간에 끊겼습니다.")


class BodyTooSlow(BodyCut):
    """Whoever sends the body has stopped, or does so a byte at a time."""

    category = Category("BAD_USER_INPUT", 408, "INVALID_ARGUMENT")
    reason = "BODY_TOO_SLOW"
    text = Text("The request came too slowly.", "요청이 너무 느리게 전송되었습니다.")


class GuardedBody:
    """ASGI's `receive`. Raises PayloadTooLarge above `limit` bytes, BodyCut when the body never ends.

    `may_dawdle`: however slowly it comes, unless all bodies are given up.
    """

    __slots__ = ("_arrivals", "_began", "_ended", "_limit", "_may_dawdle", "_receive", "_received", "_since", "_waits")

    def __init__(self, receive: Receive, limit: float, arrivals: "Arrivals", *, may_dawdle: bool = False) -> None:
        self._may_dawdle = may_dawdle
        self._receive = receive
        self._limit = limit
        self._arrivals = arrivals
        self._received = 0
        self._began = self._since = asyncio.get_running_loop().time()
        self._waits: asyncio.Task[Any] | None = None
        self._ended = False

    async def __call__(self) -> MutableMapping[str, Any]:
        """The next message."""
        message = await self._next()
        if self._received > self._limit:
            await self.discard()
            raise PayloadTooLarge
        return message

    async def discard(self) -> None:
        """Read on for nothing, up to 16 MiB and five seconds, before an answer that refuses the body.

        A client that is still sending does not read yet, and closing on it would reset the connection and take the
        answer away from it.
        """
        most = self._received + _DISCARD_BYTES
        try:
            async with asyncio.timeout(_DISCARD_SECONDS):
                while not self._ended and self._received < most:
                    await self._next()
        except (TimeoutError, BodyCut):
            return

    def is_late(self, now: float, stall: float) -> bool:
        """Whether it is to be given up, at `now` on the loop's clock."""
        return not self._may_dawdle and too_slow(now - self._began, now - self._since, self._received, stall)

    def give_up(self) -> None:
        """Raise BodyTooSlow where the body is waited for."""
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    async def _next(self) -> MutableMapping[str, Any]:
        if self._ended:
            return await self._receive()
        message = await self._piece()
        if message["type"] != "http.request":
            self._ended = True
            raise BodyCut
        self._since = asyncio.get_running_loop().time()
        self._received += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        return message

    async def _piece(self) -> MutableMapping[str, Any]:
        """What comes next. Raises BodyTooSlow when this is given up meanwhile."""
        self._waits = task = asyncio.current_task()
        self._arrivals.add(self)
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if task is None or self._waits is not None or task.uncancel():
                raise  # cancelled by somebody else
            self._ended = True
            raise BodyTooSlow from None
        finally:
            self._waits = None
            self._arrivals.discard(self)


def too_slow(age: float, quiet: float, received: int, stall: float) -> bool:
    """Whether a body is, that began `age` seconds ago and brought `received` bytes, the last `quiet` seconds ago."""
    return quiet > stall or age > stall + received / _SLOWEST


class Arrivals:
    """The bodies that are waited for at this moment. It looks every `look` seconds for one that stalls for `stall`."""

    def __init__(self, *, stall: float = _STALL_SECONDS, look: float = _LOOK_SECONDS) -> None:
        self._stall = stall
        self._seconds = look
        self._bodies: set[GuardedBody] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, body: GuardedBody) -> None:
        """It is waited for."""
        self._bodies.add(body)
        if self._timer is None:
            self._look_later()

    def discard(self, body: GuardedBody) -> None:
        """It is not, any more."""
        self._bodies.discard(body)

    def give_up(self) -> None:
        """Wait for none of them any longer."""
        for body in tuple(self._bodies):
            body.give_up()

    def _look(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for body in tuple(self._bodies):
            if body.is_late(now, self._stall):
                body.give_up()
        if self._bodies:
            self._look_later()

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look)
