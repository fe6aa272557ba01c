"""The object store on S3: the buckets `public`, `private`, `temp` of one server, keys as they are.

    async with S3Objects.open(settings.get(S3), clock) as objects: ...

Clients read and write there directly, by URLs on `s3.public_endpoint`. Proven on SeaweedFS; MinIO and AWS know all
that it asks for. SeaweedFS looks before it completes an object of several parts (above 8 MiB, or a copy), but does not
hold it: of two such writes to one key within milliseconds the later one wins, where others refuse it.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta

from girok.clock import Clock
from girok.objects import s3_write
from girok.objects.port import (
    Bucket,
    ListedObject,
    ObjectInfo,
    ObjectsUnavailable,
    SignedUrl,
    check_expires_in,
    check_key,
    check_mime_type,
    check_prefix,
)
from girok.objects.s3_client import S3Client, open_client, why
from girok.objects.s3_start import S3NotReady, make_ready
from girok.objects.s3_watch import S3Watch
from girok.objects.sigv4 import QuerySigner
from girok.sections_cluster import S3

__all__ = ["S3Objects"]


class S3Objects:
    """ObjectStore on S3; `health` is a probe for /readyz. Made by `open`."""

    def __init__(self, client: S3Client, watch: S3Watch, signer: QuerySigner, clock: Clock) -> None:
        self._client = client
        self._watch = watch
        self._signer = signer
        self._clock = clock
        self.health = watch.health

    @classmethod
    @asynccontextmanager
    async def open(cls, section: S3, clock: Clock, *, wait: float = 10.0) -> AsyncGenerator["S3Objects", None]:
        """Open it, having waited for S3 for `wait` seconds at most. Raises S3NotReady, a Refusal."""
        for name in ("endpoint", "access_key", "secret_key"):
            if not getattr(section, name):
                raise S3NotReady(f"s3.{name} (GIROK_S3_{name.upper()}) is needed to keep objects on S3")
        signer = QuerySigner(
            section.public_endpoint or section.endpoint,
            region=section.region,
            access_key=section.access_key,
            secret_key=section.secret_key,
            clock=clock,
        )
        # The prober has connections of its own: busy ones must not look like a server that is away.
        async with open_client(section) as client, open_client(section, attempts=1, seconds=1) as prober:
            await make_ready(client, section, clock, within=wait)
            watch = S3Watch(section.endpoint, lambda: _look(prober))
            try:
                yield cls(client, watch, signer, clock)
            finally:
                await watch.aclose()

    async def put(
        self, bucket: Bucket, key: str, body: AsyncIterable[bytes], *, mime_type: str, max_size: int
    ) -> ObjectInfo:
        """Store `body`, at most `max_size` bytes, of which it holds 8 MiB in memory."""
        check_key(key)
        check_mime_type(mime_type)
        with self._watch.using():
            return await s3_write.put(self._client, bucket, key, body, mime_type=mime_type, max_size=max_size)

    async def read(
        self, bucket: Bucket, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to `end` (exclusive), in pieces of 256 KB at most."""
        check_key(key)
        with self._watch.using():
            if end is not None and end <= start:
                await self._client.stat(bucket, key)
                return
            async with aclosing(self._client.read(bucket, key, start, end)) as pieces:
                async for piece in pieces:
                    yield piece

    async def stat(self, bucket: Bucket, key: str) -> ObjectInfo:
        """What is stored there."""
        check_key(key)
        with self._watch.using():
            return s3_write.info_of(bucket, key, await self._client.stat(bucket, key))

    async def copy(self, source: tuple[Bucket, str], target: tuple[Bucket, str]) -> ObjectInfo:
        """A copy, made within S3."""
        check_key(source[1])
        check_key(target[1])
        with self._watch.using():
            return await s3_write.copy(self._client, source, target)

    async def delete(self, bucket: Bucket, key: str) -> None:
        """Remove it."""
        check_key(key)
        with self._watch.using():
            await self._client.delete(bucket, key)

    async def list(self, bucket: Bucket, prefix: str = "") -> AsyncGenerator[ListedObject, None]:
        """What is stored under a prefix, a page of 1000 at a time in memory."""
        check_prefix(prefix)
        after = None
        while True:
            with self._watch.using():
                page = await self._client.page(bucket, prefix, after)
            for each in page.objects:
                yield each
            if page.after is None:
                return
            after = page.after

    def public_url(self, bucket: Bucket, key: str) -> str:
        """The lasting address."""
        check_key(key)
        return f"{self._signer.endpoint}/{bucket}/{key}"

    def signed_get(self, bucket: Bucket, key: str, *, expires_in: int) -> SignedUrl:
        """Read one object for `expires_in` seconds, by GET."""
        return SignedUrl(self._url("GET", bucket, key, expires_in), "GET", {}, self._expiry(expires_in))

    def signed_put(self, bucket: Bucket, key: str, *, mime_type: str, size: int, expires_in: int) -> SignedUrl:
        """Write one object, once; what S3 keeps with it is among the headers that the client has to send."""
        check_mime_type(mime_type)
        headers = {**s3_write.stored_headers(bucket, mime_type), "If-None-Match": "*"}
        # The length is bound too; every client sends it by itself.
        url = self._url("PUT", bucket, key, expires_in, {**headers, "Content-Length": str(size)})
        return SignedUrl(url, "PUT", headers, self._expiry(expires_in))

    def _url(
        self, method: str, bucket: Bucket, key: str, expires_in: int, headers: Mapping[str, str] | None = None
    ) -> str:
        check_key(key)
        check_expires_in(expires_in)
        return self._signer.url(method, f"/{bucket}/{key}", expires_in=expires_in, headers=headers)

    def _expiry(self, expires_in: int) -> datetime:
        return self._clock.now().replace(microsecond=0) + timedelta(seconds=expires_in)


async def _look(prober: S3Client) -> str | None:
    try:
        return None if await prober.has_bucket("temp") else "the bucket temp is gone"
    except ObjectsUnavailable as error:
        return why(error)
