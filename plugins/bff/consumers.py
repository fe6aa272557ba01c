"""What the bff does when something happened."""

from collections.abc import Sequence

from girok.events.consumer import Consumer, Delivery
from girok.kit import Kit
from plugins.auth.events import UserErased
from plugins.bff.repository_sql import SqlSessionRepository

__all__ = ["consumers"]


def consumers(kit: Kit) -> Sequence[Consumer]:
    """An erased user's browsers are forgotten."""
    rows = SqlSessionRepository(kit.db)

    async def forget(event: UserErased, delivery: Delivery) -> None:
        await rows.forget(event.user_id, delivery)

    return [Consumer("bff.erasure", UserErased, forget)]
