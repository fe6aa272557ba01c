"""The SQL of events."""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from girok.db.dialect import current_dialect
from girok.db.statement import prepare
from girok.events.tables import RELAY, EventDone, EventOutbox

APPEND = prepare(
    lambda p: EventOutbox.raw(
        "INSERT INTO event_outbox (event_id, consumer, subject, envelope, attempts, waits, due_at) "
        "VALUES ({}, {}, {}, {}, 0, 0, {})",
        p.event_id,
        p.consumer,
        p.subject,
        p.envelope,
        p.due_at,
    )
)
DUE = prepare(
    lambda p: EventOutbox.raw(
        "SELECT event_id, envelope, attempts, waits FROM event_outbox "
        "WHERE consumer = {} AND dead_at IS NULL AND due_at <= {} ORDER BY due_at, event_id LIMIT {}",
        p.consumer,
        p.now,
        p.limit,
    )
)
OLDEST_DUE = prepare(
    lambda p: (
        EventOutbox.select(EventOutbox.due_at)
        .where(EventOutbox.consumer == p.consumer, EventOutbox.dead_at.is_null(), EventOutbox.due_at <= p.now)
        .order_by(EventOutbox.due_at)
        .limit(1)
    )
)
NEXT_DUE = prepare(
    lambda p: (
        EventOutbox.select(EventOutbox.due_at)
        .where(EventOutbox.consumer == p.consumer, EventOutbox.dead_at.is_null(), EventOutbox.due_at > p.now)
        .order_by(EventOutbox.due_at)
        .limit(1)
    )
)
DEPTHS = prepare(
    lambda _: EventOutbox.raw(
        "SELECT consumer, count(*) AS depth FROM event_outbox WHERE dead_at IS NULL GROUP BY consumer"
    )
)
DEATHS = prepare(
    lambda _: EventOutbox.raw(
        "SELECT consumer, count(*) AS dead FROM event_outbox WHERE dead_at IS NOT NULL GROUP BY consumer"
    )
)

DONE = prepare(
    lambda p: (
        EventOutbox.delete()
        .where(EventOutbox.event_id.is_in(p.event_ids), EventOutbox.consumer == p.consumer)
        .returning(EventOutbox.event_id)
    )
)
MARK_DONE = prepare(
    lambda p: EventDone.raw(
        f"INSERT INTO event_done (consumer, event_id, done_at) VALUES {', '.join(['({}, {}, {})'] * len(p.event_ids))} "  # noqa: S608 - placeholders
        "ON CONFLICT DO NOTHING RETURNING event_id",
        *(value for event_id in p.event_ids for value in (p.consumer, event_id, p.now)),
    )
)
FAILED = prepare(
    lambda p: EventOutbox.raw(
        "UPDATE event_outbox SET attempts = attempts + 1, waits = 0, due_at = {}, error = {} "
        "WHERE event_id = {} AND consumer = {} RETURNING event_id",
        p.due_at,
        p.error,
        p.event_id,
        p.consumer,
    )
)
WAITING = prepare(
    lambda p: EventOutbox.raw(
        "UPDATE event_outbox SET waits = waits + 1, due_at = {}, error = {} "
        "WHERE event_id = {} AND consumer = {} RETURNING event_id",
        p.due_at,
        p.error,
        p.event_id,
        p.consumer,
    )
)
DIED = prepare(
    lambda p: EventOutbox.raw(
        "UPDATE event_outbox SET attempts = attempts + 1, dead_at = {}, error = {} "
        "WHERE event_id = {} AND consumer = {} RETURNING event_id",
        p.now,
        p.error,
        p.event_id,
        p.consumer,
    )
)

DEAD = prepare(
    lambda p: EventOutbox.raw(
        "SELECT event_id, consumer, subject, envelope, attempts, dead_at, error FROM event_outbox "
        "WHERE dead_at IS NOT NULL ORDER BY dead_at, event_id, consumer LIMIT {}",
        p.limit,
    )
)
REVIVE = prepare(
    lambda p: EventOutbox.raw(
        "UPDATE event_outbox SET attempts = 0, waits = 0, due_at = {}, dead_at = NULL, error = NULL "
        "WHERE event_id = {} AND dead_at IS NOT NULL RETURNING event_id",
        p.now,
        p.event_id,
    )
)
REVIVE_SOME = prepare(
    lambda p: EventOutbox.raw(
        "UPDATE event_outbox SET attempts = 0, waits = 0, due_at = {}, dead_at = NULL, error = NULL "
        "WHERE (event_id, consumer) IN (SELECT event_id, consumer FROM event_outbox "
        "WHERE dead_at IS NOT NULL AND dead_at <= {} ORDER BY dead_at LIMIT {}) RETURNING event_id",
        p.now,
        p.until,
        p.limit,
    )
)


def _claim(whose: str) -> str:
    """Takes rows that are due, for this process alone until `due_at`; what another one is taking is left to that."""
    return (
        "WITH claimed (id, name) AS MATERIALIZED (SELECT event_id, consumer FROM event_outbox "  # noqa: S608 - constants
        f"WHERE {whose} AND due_at <= {{}} ORDER BY due_at, event_id LIMIT {{}}"
        f"{' FOR UPDATE SKIP LOCKED' if current_dialect() == 'postgres' else ''}) "
        "UPDATE event_outbox SET due_at = {} FROM claimed WHERE event_id = claimed.id AND consumer = claimed.name "
        "RETURNING event_id, consumer, subject, envelope, attempts, dead_at, error"
    )


CLAIM = prepare(lambda p: EventOutbox.raw(_claim(f"consumer = '{RELAY}' AND dead_at IS NULL"), p.now, p.limit, p.until))
CLAIM_STRANGERS = prepare(lambda p: EventOutbox.raw(_claim(f"consumer <> '{RELAY}'"), p.now, p.limit, p.until))
STRANGERS = prepare(lambda p: EventOutbox.raw("SELECT 1 FROM event_outbox WHERE consumer <> {} LIMIT 1", p.relay))
BY_ID = prepare(
    lambda p: EventOutbox.select(
        EventOutbox.event_id, EventOutbox.subject, EventOutbox.envelope, EventOutbox.attempts
    ).where(EventOutbox.consumer == p.consumer, EventOutbox.event_id.is_in(p.event_ids))
)
UNPUBLISHED = prepare(
    lambda p: EventOutbox.raw(
        "SELECT event_id, subject, envelope FROM event_outbox WHERE consumer = {} ORDER BY event_id LIMIT {}",
        p.consumer,
        p.limit,
    )
)
IS_DONE = prepare(
    lambda p: EventDone.raw(
        "SELECT 1 FROM event_done WHERE consumer = {} AND event_id = {}",
        p.consumer,
        p.event_id,
    )
)
DONE_LATELY = prepare(
    lambda p: EventDone.raw(
        "SELECT 1 FROM event_done WHERE consumer = {} AND event_id >= {} LIMIT 1", p.consumer, p.first
    )
)
SWEEP_DONE = prepare(
    lambda p: EventDone.raw(
        "DELETE FROM event_done WHERE consumer = {} AND event_id IN (SELECT event_id FROM event_done "
        "WHERE consumer = {} AND event_id < {} AND done_at < {} ORDER BY event_id LIMIT {}) RETURNING event_id",
        p.consumer,
        p.consumer,
        p.first_kept,
        p.before,
        p.limit,
    )
)
