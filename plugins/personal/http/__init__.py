"""Personal's REST (rest.md), a file for each topic. Who may call is said with each route: anyone, or a bearer."""

from collections.abc import Sequence

from litestar.handlers import HTTPRouteHandler

from girok.kit import Kit
from plugins.personal.http import attachments, image_proxy, preferences, public, resumes, shares, uploads

__all__ = ["routes"]


def routes(kit: Kit) -> Sequence[HTTPRouteHandler]:
    """Every route of personal."""
    parts = (resumes, uploads, attachments, image_proxy, public, shares, preferences)
    return [route for part in parts for route in part.routes(kit)]
