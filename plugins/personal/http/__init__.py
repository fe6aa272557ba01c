"""Personal's REST (rest.md), a file for each topic. Who may call is said with each route: anyone, or a bearer."""

from collections.abc import Sequence

from litestar.handlers import HTTPRouteHandler

from girok.kit import Kit
from plugins.personal.http import preferences, public, resumes, shares

__all__ = ["routes"]


def routes(kit: Kit) -> Sequence[HTTPRouteHandler]:
    """Every route of personal."""
    return [route for part in (resumes, public, shares, preferences) for route in part.routes(kit)]
