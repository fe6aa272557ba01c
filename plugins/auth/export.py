"""What auth stores of a user, but for secrets."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from girok.export import Exported
from girok.kit import Kit
from plugins.auth.service.operators import Operators

__all__ = ["export"]


async def export(kit: Kit, user_id: str) -> AsyncGenerator[Exported, None]:
    """The `account`, each `identity` at a provider, each `session` that is kept, what the `audit` log has of it."""
    async with aclosing(kit.ports[Operators].export(user_id)) as found:
        async for each in found:
            yield each
