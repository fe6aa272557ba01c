"""The body of a request on its way in: its size, and whether it came to its end.

`GuardedBody` stands in place of ASGI's `receive`, so that the limit holds for every application behind the edge and for
bodies that say nothing of their length.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from girok.errors import Category, InvalidInput, Text

__all__ = ["BodyCut", "GuardedBody", "PayloadTooLarge", "UnsupportedMediaType"]

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
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


class GuardedBody:
    """ASGI's `receive`. Raises PayloadTooLarge above `limit` bytes, BodyCut when the body never ends."""

    __slots__ = ("_ended", "_left", "_receive")

    def __init__(self, receive: Receive, limit: float) -> None:
        self._receive = receive
        self._left = limit
        self._ended = False

    async def __call__(self) -> MutableMapping[str, Any]:
        """The next message."""
        message = await self._next()
        if self._left < 0:
            await self.discard()
            raise PayloadTooLarge
        return message

    async def discard(self) -> None:
        """Read on for nothing, up to 16 MiB and five seconds, before an answer that refuses the body.

        A client that is still sending does not read yet, and closing on it would reset the connection and take the
        answer away from it.
        """
        self._left = _DISCARD_BYTES
        try:
            async with asyncio.timeout(_DISCARD_SECONDS):
                while not self._ended and self._left > 0:
                    await self._next()
        except (TimeoutError, BodyCut):
            return

    async def _next(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        if self._ended:
            return message
        if message["type"] != "http.request":
            self._ended = True
            raise BodyCut
        self._left -= len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        return message
