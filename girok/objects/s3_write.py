"""Writes to S3 that are there whole or not at all, and only where nothing was.

S3 does both by itself (`If-None-Match: *` on the request that makes the object visible), but for two things. A request
whose answer is lost is sent again, and would meet its own object: each write carries a token by which it knows that.
And the parts of an object that is never completed stay: whatever ends a write early, a cancellation too, aborts it.
"""

import asyncio
import io
import secrets
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress

from girok.objects.port import Bucket, ObjectExists, ObjectInfo, ObjectNotFound, ObjectsUnavailable, ObjectTooLarge
from girok.objects.reply import INLINE, PUBLIC_CACHE
from girok.objects.s3_client import S3Client, S3Refused, Stored, Upload

__all__ = ["copy", "info_of", "put", "stored_headers"]

PART = 8 * 1024 * 1024
"""Bytes of a part, and what a write holds in memory: what is smaller is one request."""
COPY_PART = 64 * 1024 * 1024
"""Bytes that S3 copies in one request: few enough to be done in seconds."""
_ABORT_SECONDS = 2.0


def stored_headers(bucket: Bucket, mime_type: str) -> dict[str, str]:
    """What S3 keeps with an object and answers with it.

    Its origin is not girok's, but may be of the same site: nothing is shown there that could run.
    """
    headers = {"Content-Type": mime_type}
    if mime_type not in INLINE:
        headers["Content-Disposition"] = "attachment"
    if bucket == "public":
        headers["Cache-Control"] = PUBLIC_CACHE
    return headers


def info_of(bucket: Bucket, key: str, stored: Stored) -> ObjectInfo:
    """In the port's words."""
    return ObjectInfo(bucket, key, stored.size, stored.mime_type, stored.etag, stored.modified_at)


async def put(
    client: S3Client, bucket: Bucket, key: str, body: AsyncIterable[bytes], *, mime_type: str, max_size: int
) -> ObjectInfo:
    """Store `body`, a part at a time in memory. Raises ObjectTooLarge, ObjectExists, and what `body` raises."""
    headers = stored_headers(bucket, mime_type)

    async def store(token: str) -> None:
        async with aclosing(_parts(body, max_size)) as parts:
            first = await anext(parts)
            if _size(first) < PART:
                await client.put(bucket, key, first, headers, token)
                return
            async with _upload(client, bucket, key, headers, token) as upload:
                etags = [await _send(client, upload, 1, first)]
                async for part in parts:
                    etags.append(await _send(client, upload, len(etags) + 1, part))
                await client.complete(upload, etags)

    return await _once(client, bucket, key, store)


async def copy(client: S3Client, source: tuple[Bucket, str], target: tuple[Bucket, str]) -> ObjectInfo:
    """Copy within S3. Raises ObjectNotFound, ObjectExists.

    By parts, however small: S3 knows a condition for completing an upload, but most servers none for a plain copy.
    """
    original = await client.stat(*source)
    headers = stored_headers(target[0], original.mime_type)

    async def store(token: str) -> None:
        if original.size == 0:  # of nothing there is no part
            await client.put(*target, io.BytesIO(), headers, token)
            return
        async with _upload(client, *target, headers, token) as upload:
            spans = [(start, min(start + COPY_PART, original.size)) for start in range(0, original.size, COPY_PART)]
            etags = [
                await client.copy_part(upload, number, source, start, end)
                for number, (start, end) in enumerate(spans, start=1)
            ]
            await client.complete(upload, etags)

    return await _once(client, *target, store)


async def _once(client: S3Client, bucket: Bucket, key: str, store: Callable[[str], Awaitable[None]]) -> ObjectInfo:
    token = secrets.token_hex(8)
    try:
        await store(token)
    except (ObjectExists, S3Refused):  # the latter: an upload that is completed is known no more
        with suppress(ObjectNotFound):
            stored = await client.stat(bucket, key)
            if stored.token == token:
                return info_of(bucket, key, stored)
        raise
    return info_of(bucket, key, await client.stat(bucket, key))


@asynccontextmanager
async def _upload(
    client: S3Client, bucket: Bucket, key: str, headers: dict[str, str], token: str
) -> AsyncGenerator[Upload, None]:
    """An upload of parts that is aborted unless it was completed."""
    beginning = asyncio.ensure_future(client.begin(bucket, key, headers, token))
    try:
        yield await asyncio.shield(beginning)
    except BaseException:
        # Should S3 be away, what is left is swept at a start.
        with suppress(ObjectsUnavailable, TimeoutError):
            async with asyncio.timeout(_ABORT_SECONDS):
                await client.abort(await beginning)
        raise


async def _send(client: S3Client, upload: Upload, number: int, part: io.BytesIO) -> str:
    etag = await client.put_part(upload, number, part)
    part.close()  # it frees what it holds before the next one grows
    return etag


async def _parts(body: AsyncIterable[bytes], max_size: int) -> AsyncGenerator[io.BytesIO, None]:
    """`body` in parts of PART bytes or more, and the rest, one at least. Raises ObjectTooLarge."""
    size, part = 0, io.BytesIO()
    async for piece in body:
        size += len(piece)
        if size > max_size:
            raise ObjectTooLarge
        part.write(piece)
        if _size(part) >= PART:
            yield _whole(part)
            part = io.BytesIO()
    if _size(part) or size == 0:
        yield _whole(part)


def _size(part: io.BytesIO) -> int:
    return part.getbuffer().nbytes


def _whole(part: io.BytesIO) -> io.BytesIO:
    part.seek(0)
    return part
