"""The object store port: files by bucket and key, with URLs that let a client put or get one directly."""

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from girok.errors import Conflict, InvalidInput, NotFound

__all__ = ["Bucket", "ObjectInfo", "ObjectNotFound", "ObjectStore", "ObjectTooLarge", "SignedUrl"]

Bucket = Literal["public", "private", "temp"]


class ObjectNotFound(NotFound):
    """There is no object under this key."""

    reason = "OBJECT_NOT_FOUND"


class ObjectTooLarge(InvalidInput):
    """More bytes came than were allowed; nothing was stored."""

    reason = "OBJECT_TOO_LARGE"


class InvalidKey(InvalidInput):
    """A key may use only `A-Z a-z 0-9 . _ / -`, with no empty, `.` or `..` segment."""

    reason = "INVALID_KEY"


class ObjectExists(Conflict):
    """The key is taken: objects are never overwritten."""

    reason = "OBJECT_EXISTS"


class ObjectInfo(msgspec.Struct, frozen=True):
    """`size` in bytes; `etag` changes with the content."""

    bucket: Bucket
    key: str
    size: int
    mime_type: str
    etag: str
    modified_at: datetime


class SignedUrl(msgspec.Struct, frozen=True):
    """A request that a client may send by itself until `expires_at`, with exactly these headers."""

    url: str
    method: str
    headers: Mapping[str, str]
    expires_at: datetime


class ObjectStore(Protocol):
    """Files by bucket and key. A write is there whole or not at all, also after a kill at any instant."""

    async def put(
        self, bucket: Bucket, key: str, body: AsyncIterable[bytes], *, mime_type: str, max_size: int
    ) -> ObjectInfo:
        """Store `body`, at most `max_size` bytes. Raises ObjectTooLarge, InvalidKey, Unavailable."""
        ...

    def read(self, bucket: Bucket, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end` (exclusive), in pieces. Raises ObjectNotFound at the first one."""
        ...

    async def stat(self, bucket: Bucket, key: str) -> ObjectInfo:
        """What is stored there. Raises ObjectNotFound."""
        ...

    async def copy(self, source: tuple[Bucket, str], target: tuple[Bucket, str]) -> ObjectInfo:
        """A copy that lives on when the source is deleted. Raises ObjectNotFound."""
        ...

    async def delete(self, bucket: Bucket, key: str) -> None:
        """Remove it; no error when it is not there."""
        ...

    def list(self, bucket: Bucket, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """What is stored under a prefix, by key: for sweeps, not for requests."""
        ...

    def public_url(self, bucket: Bucket, key: str) -> str:
        """The lasting address `{storage public url}/{bucket}/{key}`; only `public` answers it without a signature."""
        ...

    def signed_get(self, bucket: Bucket, key: str, *, expires_in: int) -> SignedUrl:
        """Read one object for `expires_in` seconds."""
        ...

    def signed_put(self, bucket: Bucket, key: str, *, mime_type: str, size: int, expires_in: int) -> SignedUrl:
        """Write one object of exactly `size` bytes and this type, for `expires_in` seconds."""
        ...
