"""What waits in `event_outbox`: the rows as the bus takes, settles and lists them. Every method may raise
StoreUnavailable."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from girok.clock import Clock
from girok.db.database import Database
from girok.db.statement import Row, Statement
from girok.db.unit import Unit, rows
from girok.events import statements as sql
from girok.events.bus import DeadLetter

__all__ = ["Backlog", "Pending"]

CHUNK = 200
"""Rows that one unit revives: a unit holds the store while it runs."""
LONGEST_ERROR = 1000


class Pending(msgspec.Struct, frozen=True):
    """A row that is due: `attempts` failed so far, and `waits` times since then something was unavailable."""

    event_id: str
    envelope: str
    attempts: int
    waits: int


class Backlog:
    """The rows of `event_outbox`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def due(self, consumer: str, now: datetime, limit: int) -> list[Pending]:
        """What is due, longest first."""
        found = await self._db.fetch(sql.DUE(consumer=consumer, now=now, limit=limit))
        return [Pending(row["event_id"], row["envelope"], row["attempts"], row["waits"]) for row in found]

    async def next_due(self, consumer: str, now: datetime) -> datetime | None:
        """When the first of those that are not due yet will be."""
        return _time(await self._db.fetch(sql.NEXT_DUE(consumer=consumer, now=now)))

    async def oldest_due(self, consumer: str, now: datetime) -> datetime | None:
        """Since when the first of those that are due has been."""
        return _time(await self._db.fetch(sql.OLDEST_DUE(consumer=consumer, now=now)))

    async def done(self, consumer: str, event_id: str) -> None:
        """The consumer is through with it."""
        await self._change(sql.DONE(event_ids=[event_id], consumer=consumer))

    async def failed(self, consumer: str, event_id: str, error: str, due_at: datetime) -> bool:
        """One more attempt failed. False when the row is gone: the consumer's effect was stored after all."""
        return await self._change(
            sql.FAILED(event_id=event_id, consumer=consumer, error=storable(error), due_at=due_at)
        )

    async def waiting(self, consumer: str, event_id: str, error: str, due_at: datetime) -> bool:
        """Something was unavailable. False when the row is gone."""
        return await self._change(
            sql.WAITING(event_id=event_id, consumer=consumer, error=storable(error), due_at=due_at)
        )

    async def died(self, consumer: str, event_id: str, error: str) -> bool:
        """It becomes a dead letter. False when the row is gone."""
        return await self._change(
            sql.DIED(event_id=event_id, consumer=consumer, error=storable(error), now=self._clock.now())
        )

    async def dead(self, limit: int) -> list[DeadLetter]:
        """The dead letters, oldest death first."""
        return [DeadLetter(**row) for row in await self._db.fetch(sql.DEAD(limit=limit))]

    async def revive(self, ids: Sequence[str] | None) -> int:
        """Dead letters of these events (None: all that are dead now) are due again. How many there were."""
        count = 0
        if ids is not None:
            for start in range(0, len(ids), CHUNK):
                chunk = ids[start : start + CHUNK]
                count += await self._db.run(lambda chunk=chunk: self._revive(chunk))
            return count
        until = self._clock.now()
        while found := await self._db.run(lambda: rows(sql.REVIVE_SOME(now=until, until=until, limit=CHUNK))):
            count += len(found)
        return count

    async def depths(self) -> dict[str, int]:
        """Rows by consumer, dead letters left out."""
        return {row["consumer"]: row["depth"] for row in await self._db.fetch(sql.DEPTHS())}

    async def deaths(self) -> dict[str, int]:
        """Dead letters by consumer."""
        return {row["consumer"]: row["dead"] for row in await self._db.fetch(sql.DEATHS())}

    def _revive(self, ids: Sequence[str]) -> Unit[int]:
        count = 0
        now = self._clock.now()
        for each in ids:
            count += len((yield from rows(sql.REVIVE(event_id=each, now=now))))
        return count

    async def _change(self, statement: Statement) -> bool:
        return bool(await self._db.run(lambda: rows(statement)))


def storable(error: str) -> str:
    """An error's text as every store takes it: bounded, without NUL and lone surrogates."""
    return error[:LONGEST_ERROR].replace("\0", "").encode("utf-8", "replace").decode()


def _time(found: list[Row]) -> datetime | None:
    value: Any = found[0]["due_at"] if found else None
    return value
