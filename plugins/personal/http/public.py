"""REST of public pages: /v1/resume/public."""

from collections.abc import Sequence

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from girok.http.openapi import answers
from girok.kit import Kit
from plugins.personal.errors import ResumeNotFound
from plugins.personal.http.callers import AnyRequest
from plugins.personal.http.etags import etag, is_fresh
from plugins.personal.service.publication import Publication
from plugins.personal.wire import PublicResume

__all__ = ["routes"]


def routes(kit: Kit) -> Sequence[HTTPRouteHandler]:
    """All of them."""
    publication = kit.ports[Publication]

    @get("/v1/resume/public/{username:str}")
    @answers(ResumeNotFound)
    async def public(request: AnyRequest, username: FromPath[str]) -> Response[PublicResume]:
        """The visible parts of the user's default resume, else of their newest. Anyone; 304 for who has it."""
        page = await publication.page(username)
        tag = etag(page.id, page.version)
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if is_fresh(request.headers.get("if-none-match"), tag):
            return Response(None, status_code=304, headers=headers)  # pyright: ignore[reportReturnType] - no body
        return Response(page.body, media_type="application/json", headers=headers)  # pyright: ignore[reportReturnType] - encoded

    return (public,)
