"""What personal stores of a user."""

from collections.abc import AsyncGenerator

import msgspec

from girok.db.statement import Prepared, Row
from girok.export import Exported
from girok.kit import Kit
from plugins.personal.repository_sql.preferences import SqlPreferencesRepository
from plugins.personal.statements import export as sql

__all__ = ["export"]

_PAGE = 50
"""Rows at once; a resume has up to half a MB."""


async def export(kit: Kit, user_id: str) -> AsyncGenerator[Exported, None]:
    """`preferences`; each `resume`, one that was deleted too; each `share` without its token, which lets anybody in;
    each `file`, by the key under which the object store has it.
    """
    if (preferences := await SqlPreferencesRepository(kit.db).preferences(user_id)) is not None:
        yield Exported("preferences", preferences)
    async for row in _rows(kit, sql.RESUMES, "id", user_id):
        yield Exported("resume", {**row, "content": msgspec.Raw(row["content"].encode())})
    async for row in _rows(kit, sql.SHARES, "id", user_id):
        yield Exported("share", row)
    async for row in _rows(kit, sql.FILES, "key", user_id):
        yield Exported("file", row)


async def _rows(kit: Kit, statement: Prepared, key: str, user_id: str) -> AsyncGenerator[Row, None]:
    after = ""
    while page := await kit.db.fetch(statement(user_id=user_id, after=after, limit=_PAGE)):
        for row in page:
            yield row
        after = page[-1][key]
