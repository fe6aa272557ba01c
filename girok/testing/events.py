"""Waiting for the bus in a test, instead of sleeping."""

import asyncio
from typing import Protocol, runtime_checkable

__all__ = ["Settling", "settle"]


@runtime_checkable
class Settling(Protocol):
    """What events go through in one box: the bus, the relay of MongoDB."""

    async def idle(self) -> bool:
        """Whether nothing is due or running."""
        ...


async def settle(bus: Settling, seconds: float = 10.0) -> None:
    """Return once nothing is due or running; events that handlers emit are waited for, too.

    A retry that is not due yet is not waited for. Raises TimeoutError after `seconds`.
    """
    async with asyncio.timeout(seconds):
        while not await bus.idle():
            await asyncio.sleep(0.002)
