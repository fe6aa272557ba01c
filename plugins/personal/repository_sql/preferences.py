"""Preferences on SQL."""

from collections.abc import Callable
from typing import Any

import msgspec

from girok.db.database import Database
from girok.db.statement import Row, Statement
from girok.db.unit import Unit, execute, first
from girok.events.consumer import Delivery
from plugins.personal.preferences import Preferences, SectionPlace
from plugins.personal.statements import preferences as sql

__all__ = ["SqlPreferencesRepository"]


class SqlPreferencesRepository:
    """See PreferencesRepository."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def preferences(self, user_id: str) -> Preferences | None:
        found = await self._db.fetch(sql.PREFERENCES(user_id=user_id))
        return _preferences(found[0]) if found else None

    async def change(self, defaults: Preferences, changed: Callable[[Preferences], Preferences]) -> Preferences:
        def unit() -> Unit[Preferences]:
            yield from execute(_insert(defaults))
            # On PostgreSQL the insert has waited for another one of this user, so that row can be seen now.
            row = yield from first(sql.PREFERENCES(user_id=defaults.user_id))
            stored = _preferences(row) if row else defaults
            wanted = changed(stored)
            if wanted != stored:
                yield from execute(sql.UPDATE_PREFERENCES(**_values(wanted)))
            return wanted

        return await self._db.run(unit)

    async def begin(self, defaults: Preferences, delivery: Delivery) -> None:
        def unit() -> Unit[None]:
            if (yield from delivery.once()):
                yield from execute(_insert(defaults))

        await self._db.run(unit)


def _insert(preferences: Preferences) -> Statement:
    return sql.INSERT_PREFERENCES(**_values(preferences))


def _values(preferences: Preferences) -> dict[str, Any]:
    order = msgspec.json.encode(preferences.section_order).decode()
    return {**msgspec.structs.asdict(preferences), "section_order": order}


def _preferences(row: Row) -> Preferences:
    order = msgspec.json.decode(row["section_order"], type=tuple[SectionPlace, ...])
    fields: Row = {**row, "section_order": order}
    return Preferences(**fields)
