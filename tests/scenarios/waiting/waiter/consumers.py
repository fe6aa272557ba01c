"""A handler that waits."""

from collections.abc import Sequence

from girok.events.consumer import Consumer, Delivery
from girok.kit import Kit
from plugins.auth.events import UserRegistered
from tests.scenarios.waiting.gate import folder_of, wait

__all__ = ["consumers"]


def consumers(kit: Kit) -> Sequence[Consumer]:
    async def handle(event: UserRegistered, delivery: Delivery) -> None:
        await wait(folder_of(kit), "handler")

    return [Consumer("waiter.wait", UserRegistered, handle)]
