"""The control commands of a bus: `events.dead` and `events.retry`."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from girok.control import Command
from girok.errors import InvalidInput, Text
from girok.events.bus import Bus, DeadLetter

__all__ = ["RetryResult", "events_commands"]

P = TypeVar("P")


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

    async def dead(params: dict[str, Any]) -> list[DeadLetter]:
        return await bus.dead(_params(params, DeadParams).limit)

    async def retry(params: dict[str, Any]) -> RetryResult:
        return RetryResult(await bus.retry(_params(params, RetryParams).ids))

    return {"events.dead": dead, "events.retry": retry}


def _params(params: dict[str, Any], kind: type[P]) -> P:
    try:
        return msgspec.convert(params, kind)
    except msgspec.ValidationError as error:
        raise InvalidInput(Text(f"Wrong parameters: {error}", f"잘못된 매개변수: {error}")) from error
