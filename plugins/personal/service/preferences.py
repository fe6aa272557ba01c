"""Preferences: they are there from the first look on."""

from collections.abc import Sequence

import msgspec

from girok.clock import Clock, IdFactory
from girok.context import require_user
from plugins.personal.preferences import Preferences, SectionPlace, Theme, default_preferences, in_order
from plugins.personal.repository import PreferencesRepository

__all__ = ["UserPreferences"]


class UserPreferences:
    """Those of who acts, for the routes of this process."""

    def __init__(self, rows: PreferencesRepository, clock: Clock, ids: IdFactory) -> None:
        self._rows = rows
        self._clock = clock
        self._ids = ids

    async def get(self) -> Preferences:
        """Made with the defaults where there are none; two who do so at once get the same."""
        found = await self._rows.preferences(require_user().user_id)
        return found or await self._rows.change(self._defaults(), lambda stored: stored)

    async def change(
        self, *, theme: Theme | None = None, section_order: Sequence[SectionPlace] | None = None
    ) -> Preferences:
        """What is None stays."""
        changes: dict[str, object] = {}
        if theme is not None:
            changes["theme"] = theme
        if section_order is not None:
            changes["section_order"] = in_order(section_order)
        return await self._change(changes)

    async def reset(self) -> Preferences:
        """Back to the defaults."""
        defaults = self._defaults()
        return await self._change({"theme": defaults.theme, "section_order": defaults.section_order})

    async def _change(self, changes: dict[str, object]) -> Preferences:
        now = self._clock.now()
        return await self._rows.change(
            self._defaults(), lambda stored: msgspec.structs.replace(stored, **changes, updated_at=now)
        )

    def _defaults(self) -> Preferences:
        return default_preferences(self._ids.new(), require_user().user_id, self._clock.now())
