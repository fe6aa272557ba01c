"""How a command acts on a data directory: in the girok that runs on it, else on the directory, under its lock.

A command of a role is named after it, `auth.list`, and is asked of the process that runs the role: where `girok up`
runs on the directory, of the one in DATA/ROLE. Where the settings name a cluster and nothing runs on the directory, the
cluster's stores are opened from here, as one more of its processes would.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from girok.control_client import CommandFailed, NotRunning, call, stream
from girok.control_wire import SOCKET
from girok.locks import LOCK
from girok.manifest import Manifest
from girok.refusal import Refusal
from girok.sections import Core
from girok.sections_cluster import Nats
from girok.settings import Settings

__all__ = [
    "Answer",
    "DirectoryOfUp",
    "NoDataDirectory",
    "RoleElsewhere",
    "act",
    "data_directory",
    "items",
    "items_anywhere",
]


class NoDataDirectory(Refusal):
    """The directory that the command is to look at is not there."""


class DirectoryOfUp(Refusal):
    """`girok up` keeps its processes' directories in this one, which is none itself."""


class RoleElsewhere(Refusal):
    """The process on the data directory does not run the role that the command is for."""


class Answer(NamedTuple):
    """What a command gave, as plain JSON values; `running`: a girok runs there and gave it."""

    data: Any
    running: bool


async def act(settings: Settings, manifests: Mapping[str, Manifest], command: str, params: dict[str, Any]) -> Answer:
    """Run a control command. Raises Refusal, CommandFailed or GirokError."""
    role = _role(manifests, command)
    place = _place(settings, role)
    with suppress(NotRunning):
        async with _of_role(place, role):
            return Answer(await call(place, command, params), running=True)
    _check_directory(settings, manifests)
    from girok.offline import offline_box

    async with offline_box(settings, manifests, role) as box:
        return Answer(await box.command(command, params), running=False)


async def items(
    settings: Settings, manifests: Mapping[str, Manifest], command: str, params: dict[str, Any]
) -> AsyncGenerator[bytes, None]:
    """The same of a command that gives a stream: each item as JSON, as it comes. Who has enough closes it."""
    role = _role(manifests, command)
    place = _place(settings, role)
    with suppress(NotRunning):
        async with _of_role(place, role), aclosing(stream(place, command, params)) as found:
            async for each in found:
                yield each
            return
    _check_directory(settings, manifests)
    from girok.offline import offline_box

    async with offline_box(settings, manifests, role) as box, aclosing(box.stream(command, params)) as found:
        async for each in found:
            yield each


async def items_anywhere(
    settings: Settings, manifests: Mapping[str, Manifest], command: str, params: dict[str, Any]
) -> AsyncGenerator[bytes, None]:
    """The same where, in a cluster, the girok on the directory need not run the role: its stores are opened from here.

    For commands that only read: what they see is what the role's own process would.
    """
    role = _role(manifests, command)
    try:
        async with aclosing(items(settings, manifests, command, params)) as found:
            async for each in found:
                yield each
    except RoleElsewhere:
        if not settings.get(Nats).url:
            raise
        from girok.offline import offline_box

        with TemporaryDirectory(prefix="girok-") as folder:
            apart = settings.replacing(msgspec.structs.replace(settings.get(Core), data=folder))
            async with offline_box(apart, manifests, role) as box, aclosing(box.stream(command, params)) as found:
                async for each in found:
                    yield each


def data_directory(settings: Settings) -> Path:
    """The data directory. Raises NoDataDirectory: a mistyped name must not make a new one."""
    path = Path(settings.get(Core).data)
    if not path.exists():
        source = settings.source("data") or "GIROK_DATA"
        raise NoDataDirectory(f"data ({source}): there is no data directory {str(path)!r}")
    return path


def _role(manifests: Mapping[str, Manifest], command: str) -> str | None:
    """The role that the command is for, None for the kernel's own commands."""
    role = command.partition(".")[0]
    return role if role in manifests else None


def _place(settings: Settings, role: str | None) -> Path:
    """The directory of the process to ask. Raises NoDataDirectory."""
    data = Path(settings.get(Core).data) if settings.get(Nats).url else data_directory(settings)
    return data / role if role and (data / role / SOCKET).exists() else data


def _check_directory(settings: Settings, manifests: Mapping[str, Manifest]) -> None:
    """Raises DirectoryOfUp: a box that is opened there would be beside the cluster's stores."""
    data = Path(settings.get(Core).data)
    within = [str(data / name) for name in manifests if (data / name / LOCK).exists()]
    if within and not settings.get(Nats).url:
        raise DirectoryOfUp(
            f"{data} is a directory of `girok up`, each of whose processes has one of its own in it: give the --data "
            f"of one that runs: {', '.join(within)}"
        )


@asynccontextmanager
async def _of_role(place: Path, role: str | None) -> AsyncGenerator[None, None]:
    """Raises RoleElsewhere when the process does not know the command because it does not run the role."""
    try:
        yield
    except CommandFailed as error:
        if role is None or error.reason != "UNKNOWN_COMMAND":
            raise
        from girok.process_status import ProcessStatus

        runs = msgspec.convert(await call(place, "status", {}), ProcessStatus).roles
        if role in runs:
            raise
        raise RoleElsewhere(
            f"the girok on {place} runs {', '.join(runs)}, not {role}: give the --data of one that does"
        ) from None
