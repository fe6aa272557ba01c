"""What the tests of the objects on S3 need: an empty store on a real server."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from girok.clock import Clock, SystemClock
from girok.objects.port import BUCKETS
from girok.objects.s3 import S3Objects
from girok.sections_cluster import S3
from girok.servers.process import ServerProcess
from girok.servers.seaweedfs import keys_of


def section_of(server: ServerProcess, **changed: Any) -> S3:
    """The settings for `server`; clients reach it by another name than girok does."""
    keys = keys_of(server.folder)
    public = f"http://localhost:{urlsplit(server.url).port}"
    fields = {"endpoint": server.url, "public_endpoint": public, "access_key": keys.access, "secret_key": keys.secret}
    return S3(**{**fields, **changed})


@asynccontextmanager
async def open_s3(server: ServerProcess, clock: Clock | None = None, **changed: Any) -> AsyncGenerator[S3Objects, None]:
    """A store on `server` as it is."""
    async with S3Objects.open(section_of(server, **changed), clock or SystemClock()) as store:
        yield store


async def wipe(store: S3Objects) -> None:
    """Leave nothing there."""
    for bucket in BUCKETS:
        for key in [each.key async for each in store.list(bucket)]:
            await store.delete(bucket, key)
        for upload in await store._client.uploads(bucket):
            await store._client.abort(upload)
