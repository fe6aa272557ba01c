"""Back from a cluster to one box: what the relay left in the outbox becomes a row for each consumer."""

from collections.abc import Callable, Sequence

from girok.clock import Clock
from girok.db.database import Database
from girok.db.statement import Row
from girok.db.unit import Unit, execute, rows
from girok.events import statements as sql
from girok.events.tables import RELAY

__all__ = ["expand"]

_CHUNK = 100
"""Events that one unit expands: a unit holds the store while it runs."""


async def expand(db: Database, clock: Clock, consumers_of: Callable[[str], Sequence[str]]) -> int:
    """Expand what is there. How many events that were. Raises StoreUnavailable.

    NATS may have had such an event, and a consumer may be done with it: its mark says so, and it gets no row.
    """
    count = 0
    while found := await db.fetch(sql.UNPUBLISHED(consumer=RELAY, limit=_CHUNK)):
        await db.run(lambda found=found: _expanded(found, clock, consumers_of))
        count += len(found)
    return count


def _expanded(found: Sequence[Row], clock: Clock, consumers_of: Callable[[str], Sequence[str]]) -> Unit[None]:
    now = clock.now()
    for row in found:
        event_id, subject = row["event_id"], row["subject"]
        for consumer in consumers_of(subject):
            if not (yield from rows(sql.IS_DONE(consumer=consumer, event_id=event_id))):
                yield from execute(
                    sql.APPEND(
                        event_id=event_id, consumer=consumer, subject=subject, envelope=row["envelope"], due_at=now
                    )
                )
    yield from execute(sql.DONE(event_ids=[row["event_id"] for row in found], consumer=RELAY))
