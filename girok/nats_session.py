"""One connection to NATS from its making to its end; see nats.py."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import BadSubjectError, NoRespondersError
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from girok.errors import Unavailable

__all__ = ["MessageRefused", "NatsSession", "NatsUnavailable", "NoResponders"]

Callback = Callable[[Msg], Awaitable[None]]
_LOOK_SECONDS = 0.2
_UNSENT_BYTES = 1 << 20
"""More than this waits for the server before something else is published."""
_LAST_WORD = 1.0
_GONE = (NatsError, OSError, RuntimeError)
"""What nats-py raises when the connection is no more; the last is uvloop's, for a socket that is closed."""


class NatsUnavailable(Unavailable):
    """NATS is away, or does not answer in time."""

    reason = "NATS_UNAVAILABLE"


class NoResponders(NatsUnavailable):
    """NATS is there, but nobody listens on the subject: no such stream or consumer, or JetStream is not up."""


class MessageRefused(Exception):
    """NATS would not take this message from anybody: it is too large, or its subject is none."""


class NatsSession:
    """One connection from its making to its end. `lost` is done then, and every method raises NatsUnavailable."""

    def __init__(self, client: Client) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._client = client

    async def publish(
        self, subject: str, payload: bytes = b"", *, reply: str = "", headers: dict[str, str] | None = None
    ) -> None:
        """Send a message; nobody says whether it arrived. Raises NatsUnavailable, MessageRefused."""
        await self._admit(payload, headers)
        try:
            await self._client.publish(subject, payload, reply, headers)
        except BadSubjectError as error:
            raise MessageRefused(str(error)) from error
        except _GONE as error:
            self._look()
            raise NatsUnavailable from error

    async def request(
        self, subject: str, payload: bytes = b"", *, within: float = 5.0, headers: dict[str, str] | None = None
    ) -> Msg:
        """Send a message and give the answer.

        Raises NatsUnavailable after `within` seconds, NoResponders at once, MessageRefused.
        """
        await self._admit(payload, headers)
        answer = asyncio.ensure_future(self._client.request(subject, payload, within, headers=headers))
        try:
            await asyncio.wait({answer, self.lost}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise NatsUnavailable
            return answer.result()
        except NoRespondersError as error:
            raise NoResponders from error
        except BadSubjectError as error:
            raise MessageRefused(str(error)) from error
        except _GONE as error:
            self._look()
            raise NatsUnavailable from error
        finally:
            answer.cancel()

    async def subscribe(self, subject: str, callback: Callback) -> Subscription:
        """`callback` gets what is published there, message after message, until the session is lost.

        Raises NatsUnavailable.
        """
        if self.lost.done():
            raise NatsUnavailable
        try:
            client: Any = self._client  # its type has holes
            return await client.subscribe(subject, cb=callback, pending_bytes_limit=0, pending_msgs_limit=0)
        except _GONE as error:
            raise NatsUnavailable from error

    async def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription once what was sent to it is handled. Nothing happens when the session is lost."""
        with suppress(*_GONE):
            await subscription.drain()

    def inbox(self) -> str:
        """A subject that nobody else has."""
        return self._client.new_inbox()

    def jetstream(self, timeout: float = 5.0) -> JetStreamContext:
        """nats-py's own JetStream client on this session."""
        return self._client.jetstream(timeout=timeout)  # pyright: ignore[reportUnknownMemberType] - its options

    async def until(self, event: asyncio.Event) -> None:
        """Return once `event` is set. Raises NatsUnavailable when the session is lost before."""
        news = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait({news, self.lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        if not event.is_set():
            raise NatsUnavailable

    async def watch(self) -> None:
        """Return once the session is lost."""
        while not self.lost.done():
            await asyncio.wait({self.lost}, timeout=_LOOK_SECONDS)
            self._look()
        # nats-py closes a connection only after it has sent what is left, which a silent server holds up for ever.
        self.abort()

    def end(self) -> None:
        """The connection is gone, or is given up."""
        if not self.lost.done():
            self.lost.set_result(None)

    async def close(self) -> None:
        """Send what was published, and end the connection."""
        closing = asyncio.ensure_future(self._close())
        await asyncio.wait({closing}, timeout=2 * _LAST_WORD)
        self.end()
        self.abort()
        await asyncio.wait({closing}, timeout=_LAST_WORD)

    def abort(self) -> None:
        """Let go of the socket, whatever is to be sent."""
        transport: Any = self._client._transport  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        writer: Any = getattr(transport, "_io_writer", None)
        if writer is not None:
            with suppress(AttributeError, RuntimeError):  # asyncio's and uvloop's, for a transport that is closed
                writer.transport.abort()

    async def _admit(self, payload: bytes, headers: dict[str, str] | None) -> None:
        """Wait until there is room for a message. Raises MessageRefused, NatsUnavailable."""
        size = len(payload) + 32 + sum(len(name) + len(value.encode()) + 4 for name, value in (headers or {}).items())
        if size > self._client.max_payload:
            # The server would end the connection for it.
            raise MessageRefused(f"{size} bytes are more than the {self._client.max_payload} that NATS takes")
        while self._client.pending_data_size > _UNSENT_BYTES and not self.lost.done():
            await asyncio.wait({self.lost}, timeout=0.01)
        if self.lost.done():
            raise NatsUnavailable

    def _look(self) -> None:
        if self._client.is_closed:
            self.end()

    async def _close(self) -> None:
        with suppress(*_GONE):
            await self._client.flush(timeout=_LAST_WORD)  # pyright: ignore[reportArgumentType] - a float does as well
        with suppress(*_GONE):
            await self._client.close()
