"""The object store port: files by bucket and key, with URLs that let a client put or get one directly.

    await store.put("temp", key, body, mime_type="image/png", max_size=30_000_000)
    await store.copy(("temp", key), ("public", key))
    upload = store.signed_put("temp", key, mime_type="image/png", size=81_920, expires_in=900)

Objects are immutable: a key is written once, and may be written anew only after it was deleted. Keys are chosen by
girok, never by a client. None is another's folder, or was (`a` beside `a/b`): MinIO and SeaweedFS are trees too.

Two adapters: a directory (files.py) and S3 (s3.py). Where the port says less than one of them does, the other cannot.
"""

import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from datetime import datetime
from typing import Literal, Protocol, get_args

import msgspec

from girok.errors import Conflict, InvalidInput, NotFound, Text, Unavailable

__all__ = [
    "BUCKETS",
    "MAX_EXPIRES_IN",
    "MAX_KEY",
    "MAX_SEGMENT",
    "Bucket",
    "InvalidKey",
    "InvalidMimeType",
    "ListedObject",
    "ObjectExists",
    "ObjectInfo",
    "ObjectNotFound",
    "ObjectStore",
    "ObjectTooLarge",
    "ObjectsUnavailable",
    "SignedUrl",
    "StorageFull",
    "check_expires_in",
    "check_key",
    "check_mime_type",
    "check_prefix",
]

Bucket = Literal["public", "private", "temp"]
BUCKETS: tuple[Bucket, ...] = get_args(Bucket)

MAX_KEY = 512
"""Characters of a key at most."""
MAX_SEGMENT = 200
"""Characters between two slashes at most: file systems end at 255 bytes a name."""
MAX_EXPIRES_IN = 7 * 24 * 3600
"""Seconds a signed URL may live at most: S3's own limit."""

_SEGMENT = re.compile(rf"(?!\.{{1,2}}\Z)[A-Za-z0-9._-]{{1,{MAX_SEGMENT}}}", re.ASCII)
_PARTIAL = re.compile(rf"[A-Za-z0-9._-]{{0,{MAX_SEGMENT}}}", re.ASCII)
_NAME = r"[A-Za-z0-9!#$&^_.+-]{1,100}"
_MIME_TYPE = re.compile(rf"{_NAME}/{_NAME}(?:; ?{_NAME}={_NAME})?", re.ASCII)


class ObjectNotFound(NotFound):
    """There is no object under this key."""

    reason = "OBJECT_NOT_FOUND"
    text = Text("There is no such file.", "파일을 찾을 수 없습니다.")


class ObjectTooLarge(InvalidInput):
    """More bytes came than were allowed; nothing was stored."""

    reason = "OBJECT_TOO_LARGE"
    text = Text("The file is too large.", "파일이 너무 큽니다.")


class InvalidKey(InvalidInput):
    """A key may use only `A-Z a-z 0-9 . _ / -`, with no empty, `.` or `..` segment, within MAX_KEY and MAX_SEGMENT."""

    reason = "INVALID_KEY"
    text = Text("The file's key is not valid.", "파일 키가 올바르지 않습니다.")


class InvalidMimeType(InvalidInput):
    """A mime type is `type/subtype`, with one parameter at most."""

    reason = "INVALID_MIME_TYPE"
    text = Text("The file's type is not valid.", "파일 형식이 올바르지 않습니다.")


class ObjectExists(Conflict):
    """The key is taken: objects are never overwritten."""

    reason = "OBJECT_EXISTS"
    text = Text("This file exists already.", "파일이 이미 존재합니다.")


class ObjectsUnavailable(Unavailable):
    """The store does not answer, or fails. Whether it stored what it was given is not known."""

    reason = "OBJECTS_UNAVAILABLE"
    text = Text("Files are not available at the moment.", "현재 파일을 이용할 수 없습니다.")


class StorageFull(Unavailable):
    """The store has no room for it; nothing was stored. Reading goes on."""

    reason = "STORAGE_FULL"
    text = Text("There is no room for the file at the moment.", "현재 파일을 저장할 공간이 없습니다.")


class ObjectInfo(msgspec.Struct, frozen=True):
    """`size` in bytes; `etag` changes with the content; `modified_at` may be cut to the second."""

    bucket: Bucket
    key: str
    size: int
    mime_type: str
    etag: str
    modified_at: datetime


class ListedObject(msgspec.Struct, frozen=True):
    """What a listing knows of an object: all but its type, for which S3 would have to be asked object by object."""

    key: str
    size: int
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
        """Store `body`, at most `max_size` bytes. What `body` raises goes through, and nothing is stored then.

        Raises ObjectTooLarge, ObjectExists, InvalidKey, InvalidMimeType, StorageFull, ObjectsUnavailable. After the
        last it may be stored: trying again stores it or raises ObjectExists.
        """
        ...

    def read(self, bucket: Bucket, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end` (exclusive), in pieces. Raises ObjectNotFound at the first one.

        An object of which not all can be read ends in ObjectsUnavailable, never early.
        """
        ...

    async def stat(self, bucket: Bucket, key: str) -> ObjectInfo:
        """What is stored there. Raises ObjectNotFound."""
        ...

    async def copy(self, source: tuple[Bucket, str], target: tuple[Bucket, str]) -> ObjectInfo:
        """A copy that lives on when the source is deleted. Its time is its own.

        Raises ObjectNotFound, ObjectExists, StorageFull, ObjectsUnavailable.
        """
        ...

    async def delete(self, bucket: Bucket, key: str) -> None:
        """Remove it; no error when it is not there."""
        ...

    def list(self, bucket: Bucket, prefix: str = "") -> AsyncIterator[ListedObject]:
        """What is stored under a prefix: for sweeps, not for requests.

        In no order: some servers go folder by folder. A prefix need not end at a slash. What comes or goes meanwhile
        may be in it or not.
        """
        ...

    def public_url(self, bucket: Bucket, key: str) -> str:
        """The lasting address `{storage public url}/{bucket}/{key}`; only `public` answers it without a signature."""
        ...

    def signed_get(self, bucket: Bucket, key: str, *, expires_in: int) -> SignedUrl:
        """Read one object for `expires_in` seconds (1 to MAX_EXPIRES_IN), by GET."""
        ...

    def signed_put(self, bucket: Bucket, key: str, *, mime_type: str, size: int, expires_in: int) -> SignedUrl:
        """Write one object of exactly `size` bytes and this type, once, for `expires_in` seconds.

        The client's own Content-Length must be `size`. A key that is taken keeps its content.
        """
        ...


def check_key(key: str) -> None:
    """Raises InvalidKey for what is no key."""
    if len(key) > MAX_KEY or not all(map(_SEGMENT.fullmatch, key.split("/"))):
        raise InvalidKey


def check_prefix(prefix: str) -> None:
    """Raises InvalidKey for what no key can begin with."""
    *whole, last = prefix.split("/")
    if len(prefix) > MAX_KEY or not all(map(_SEGMENT.fullmatch, whole)) or not _PARTIAL.fullmatch(last):
        raise InvalidKey


def check_mime_type(mime_type: str) -> None:
    """Raises InvalidMimeType for what could not stand in a Content-Type header."""
    if not _MIME_TYPE.fullmatch(mime_type):
        raise InvalidMimeType


def check_expires_in(seconds: int) -> None:
    """Raises ValueError when no signed URL may live that long."""
    if not 1 <= seconds <= MAX_EXPIRES_IN:
        raise ValueError(f"expires_in must be 1 to {MAX_EXPIRES_IN} seconds, not {seconds}")
