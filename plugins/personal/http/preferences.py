"""REST of preferences: /v1/user-preferences."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import UNSET, Meta, UnsetType

from girok.clock import timestamp
from girok.errors import Forbidden
from girok.http.openapi import answers
from girok.kit import Kit
from plugins.personal.http.callers import PRIVATE, AnyRequest, bearer_of
from plugins.personal.messages import SectionType
from plugins.personal.preferences import DEFAULT_ORDER, DEFAULT_THEME, Preferences, SectionPlace, Theme
from plugins.personal.service.preferences import UserPreferences

__all__ = ["routes"]

Order = Annotated[int, Meta(ge=0, le=1_000_000)]


class PlaceBody(msgspec.Struct, frozen=True):
    """Where a section stands; shown unless it says otherwise."""

    type: SectionType
    order: Order
    visible: bool = True


Places = Annotated[
    tuple[PlaceBody, ...],
    Meta(max_length=9, description="In any order; of a section that is there twice the last counts."),
]


class PreferencesBody(msgspec.Struct, frozen=True, rename="camel"):
    """What is absent stays, or has its default where there is nothing yet; null is the default."""

    theme: Theme
    section_order: Places | UnsetType | None = UNSET


class ChangeBody(msgspec.Struct, frozen=True, rename="camel"):
    """What is absent stays; null is the default."""

    theme: Theme | UnsetType | None = UNSET
    section_order: Places | UnsetType | None = UNSET


class PreferencesView(msgspec.Struct, frozen=True, rename="camel"):
    """UserPreferences."""

    id: str
    user_id: str
    theme: Theme
    section_order: tuple[SectionPlace, ...]
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, preferences: Preferences) -> "PreferencesView":
        """One's own."""
        return cls(
            preferences.id,
            preferences.user_id,
            preferences.theme,
            preferences.section_order,
            timestamp(preferences.created_at),
            timestamp(preferences.updated_at),
        )


def routes(kit: Kit) -> Sequence[HTTPRouteHandler]:
    """The four."""
    preferences = kit.ports[UserPreferences]
    bearer = bearer_of(kit)

    @get("/v1/user-preferences", cache_control=PRIVATE)
    @answers(Forbidden, bearer="required")
    async def get_preferences(request: AnyRequest) -> PreferencesView:
        """One's preferences, made with the defaults where there are none. Bearer."""
        async with bearer(request):
            return PreferencesView.of(await preferences.get())

    @post("/v1/user-preferences", status_code=200, cache_control=PRIVATE)
    @answers(Forbidden, bearer="required")
    async def save_preferences(request: AnyRequest, data: JSONBody[PreferencesBody]) -> PreferencesView:
        """Set the theme, and the order of sections where it is given. Bearer."""
        async with bearer(request):
            return PreferencesView.of(await preferences.change(theme=data.theme, section_order=_places(data)))

    @put("/v1/user-preferences", cache_control=PRIVATE)
    @answers(Forbidden, bearer="required")
    async def change_preferences(request: AnyRequest, data: JSONBody[ChangeBody]) -> PreferencesView:
        """Change what is given. Bearer."""
        theme = None if data.theme is UNSET else data.theme or DEFAULT_THEME
        async with bearer(request):
            return PreferencesView.of(await preferences.change(theme=theme, section_order=_places(data)))

    @delete("/v1/user-preferences", status_code=200, cache_control=PRIVATE)
    @answers(Forbidden, bearer="required")
    async def reset_preferences(request: AnyRequest) -> PreferencesView:
        """Back to the defaults. Bearer."""
        async with bearer(request):
            return PreferencesView.of(await preferences.reset())

    return get_preferences, save_preferences, change_preferences, reset_preferences


def _places(data: PreferencesBody | ChangeBody) -> Sequence[SectionPlace] | None:
    if data.section_order is UNSET:
        return None
    if data.section_order is None:
        return DEFAULT_ORDER
    return [SectionPlace(each.type, each.order, each.visible) for each in data.section_order]
