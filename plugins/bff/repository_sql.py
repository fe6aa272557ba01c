"""The bff's storage on SQL."""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from datetime import datetime

import msgspec

from girok.db.database import Database
from girok.db.statement import prepare
from girok.db.unit import Unit, execute, first
from girok.events.consumer import Delivery
from plugins.bff.repository import StoredSession
from plugins.bff.tables import BffSession

__all__ = ["SqlSessionRepository"]

_SWEPT = 20
"""Expired rows that a new session takes along: they cannot pile up, and no single request pays for many."""

_FIND = prepare(
    lambda p: BffSession.select().where(BffSession.handle_hash == p.handle_hash, BffSession.expires_at > p.now).limit(1)
)
_INSERT = prepare(
    lambda p: BffSession.insert(
        BffSession(
            handle_hash=p.handle_hash,
            session_id=p.session_id,
            user_id=p.user_id,
            tokens=p.tokens,
            access_expires_at=p.access_expires_at,
            next_id=p.next_id,
            created_at=p.created_at,
            expires_at=p.expires_at,
        )
    )
)
_RESERVE = prepare(
    lambda p: BffSession.raw(
        "UPDATE bff_session SET next_id = COALESCE(next_id, {}) WHERE handle_hash = {} AND access_expires_at = {} "
        "RETURNING next_id",
        p.next_id,
        p.handle_hash,
        p.access_expires_at,
    )
)
_RENEW = prepare(
    lambda p: BffSession.raw(
        "UPDATE bff_session SET tokens = {}, access_expires_at = {}, next_id = NULL "
        "WHERE handle_hash = {} AND next_id = {}",
        p.tokens,
        p.access_expires_at,
        p.handle_hash,
        p.next_id,
    )
)
_DELETE = prepare(lambda p: BffSession.delete().where(BffSession.handle_hash == p.handle_hash))
_FORGET = prepare(lambda p: BffSession.delete().where(BffSession.user_id == p.user_id))
_SWEEP = prepare(
    lambda p: BffSession.raw(
        "DELETE FROM bff_session WHERE handle_hash IN "
        "(SELECT handle_hash FROM bff_session WHERE expires_at <= {} LIMIT {})",
        p.now,
        p.limit,
    )
)


class SqlSessionRepository:
    """See SessionRepository."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, session: StoredSession, *, instead_of: str | None) -> None:
        def unit() -> Unit[None]:
            if instead_of is not None:
                yield from execute(_DELETE(handle_hash=instead_of))
            yield from execute(_SWEEP(now=session.created_at, limit=_SWEPT))
            yield from execute(_INSERT(**msgspec.structs.asdict(session)))

        await self._db.run(unit)

    async def find(self, handle_hash: str, now: datetime) -> StoredSession | None:
        found = await self._db.fetch(_FIND(handle_hash=handle_hash, now=now))
        return StoredSession(**found[0]) if found else None

    async def reserve(self, session: StoredSession, next_id: str) -> str | None:
        asked = _RESERVE(next_id=next_id, handle_hash=session.handle_hash, access_expires_at=session.access_expires_at)
        found = await self._db.run(lambda: first(asked))
        return found["next_id"] if found else None

    async def renew(self, session: StoredSession) -> None:
        renewed = _RENEW(
            tokens=session.tokens,
            access_expires_at=session.access_expires_at,
            handle_hash=session.handle_hash,
            next_id=session.next_id,
        )
        await self._db.run(lambda: execute(renewed))

    async def remove(self, handle_hash: str) -> None:
        await self._db.run(lambda: execute(_DELETE(handle_hash=handle_hash)))

    async def forget(self, user_id: str, delivery: Delivery) -> None:
        def unit() -> Unit[None]:
            if (yield from delivery.once()):
                yield from execute(_FORGET(user_id=user_id))

        await self._db.run(unit)
