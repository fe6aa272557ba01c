"""Consumers for the tests of buses."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from girok.db.database import Database
from girok.events.consumer import Batched, Consumer, Delivery, Handler
from tests.kernel.events.stage import Liked, Stage, store

Consumers = Callable[[Database], Sequence[Consumer]]
Open = Callable[..., AbstractAsyncContextManager[Stage]]


def storing(db: Database) -> Sequence[Consumer]:
    """A consumer whose effect is the post's id."""

    async def handle(event: Liked, delivery: Delivery) -> None:
        await db.run(lambda: store(delivery, event.post_id))

    return [Consumer("test.store", Liked, handle)]


def failing(*errors: BaseException | None, timeout: float = 30.0) -> Consumers:
    """A consumer that raises these, delivery by delivery, then stores which attempt it was."""
    left = list(errors)

    def consumers(db: Database) -> Sequence[Consumer]:
        async def handle(event: Liked, delivery: Delivery) -> None:
            if left and (error := left.pop(0)):
                raise error.with_traceback(None)
            await db.run(lambda: store(delivery, f"{event.post_id} at {delivery.attempt}"))

        return [Consumer("test.fail", Liked, handle, timeout=timeout)]

    return consumers


def handled_by(handler: Handler | Batched, **options: Any) -> Consumers:
    return lambda _: [Consumer("test.handle", Liked, handler, **options)]


async def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait for a condition that no event announces."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)
