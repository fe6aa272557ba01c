"""The control commands of a bus: `events.dead` and `events.retry`."""

from collections.abc import Mapping

import msgspec

from girok.command import Command, takes
from girok.events.bus import Bus, DeadLetter

__all__ = ["RetryResult", "events_commands"]


class DeadParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`limit` letters at most."""

    limit: int = 1000


class RetryParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events by id; without `ids` all dead letters."""

    ids: tuple[str, ...] | None = None


class RetryResult(msgspec.Struct, frozen=True):
    """How many dead letters are delivered again."""

    retried: int


def events_commands(bus: Bus) -> Mapping[str, Command]:
    """`events.dead {limit}` gives the dead letters, `events.retry {ids}` delivers them again: `{retried: 2}`."""

    async def dead(params: DeadParams) -> list[DeadLetter]:
        return await bus.dead(params.limit)

    async def retry(params: RetryParams) -> RetryResult:
        return RetryResult(await bus.retry(params.ids))

    return {"events.dead": takes(DeadParams, dead), "events.retry": takes(RetryParams, retry)}
