"""Publishing to JetStream with many messages in flight: whether each was stored is told later, to a function."""

import asyncio
from collections.abc import Callable

from nats.aio.msg import Msg

from girok.events.jetstream import failure_of
from girok.nats import NatsSession, NatsUnavailable, NoResponders

__all__ = ["Answer", "Publisher"]

Answer = Callable[[Exception | None], None]
"""Is given None for a message that is stored, else why it is not: NatsUnavailable (perhaps it is), NoResponders without
a stream, JetStreamError."""
_ANSWER_SECONDS = 5.0


class Publisher:
    """Publishes on one session; when that is lost, so is every answer that is still to come."""

    def __init__(self, session: NatsSession) -> None:
        self._session = session
        self._inbox = session.inbox()
        self._sent = 0
        self._waiting: dict[str, tuple[Answer, asyncio.TimerHandle]] = {}

    @property
    def in_flight(self) -> int:
        """Messages without an answer."""
        return len(self._waiting)

    async def open(self) -> None:
        """Listen for answers. Raises NatsUnavailable."""
        await self._session.subscribe(f"{self._inbox}.*", self._hear)
        self._session.lost.add_done_callback(lambda _: self._give_up())

    async def publish(self, subject: str, payload: bytes, headers: dict[str, str], answer: Answer) -> None:
        """Send a message. Raises NatsUnavailable, MessageRefused; then `answer` is not called."""
        self._sent += 1
        token = str(self._sent)
        timer = asyncio.get_running_loop().call_later(_ANSWER_SECONDS, self._tell, token, NatsUnavailable())
        self._waiting[token] = (answer, timer)
        try:
            await self._session.publish(subject, payload, reply=f"{self._inbox}.{token}", headers=headers)
        except Exception:
            timer.cancel()
            # The answer to it may have been given already: the session was lost meanwhile.
            if self._waiting.pop(token, None) is not None:
                raise

    async def _hear(self, message: Msg) -> None:
        token = message.subject.rpartition(".")[2]
        if message.headers and message.headers.get("Status") == "503":
            self._tell(token, NoResponders())
        else:
            self._tell(token, failure_of(message.data))

    def _tell(self, token: str, error: Exception | None) -> None:
        answer, timer = self._waiting.pop(token, (None, None))
        if timer is not None:
            timer.cancel()
        if answer is not None:
            answer(error)

    def _give_up(self) -> None:
        """Latest first: what is put back to the head of a queue is in order then."""
        for token in reversed(list(self._waiting)):
            self._tell(token, NatsUnavailable())
