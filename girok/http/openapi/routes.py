"""`/schema/openapi.json` and `/schema`, the same to read. Both are written when somebody first asks for them."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Response, get
from litestar.handlers import HTTPRouteHandler

from girok.http.openapi.documented import documented
from girok.http.pages import page_headers

__all__ = ["routes"]

_STYLE = Path(__file__).with_name("reference.css")


def routes(app: Litestar) -> Sequence[HTTPRouteHandler]:
    """The handlers of both; none when `app` has no route that belongs to the document."""

    @cache
    def found() -> dict[str, Any]:
        from girok.http.openapi.document import document

        return document(app)

    @cache
    def written() -> tuple[str, dict[str, str]]:
        from girok.http.openapi.reference import reference

        style = _STYLE.read_text("utf-8")
        return reference(found(), style), page_headers(style)

    @get("/schema/openapi.json", include_in_schema=False)
    async def openapi() -> Response[bytes]:
        body = msgspec.json.encode(found())
        return Response(body, media_type="application/json", headers={"cache-control": "no-cache"})

    @get("/schema", include_in_schema=False)
    async def schema() -> Response[str]:
        html, headers = written()
        return Response(html, media_type="text/html", headers=headers)

    return (openapi, schema) if any(documented(app)) else ()
