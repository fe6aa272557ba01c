"""Waiting for the bus in a test, instead of sleeping."""

import asyncio

from girok.events.local_bus import LocalBus

__all__ = ["settle"]


async def settle(bus: LocalBus, seconds: float = 10.0) -> None:
    """Return once nothing is due or running; events that handlers emit are waited for, too.

    A retry that is not due yet is not waited for. Raises TimeoutError after `seconds`.
    """
    async with asyncio.timeout(seconds):
        while not await bus.idle():
            await asyncio.sleep(0.002)
