"""What personal does when something happened to an account."""

from collections.abc import Sequence

from girok.events.consumer import Consumer, Delivery
from girok.kit import Kit
from plugins.auth.events import UserErased, UserRegistered
from plugins.personal.preferences import default_preferences
from plugins.personal.repository_sql.erasure import SqlErasureRepository
from plugins.personal.repository_sql.preferences import SqlPreferencesRepository
from plugins.personal.service.upkeep import Upkeep

__all__ = ["consumers"]

_CHUNK = 100
_ERASURE_SECONDS = 3600.0
"""What is longer goes on at the next delivery, where this one left it."""


def consumers(kit: Kit) -> Sequence[Consumer]:
    """Default preferences, and erasure. Each may come in any order and more than once.

    As in feed no list of who is erased is kept here: what a call of the user that was let in just before leaves behind,
    or a registration that is told after the erasure, goes at the next `auth.user.erased`, auth's daily one.
    """
    preferences = SqlPreferencesRepository(kit.db)
    rows = SqlErasureRepository(kit.db, _CHUNK)
    upkeep = kit.ports[Upkeep]

    async def begin(event: UserRegistered, delivery: Delivery) -> None:
        await preferences.begin(default_preferences(kit.ids.new(), event.user_id, kit.clock.now()), delivery)

    async def erase(event: UserErased, delivery: Delivery) -> None:
        await rows.erase(event.user_id)
        await upkeep.erase_files(event.user_id)
        await rows.end(event.user_id, delivery)

    return [
        Consumer("personal.preferences", UserRegistered, begin),
        Consumer("personal.erasure", UserErased, erase, in_flight=2, timeout=_ERASURE_SECONDS),
    ]
