"""The control command `status`: what a running girok says of itself."""

import os
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from girok import __version__

if TYPE_CHECKING:
    from girok.telemetry.health import Health

__all__ = ["ProcessStatus", "status_command"]


class ProcessStatus(msgspec.Struct, frozen=True):
    """`uptime` in seconds; `health` as in /readyz; `failing` are the checks that fail, each with what is wrong."""

    version: str
    pid: int
    roles: tuple[str, ...]
    uptime: float
    health: Literal["ready", "degraded", "unavailable"]
    failing: dict[str, str]


def status_command(roles: Sequence[str], health: "Health") -> Callable[[dict[str, Any]], Awaitable[ProcessStatus]]:
    """The command, for a process that runs `roles` and begins now. It takes no parameters."""
    since = monotonic()

    async def status(_: dict[str, Any]) -> ProcessStatus:
        report = await health.report()
        failing = {name: check.detail or "" for name, check in report.checks.items() if not check.ok}
        return ProcessStatus(__version__, os.getpid(), tuple(roles), monotonic() - since, report.status, failing)

    return status
