"""A box that does not serve: for commands on a data directory that no running girok holds.

async with offline_box(settings, manifests) as box:
    await box.command("events.dead", {})
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec

from girok.command import command_of, operator
from girok.context import use
from girok.manifest import Manifest
from girok.roles import resolve
from girok.sections_cluster import Nats
from girok.settings import Settings
from girok.wiring import Box, open_box

__all__ = ["OfflineBox", "offline_box"]


class OfflineBox:
    """The same commands as those of the control socket, run here. What they raise is raised."""

    def __init__(self, box: Box) -> None:
        self.db = box.db
        self._commands = box.commands

    async def command(self, name: str, params: dict[str, Any]) -> Any:
        """What a command gives, as plain JSON values. Raises UnknownCommand."""
        with use(operator(os.getuid())):
            given = command_of(self._commands, name)(params)
            assert not isinstance(given, AsyncGenerator)
            return msgspec.to_builtins(await given)

    async def stream(self, name: str, params: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """What a command gives that gives a stream: each item as JSON. Raises UnknownCommand."""
        with use(operator(os.getuid())):
            given = command_of(self._commands, name)(params)
            assert isinstance(given, AsyncGenerator)
            async with aclosing(given):
                async for each in given:
                    yield msgspec.json.encode(each)
                    await asyncio.sleep(0)  # an interrupt comes here, however little the command waits for


@asynccontextmanager
async def offline_box(
    settings: Settings, manifests: Mapping[str, Manifest], role: str | None = None
) -> AsyncGenerator[OfflineBox, None]:
    """Open the data directory under its lock; nothing is delivered and nobody is served. Raises Refusal.

    Of a cluster only what `role` needs is opened: not every machine leads to the servers of all the others.
    """
    asked = (role,) if role and settings.get(Nats).url else ()
    async with open_box(settings, manifests, resolve(manifests, asked)) as box:
        yield OfflineBox(box)
