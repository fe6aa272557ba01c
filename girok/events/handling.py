"""One call of a handler, and what is said of its failure."""

import asyncio

from girok.context import CallContext, use
from girok.errors import GirokError
from girok.events.consumer import Consumer, Delivery
from girok.telemetry.tracing import span

__all__ = ["backoff", "describe", "handle", "reason"]


async def handle(consumer: Consumer, event: object, delivery: Delivery) -> Exception | None:
    """Run the handler as nobody, under the event's id and trace, within its timeout. What it raised."""
    now = asyncio.get_running_loop().time
    begin = now()
    deadline = begin + consumer.timeout
    envelope = delivery.envelope
    context = CallContext(request_id=envelope.id, traceparent=envelope.traceparent, deadline=deadline)
    try:
        async with asyncio.timeout_at(deadline):
            with use(context), span(consumer.name, "consumer", {"messaging.message.id": envelope.id}):
                await consumer.handler(event, delivery)
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


def reason(error: Exception) -> str:
    """The stable code of an error, the class's name for one that is not ours."""
    return error.reason if isinstance(error, GirokError) else type(error).__name__


def describe(error: Exception) -> str:
    """An error in a line."""
    return f"{reason(error)}: {error}"
