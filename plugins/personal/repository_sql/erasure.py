"""Erasing a user on SQL; their files are in files.py."""

from functools import partial

from girok.db.database import Database
from girok.db.unit import Unit, execute, rows
from girok.events.consumer import Delivery
from plugins.personal.statements import erasure as sql

__all__ = ["SqlErasureRepository"]


class SqlErasureRepository:
    """See ErasureRepository. `chunk` is how many rows one unit of work removes at the most."""

    def __init__(self, db: Database, chunk: int) -> None:
        self._db = db
        self._chunk = chunk

    async def erase(self, user_id: str) -> None:
        for statement in (sql.ERASE_SHARES, sql.ERASE_RESUMES):
            while await self._db.run(partial(rows, statement(user_id=user_id, limit=self._chunk))):
                continue

    async def end(self, user_id: str, delivery: Delivery) -> None:
        def unit() -> Unit[None]:
            if (yield from delivery.once()):
                yield from execute(sql.ERASE_PREFERENCES(user_id=user_id))

        await self._db.run(unit)
