"""Files beside the data directory, by which a test and this process tell each other how far they are."""

import asyncio
from pathlib import Path

from girok.kit import Kit
from girok.sections import Core

__all__ = ["folder_of", "wait"]


def folder_of(kit: Kit) -> Path:
    return Path(kit.settings.get(Core).data).parent


async def wait(folder: Path, name: str) -> None:
    """Make the file `NAME-began`, wait until there is one `go-NAME`, then make `NAME-ended`."""
    (folder / f"{name}-began").touch()
    while not (folder / f"go-{name}").exists():
        await asyncio.sleep(0.01)
    (folder / f"{name}-ended").touch()
