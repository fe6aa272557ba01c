"""The bff's storage on SQL."""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from datetime import datetime

import msgspec

from girok.db.database import Database
from girok.db.statement import prepare
from girok.db.unit import Unit, execute
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
            access_token=p.access_token,
            created_at=p.created_at,
            expires_at=p.expires_at,
        )
    )
)
_DELETE = prepare(lambda p: BffSession.delete().where(BffSession.handle_hash == p.handle_hash))
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

    async def remove(self, handle_hash: str) -> None:
        await self._db.run(lambda: execute(_DELETE(handle_hash=handle_hash)))
