"""One durable pull consumer of JetStream, as this process sees it: it pulls as many messages as there is room for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from nats.aio.msg import Msg

from girok.events.jetstream import JetStream
from girok.events.message import ACK_SECONDS, ACKED, SECOND, Message
from girok.events.outgoing import FOR_CONSUMER
from girok.events.streams import durable_name, stream_of
from girok.nats import NatsSession

__all__ = ["Pull"]

_EXPIRES_SECONDS = 30.0
_MARGIN_SECONDS = 5.0
_MOST_UNACKED = 100_000
"""Messages that wait for their next delivery count, too: a thousand bad ones must not stop the good ones."""
_GONE = ("503", "404")


class Pull:
    """The consumer `name` of `subject`.

    On the loop, `receive` is given each message that is for it, and None when it may be time to `ask` again.
    """

    def __init__(
        self, jetstream: JetStream, name: str, subject: str, receive: Callable[[Message | None], None]
    ) -> None:
        self.stream = stream_of(subject)
        self.durable = durable_name(name)
        self.refused = False
        """The consumer is not there, or JetStream gives nothing for another reason: open it anew."""
        self._jetstream = jetstream
        self._name = name
        self._subject = subject
        self._receive = receive
        self._session: NatsSession | None = None
        self._close: Callable[[], Awaitable[None]] | None = None
        self._asked = 0
        self._void_at = 0.0

    async def open(self, session: NatsSession) -> None:
        """Make the consumer if it is not there, and listen for its messages. Raises JetStreamError, NatsUnavailable."""
        await self._jetstream.call(
            f"CONSUMER.CREATE.{self.stream}.{self.durable}.{self._subject}",
            {"stream_name": self.stream, "config": self._config()},
        )
        self._asked = 0
        self.refused = False
        self._session = session
        self._inbox = session.inbox()
        subscription = await session.subscribe(self._inbox, self._hear)
        self._close = lambda: session.unsubscribe(subscription)

    async def ask(self, room: int, most: int) -> None:
        """See to it that `room` messages, of `most` that are ever held, are on their way. Raises NatsUnavailable."""
        now = asyncio.get_running_loop().time()
        if now > self._void_at:
            self._asked = 0  # the server did not even say that there was nothing
        lacking = room - self._asked
        # Asking for every single place costs as much as the messages themselves.
        if self._session is None or lacking <= 0 or (self._asked and lacking < most / 2):
            return
        self._asked += lacking
        self._void_at = now + _EXPIRES_SECONDS + _MARGIN_SECONDS
        body = msgspec.json.encode({"batch": lacking, "expires": int(_EXPIRES_SECONDS * SECOND)})
        await self._session.publish(f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{self.durable}", body, reply=self._inbox)

    async def close(self) -> None:
        """Listen no more, once what is on its way was received."""
        close, self._close = self._close, None
        if close is not None:
            await close()

    def _config(self) -> dict[str, Any]:
        return {
            "name": self.durable,
            "durable_name": self.durable,
            "description": f"girok: {self._name}",
            "filter_subject": self._subject,
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": int(ACK_SECONDS * SECOND),
            "max_deliver": -1,
            "max_ack_pending": _MOST_UNACKED,
        }

    async def _hear(self, message: Msg) -> None:
        headers = message.headers or {}
        if not message.reply:
            self._hear_status(headers)
            return
        self._asked = max(self._asked - 1, 0)
        mine = headers.get(FOR_CONSUMER, self._name) == self._name
        if not mine and self._session is not None:
            await self._session.publish(message.reply, ACKED)
        self._receive(Message(message, asyncio.get_running_loop().time()) if mine else None)

    def _hear_status(self, headers: dict[str, str]) -> None:
        """A request has come to its end: its time is over, or there is more behind it."""
        left = headers.get("Nats-Pending-Messages")
        self._asked = max(self._asked - int(left), 0) if left else 0
        text = headers.get("Description", "")
        self.refused = headers.get("Status") in _GONE or "Consumer" in text or "Exceeded" in text
        self._receive(None)
