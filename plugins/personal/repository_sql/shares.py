"""Share links on SQL."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from girok.db.database import Database
from girok.db.statement import Row
from girok.db.unit import Unit, execute, first
from plugins.personal.errors import ResumeNotFound, ShareNotFound, TooManyShares
from plugins.personal.links import ShareLink
from plugins.personal.statements import shares as sql

__all__ = ["SqlShareRepository"]


class SqlShareRepository:
    """See ShareRepository."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, link: ShareLink, most: int) -> None:
        values = msgspec.structs.asdict(link)

        def unit() -> Unit[None]:
            found = yield from first(sql.RESUME_TO_SHARE(user_id=link.user_id, resume_id=link.resume_id))
            if found is None:
                raise ResumeNotFound
            if found["links"] >= most:
                raise TooManyShares
            yield from execute(sql.INSERT_SHARE(**values))

        await self._db.run(unit)

    async def links_of(self, user_id: str) -> list[ShareLink]:
        return [_link(row) for row in await self._db.fetch(sql.SHARES(user_id=user_id))]

    async def link(self, link_id: str, user_id: str) -> ShareLink | None:
        found = await self._db.fetch(sql.SHARE(id=link_id, user_id=user_id))
        return _link(found[0]) if found else None

    async def by_token(self, token: str) -> ShareLink | None:
        found = await self._db.fetch(sql.SHARE_BY_TOKEN(token=token))
        return _link(found[0]) if found else None

    async def change(self, link_id: str, user_id: str, changed: Callable[[ShareLink], ShareLink]) -> ShareLink:
        def unit() -> Unit[ShareLink]:
            link = changed((yield from _own(link_id, user_id)))
            yield from execute(
                sql.UPDATE_SHARE(id=link.id, expires_at=link.expires_at, is_active=link.is_active, now=link.updated_at)
            )
            return link

        return await self._db.run(unit)

    async def remove(self, link_id: str, user_id: str) -> None:
        def unit() -> Unit[None]:
            link = yield from _own(link_id, user_id)
            yield from execute(sql.DELETE_SHARE(id=link.id))

        await self._db.run(unit)

    async def count_views(self, views: Mapping[str, int], now: datetime) -> None:
        def unit() -> Unit[None]:
            for link_id, count in sorted(views.items()):
                yield from execute(sql.COUNT_VIEWS(id=link_id, views=count, now=now))

        await self._db.run(unit)


def _own(link_id: str, user_id: str) -> Unit[ShareLink]:
    found = yield from first(sql.SHARE(id=link_id, user_id=user_id))
    if found is None:
        raise ShareNotFound
    return _link(found)


def _link(row: Row) -> ShareLink:
    return ShareLink(**row)
