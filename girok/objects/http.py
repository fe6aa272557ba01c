"""The files over HTTP: what S3 does in a cluster, for the store on a directory.

Reading `/public` needs nothing; everything else needs a URL that girok signed. Sessions and bearers are not looked at:
the signature says who may. Uploads and downloads stream, a piece at a time. Responses must not be compressed on the
way: ranges and etags are those of the stored bytes.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Any, cast

from litestar import MediaType, Request, Response, put, route
from litestar.exceptions import InternalServerException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from girok.errors import FieldError, GirokError, InvalidInput, Text
from girok.http.body import BodyCut
from girok.objects.files import FileObjects, OpenObject
from girok.objects.port import Bucket, InvalidKey, ObjectInfo, ObjectNotFound
from girok.objects.reply import PUBLIC_CACHE, Reply, reply_to
from girok.objects.signing import Grant

__all__ = ["UploadIncomplete", "UploadMismatch", "routes"]

Incoming = Request[Any, Any, Any]

PRIVATE_CACHE = "private, no-cache"
"""A browser may keep it, and asks each time, so that an expired URL is refused."""
STALL_SECONDS = 60.0
"""How long an upload may send nothing."""
_DISCARD_BYTES = 32 * 1024 * 1024
_DISCARD_SECONDS = 5.0


class UploadMismatch(InvalidInput):
    """Content-Length or Content-Type is not what the URL was signed for; `details` says which."""

    reason = "UPLOAD_MISMATCH"
    text = Text("This is not the file that was announced.", "업로드하려던 파일과 다릅니다.")


class UploadIncomplete(InvalidInput):
    """The upload ended, or stood still, before its last byte; nothing was stored."""

    reason = "UPLOAD_INCOMPLETE"
    text = Text("The upload was cut off.", "업로드가 중단되었습니다.")


def routes(store: FileObjects, *, stall_seconds: float = STALL_SECONDS) -> Sequence[HTTPRouteHandler]:
    """The handlers for `store`. An upload that sends nothing for `stall_seconds` is given up."""

    @route("/public/{key:path}", http_method=["GET", "HEAD"], include_in_schema=False)
    async def get_public(request: Incoming) -> ASGIApp:
        """A public file. Anyone may call it."""
        bucket, key = _address(request)
        return _sending(store, bucket, key, PUBLIC_CACHE)

    @route(["/private/{key:path}", "/temp/{key:path}"], http_method=["GET", "HEAD"], include_in_schema=False)
    async def get_signed(request: Incoming) -> ASGIApp:
        """A file that is not public. Whoever holds a GET URL signed for it, until that expires."""
        bucket, key = _address(request)
        store.signer.check("GET", bucket, key, request.query_params)
        return _sending(store, bucket, key, PRIVATE_CACHE)

    @put(
        ["/public/{key:path}", "/private/{key:path}", "/temp/{key:path}"],
        include_in_schema=False,
        request_max_body_size=None,
        status_code=200,  # as S3, which answers in a cluster
    )
    async def put_signed(request: Incoming) -> Response[str]:
        """Upload a file, once. Whoever holds a PUT URL signed for its key, size and type, until that expires."""
        try:
            info = await _upload(store, request, stall_seconds)
        except (UploadIncomplete, BodyCut):
            raise
        except GirokError:
            await _discard(request)
            raise
        return Response("", headers={"etag": f'"{info.etag}"'}, media_type=MediaType.TEXT)

    return get_public, get_signed, put_signed


def _address(request: Incoming) -> tuple[Bucket, str]:
    """From the path; Litestar has taken out repeated and trailing slashes, and its own parameter is no plain text."""
    _, bucket, key = request.scope["path"].split("/", 2)
    return cast("Bucket", bucket), key


async def _upload(store: FileObjects, request: Incoming, stall_seconds: float) -> ObjectInfo:
    bucket, key = _address(request)
    grant = store.signer.check("PUT", bucket, key, request.query_params)
    mime_type, size = _announced(request, grant)
    async with aclosing(_received(request, size, stall_seconds)) as body:
        return await store.put(bucket, key, body, mime_type=mime_type, max_size=size)


def _announced(request: Incoming, grant: Grant) -> tuple[str, int]:
    """The signed type and size. Raises UploadMismatch when the headers say otherwise."""
    expected = {"content-type": grant.mime_type or "", "content-length": str(grant.size)}
    wrong = [
        FieldError(name, Text(f"{name} must be {value}.", f"{name} 값은 {value}이어야 합니다."))
        for name, value in expected.items()
        if request.headers.get(name, "").strip().lower() != value.lower()
    ]
    if wrong or grant.size is None or grant.mime_type is None:
        raise UploadMismatch(details=wrong)
    return grant.mime_type, grant.size


async def _received(request: Incoming, size: int, stall_seconds: float) -> AsyncGenerator[bytes, None]:
    """The body, piece by piece. Raises UploadIncomplete when it is not `size` bytes."""
    received = 0
    async with aclosing(request.stream()) as stream:
        while (piece := await _next(stream, stall_seconds)) is not None:
            received += len(piece)
            yield piece
    if received != size:
        raise UploadIncomplete


async def _next(stream: AsyncGenerator[bytes, None], stall_seconds: float) -> bytes | None:
    try:
        async with asyncio.timeout(stall_seconds):
            return await anext(stream, None)
    except (TimeoutError, InternalServerException) as error:
        # The latter is how Litestar says that the client has gone.
        raise UploadIncomplete from error


async def _discard(request: Incoming) -> None:
    """Read the rest of a refused upload for nothing, within bounds.

    A browser that is still sending does not read yet: closing on it would reset the connection and lose the answer.
    """
    if "expect" in request.headers:  # it has sent nothing and waits for our word
        return
    left = _DISCARD_BYTES
    # The last: Litestar's word for a body that is read already, or whose client has gone.
    with suppress(TimeoutError, BodyCut, InternalServerException):
        async with asyncio.timeout(_DISCARD_SECONDS), aclosing(request.stream()) as stream:
            async for piece in stream:
                left -= len(piece)
                if left < 0:
                    return


def _sending(store: FileObjects, bucket: Bucket, key: str, cache: str) -> ASGIApp:
    """The file as an ASGI application, so that it is open exactly as long as it is sent. Raises ObjectNotFound."""

    async def send_file(scope: Scope, receive: Receive, send: Send) -> None:
        request: Incoming = Request(scope, receive, send)
        try:
            async with store.open(bucket, key) as file:
                await _send(send, reply_to(request.method, request.headers, file.info, cache), file)
        except InvalidKey:
            raise ObjectNotFound from None

    return send_file


async def _send(send: Send, reply: Reply, file: OpenObject) -> None:
    headers = [(name.encode(), value.encode()) for name, value in reply.headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    async for piece in file.pieces(reply.start, reply.end):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
