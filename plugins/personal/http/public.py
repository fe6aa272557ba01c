"""REST of public pages: /v1/resume/public."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

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

_Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class _Ready(Response[PublicResume]):
    """An answer that was encoded before. Litestar's own costs as much again as all else that this route does."""

    def __init__(self, status: int, tag: str, body: bytes) -> None:
        self._status = status
        self._tag = tag
        self._body = body

    def to_asgi_response(self, *_: object, **__: object) -> Any:
        return self._answer

    async def _answer(self, _scope: object, _receive: object, send: _Send) -> None:
        headers = [(b"etag", self._tag.encode()), (b"cache-control", b"no-cache")]
        if self._body:
            headers += [(b"content-type", b"application/json"), (b"content-length", str(len(self._body)).encode())]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body})


def routes(kit: Kit) -> Sequence[HTTPRouteHandler]:
    """All of them."""
    publication = kit.ports[Publication]

    @get("/v1/resume/public/{username:str}")
    @answers(ResumeNotFound)
    async def get_public_resume(request: AnyRequest, username: FromPath[str]) -> Response[PublicResume]:
        """The visible parts of the user's default resume, else of their newest. Anyone; 304 for who has it."""
        page = await publication.page(username)
        tag = etag(page.id, page.version)
        fresh = is_fresh(_if_none_match(request), tag)
        return _Ready(304, tag, b"") if fresh else _Ready(200, tag, page.body)

    return (get_public_resume,)


def _if_none_match(request: AnyRequest) -> str | None:
    """Without Litestar's own headers, whose making would take a twentieth of this route's time."""
    found = [value for name, value in request.scope["headers"] if name == b"if-none-match"]
    return b",".join(found).decode("latin-1") if found else None
