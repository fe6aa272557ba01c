"""Looks into the PostgreSQL of a cluster."""

import asyncpg

from tests.scenarios.invariants import NEVER, NOT_WHEN_SETTLED
from tests.scenarios.story import eventually

__all__ = ["check_settled", "outbox_drained", "waiting"]


async def waiting(url: str) -> int:
    """How many events of the database have not left for NATS."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SELECT count(*) FROM event_outbox")
    finally:
        await connection.close()


async def outbox_drained(url: str, within: float = 60.0) -> None:
    """Return once every event of the database has left for NATS. Raises TimeoutError."""

    async def look() -> bool:
        return not await waiting(url)

    await eventually(look, within)


async def check_settled(url: str) -> None:
    """What holds once every event is handled. Raises AssertionError."""
    connection = await asyncpg.connect(url)
    try:
        for what, query in {**NEVER, **NOT_WHEN_SETTLED}.items():
            found = await connection.fetch(query)
            assert not found, f"{what}: {[tuple(row) for row in found[:5]]} ({len(found)})"
    finally:
        await connection.close()
