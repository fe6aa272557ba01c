"""One call of a handler, and what is said of its failure."""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from girok.context import CallContext, use
from girok.errors import GirokError
from girok.events.consumer import Batched, Consumer
from girok.events.delivery import D, Together
from girok.telemetry.tracing import span

__all__ = ["LONGEST_RETRY", "UNREADABLE", "backoff", "describe", "handle", "reason", "report", "retry_in"]

LONGEST_RETRY = 3600.0
UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What decoding an envelope or its data may raise."""
_log = logging.getLogger("girok.events")


async def handle(consumer: Consumer, pairs: Sequence[tuple[object, D]]) -> Exception | None:
    """Run the handler as nobody, under the event's id and trace, within its timeout. What it raised.

    Several events are for a batch handler: that runs under the id of the first, and under no trace.
    """
    now = asyncio.get_running_loop().time
    begin = now()
    deadline = begin + consumer.timeout
    event, delivery = pairs[0]
    envelope = delivery.envelope
    trace = envelope.traceparent if len(pairs) == 1 else ""
    context = CallContext(request_id=envelope.id, traceparent=trace, deadline=deadline)
    handler = consumer.handler
    try:
        async with asyncio.timeout_at(deadline):
            with use(context), span(consumer.name, "consumer", {"messaging.message.id": envelope.id}):
                await (handler.handler(Together(pairs)) if isinstance(handler, Batched) else handler(event, delivery))
    except Exception as error:  # noqa: BLE001 - the boundary: whatever a handler raises is its failure
        # A port that the handler's own time ran out on says Unavailable; it is the handler that was too slow.
        slow = now() - begin >= 0.99 * consumer.timeout
        return TimeoutError(f"no end after {consumer.timeout:g} s") if slow else error
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return RuntimeError("the handler awaited something that was cancelled")
    return None


def backoff(first: float, failures: int, longest: float) -> float:
    """The seconds to wait after `failures` (from 1) in a row: `first`, then twice as long each time."""
    return min(first * 2.0 ** min(failures - 1, 60), longest)


def retry_in(first: float, failures: int, error: Exception) -> float:
    """The seconds until a delivery that failed with `error` is tried again: as `backoff`, or longer if it asks so."""
    asked = error.retry_after if isinstance(error, GirokError) else None
    return min(max(backoff(first, failures, LONGEST_RETRY), asked or 0.0), LONGEST_RETRY)


def reason(error: Exception) -> str:
    """The stable code of an error, the class's name for one that is not ours."""
    return error.reason if isinstance(error, GirokError) else type(error).__name__


def describe(error: Exception) -> str:
    """An error in a line."""
    return f"{reason(error)}: {error}"


def report(level: int, consumer: str, event_id: str, error: Exception, outcome: str) -> None:
    """Log what became of a delivery that failed."""
    _log.log(
        level,
        "consumer %s, event %s: %s: %s",
        consumer,
        event_id,
        outcome,
        describe(error),
        extra={"consumer": consumer, "event_id": event_id, "reason": reason(error)},
        exc_info=None if isinstance(error, GirokError) else error,
    )
