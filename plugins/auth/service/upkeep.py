"""What is done in the background: the next signing key in time, and the removal of what is over."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from girok.background import Background
from girok.clock import Clock
from girok.errors import Unavailable
from plugins.auth.repository import AuthRepository
from plugins.auth.signing import SigningKeys

__all__ = ["Upkeep"]

_EVERY_SECONDS = 3600.0
_KEEP = timedelta(days=30)
"""How long a session that is over is kept, for the record."""
_AT_ONCE = 500


class Upkeep:
    """Every process does it; what two do at once is done once."""

    def __init__(self, keys: SigningKeys, accounts: AuthRepository, clock: Clock) -> None:
        self._keys = keys
        self._accounts = accounts
        self._clock = clock
        self._background = Background(self._run)

    async def start(self) -> None:
        """Have a key to sign with, then go on in the background."""
        await self._keys.renew()
        self._background.start()

    async def aclose(self) -> None:
        """Leave off."""
        await self._background.aclose()

    async def once(self) -> None:
        """Do what there is to do."""
        await self._keys.renew()
        while await self._accounts.purge(self._clock.now(), _KEEP, _AT_ONCE):
            """In pieces, so that others write in between."""
        while await self._accounts.tell_erasures(self._clock.now(), _AT_ONCE):
            """What a call left behind that was let in before the erasure goes within 90 minutes of it; whoever was
            restored from a backup that knew the user catches up within a day."""

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            with suppress(Unavailable):  # the store is away: in an hour again
                await self.once()
