"""How a command acts on a data directory: in the girok that runs on it, else on the directory, under its lock."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from girok.control_client import NotRunning, call
from girok.manifest import Manifest
from girok.refusal import Refusal
from girok.sections import Core
from girok.settings import Settings

__all__ = ["Answer", "NoDataDirectory", "act", "data_directory"]


class NoDataDirectory(Refusal):
    """The directory that the command is to look at is not there."""


class Answer(NamedTuple):
    """What a command gave, as plain JSON values; `running`: a girok runs there and gave it."""

    data: Any
    running: bool


async def act(settings: Settings, manifests: Mapping[str, Manifest], command: str, params: dict[str, Any]) -> Answer:
    """Run a control command. Raises Refusal, CommandFailed or GirokError."""
    try:
        return Answer(await call(data_directory(settings), command, params), running=True)
    except NotRunning:
        from girok.offline import offline_box

        async with offline_box(settings, manifests) as box:
            return Answer(msgspec.to_builtins(await box.command(command, params)), running=False)


def data_directory(settings: Settings) -> Path:
    """The data directory. Raises NoDataDirectory: a mistyped name must not make a new one."""
    path = Path(settings.get(Core).data)
    if not path.exists():
        source = settings.source("data") or "GIROK_DATA"
        raise NoDataDirectory(f"data ({source}): there is no data directory {str(path)!r}")
    return path
