"""A box that does not serve: for commands on a data directory that no running girok holds.

async with offline_box(settings, manifests) as box:
    await box.command("events.dead", {})
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from girok.manifest import Manifest
from girok.roles import resolve
from girok.settings import Settings
from girok.wiring import Box, open_box

__all__ = ["OfflineBox", "offline_box"]


class OfflineBox:
    """The same commands as those of the control socket, run here."""

    def __init__(self, box: Box) -> None:
        self.db = box.db
        self._commands = box.commands

    async def command(self, name: str, params: dict[str, Any]) -> Any:
        """What the command gives. Raises the command's own error, KeyError for an unknown one."""
        return await self._commands[name](params)


@asynccontextmanager
async def offline_box(settings: Settings, manifests: Mapping[str, Manifest]) -> AsyncGenerator[OfflineBox, None]:
    """Open the data directory under its lock; nothing is delivered and nobody is served. Raises Refusal."""
    async with open_box(settings, manifests, resolve(manifests)) as box:
        yield OfflineBox(box)
