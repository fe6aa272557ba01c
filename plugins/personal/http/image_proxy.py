"""REST of photos for whatever draws a resume: /v1/resume/image-proxy, at the older clients' path too.

A PDF renderer draws on a canvas, and may read it back only where every image came with a CORS header of its own.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Stream

from girok.http.call import asks_for_headers_alone
from girok.http.openapi import answers
from girok.kit import Kit
from girok.objects.port import ObjectInfo, ObjectNotFound, ObjectStore, ObjectsUnavailable
from girok.objects.reply import PUBLIC_CACHE, reply_to
from plugins.personal.errors import PhotoNotFound
from plugins.personal.files import BUCKET
from plugins.personal.http.callers import AnyRequest
from plugins.personal.service.photos import Photos

__all__ = ["routes"]


def routes(kit: Kit) -> Sequence[HTTPRouteHandler]:
    """The one, at both paths."""
    photos, objects = kit.ports[Photos], kit.objects

    @get(["/v1/resume/image-proxy", "/personal/v1/resume/image-proxy"])
    @answers(PhotoNotFound, ObjectsUnavailable)
    async def photo(request: AnyRequest, key: FromQuery[str]) -> Stream:
        """A profile photo or a preview, for scripts of any page. Anyone who has its key."""
        info = await photos.info(key)
        method = "HEAD" if asks_for_headers_alone(request.scope) else request.method
        reply = reply_to(method, request.headers, info, PUBLIC_CACHE)
        pieces = _pieces(objects, info, reply.start, reply.end)
        try:
            first = await anext(pieces)
        except ObjectNotFound:
            raise PhotoNotFound from None
        headers = {**reply.headers, "access-control-allow-origin": "*"}
        return Stream(_from(first, pieces), status_code=reply.status, headers=headers, media_type=info.mime_type)

    return (photo,)


async def _pieces(objects: ObjectStore, info: ObjectInfo, start: int, end: int) -> AsyncGenerator[bytes, None]:
    if start >= end:
        yield b""
        return
    async for piece in objects.read(BUCKET, info.key, start=start, end=end):
        yield piece


async def _from(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for piece in rest:
            yield piece
