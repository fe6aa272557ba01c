"""The object store on a directory: `root/{bucket}/...`, one file per object (girok/objects/stored_file.py).

A put writes a draft in `root/.staging`, makes it durable, links it to its key and makes the folders durable: at any
instant the key has the whole object or none, and what was acknowledged survives a power cut. What a kill leaves is a
draft, swept at the next open (and at most an empty folder). So the one process that owns `root` opens it, once, and
holds the data directory's lock meanwhile.

The file system must know hard links and tell letter cases apart where keys differ in case only.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from girok.clock import Clock
from girok.fsync import sync_directory
from girok.objects.port import (
    BUCKETS,
    Bucket,
    ListedObject,
    ObjectExists,
    ObjectInfo,
    ObjectNotFound,
    ObjectTooLarge,
    SignedUrl,
    check_expires_in,
    check_key,
    check_mime_type,
    check_prefix,
)
from girok.objects.signing import Grant, UrlSigner
from girok.objects.stored_file import Draft, StoredFile, Trailer
from girok.objects.threads import on_thread
from girok.objects.tree import Tree
from girok.refusal import Refusal

__all__ = ["FileObjects", "ObjectsUnusable", "OpenObject"]

_PIECE = 256 * 1024
"""Bytes per hop to a thread."""
_PAGE = 256
"""Objects per hop when listing."""


class ObjectsUnusable(Refusal):
    """The directory of the objects cannot be made, read or written."""


class OpenObject:
    """An object that can be read although it is deleted meanwhile; see FileObjects.open."""

    def __init__(self, info: ObjectInfo, file: StoredFile) -> None:
        self.info = info
        self._file = file

    async def pieces(self, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to `end` (exclusive). Raises ObjectsUnavailable."""
        end = self.info.size if end is None else min(end, self.info.size)
        while start < end:
            piece = await on_thread(self._file.read, start, min(_PIECE, end - start))
            start += len(piece)
            yield piece


class FileObjects:
    """ObjectStore on files. `root` is made when missing; `base_url` is where girok/objects/http.py is reached.

    Opening blocks, and raises ObjectsUnusable.
    """

    def __init__(self, root: Path, *, base_url: Callable[[], str] | str, key: bytes, clock: Clock) -> None:
        self._base_url = base_url
        self._clock = clock
        self._staging = root / ".staging"
        self._trees: dict[Bucket, Tree] = {bucket: Tree(root / bucket) for bucket in BUCKETS}
        self.signer = UrlSigner(key, clock)
        try:
            self._open(root)
        except OSError as error:
            raise ObjectsUnusable(f"the objects in {root} cannot be used: {error.strerror}") from error

    def _open(self, root: Path) -> None:
        """Make the folders, and sweep what a kill left. Raises OSError."""
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)
        for folder in (self._staging, *(tree.top for tree in self._trees.values())):
            folder.mkdir(exist_ok=True)
        for leftover in self._staging.iterdir():
            leftover.unlink()
        sync_directory(root)
        sync_directory(root.parent)

    async def put(
        self, bucket: Bucket, key: str, body: AsyncIterable[bytes], *, mime_type: str, max_size: int
    ) -> ObjectInfo:
        """Store `body`, at most `max_size` bytes, which hold no more than a few hundred KB of memory."""
        check_key(key)
        check_mime_type(mime_type)
        draft = Draft(self._staging)
        gathered = bytearray()
        size = 0
        try:
            await on_thread(self._begin, draft, bucket, key)
            async for piece in body:
                size += len(piece)
                if size > max_size:
                    raise ObjectTooLarge
                gathered += piece
                if len(gathered) >= _PIECE:
                    await on_thread(draft.write, gathered)
                    gathered.clear()
            return await on_thread(self._publish, draft, bucket, key, gathered, mime_type)
        finally:
            await on_thread(draft.close)

    async def read(
        self, bucket: Bucket, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to `end` (exclusive), in pieces of 256 KB."""
        async with self.open(bucket, key) as opened:
            async for piece in opened.pieces(start, end):
                yield piece

    @contextlib.asynccontextmanager
    async def open(self, bucket: Bucket, key: str) -> AsyncGenerator[OpenObject, None]:
        """What is known of the object and its content, from one look. Raises ObjectNotFound, InvalidKey."""
        check_key(key)
        with contextlib.closing(StoredFile(self._trees[bucket].path(key))) as file:
            trailer = await on_thread(file.open)
            yield OpenObject(_info(bucket, key, trailer), file)

    async def stat(self, bucket: Bucket, key: str) -> ObjectInfo:
        """What is stored there."""
        async with self.open(bucket, key) as opened:
            return opened.info

    async def copy(self, source: tuple[Bucket, str], target: tuple[Bucket, str]) -> ObjectInfo:
        """A copy with its own time, so that a sweep by age sees a new object."""
        check_key(source[1])
        check_key(target[1])
        return await on_thread(self._copy, source, target)

    async def delete(self, bucket: Bucket, key: str) -> None:
        """Remove it, durably; who is reading it reads on."""
        check_key(key)
        await on_thread(self._trees[bucket].remove, key)

    async def list(self, bucket: Bucket, prefix: str = "") -> AsyncGenerator[ListedObject, None]:
        """What is stored under a prefix, in the order of the keys, a page at a time in memory."""
        check_prefix(prefix)
        found = self._listed(bucket, prefix)
        while page := await on_thread(lambda: tuple(islice(found, _PAGE))):
            for each in page:
                yield each

    def public_url(self, bucket: Bucket, key: str) -> str:
        """The lasting address."""
        check_key(key)
        base = self._base_url if isinstance(self._base_url, str) else self._base_url()
        return f"{base.rstrip('/')}/{bucket}/{key}"

    def signed_get(self, bucket: Bucket, key: str, *, expires_in: int) -> SignedUrl:
        """Read one object for `expires_in` seconds, by GET or HEAD."""
        return self._signed(Grant("GET", bucket, key, self._expiry(expires_in)), {})

    def signed_put(self, bucket: Bucket, key: str, *, mime_type: str, size: int, expires_in: int) -> SignedUrl:
        """Write one object; the client's own Content-Length must be `size`."""
        check_mime_type(mime_type)
        grant = Grant("PUT", bucket, key, self._expiry(expires_in), size, mime_type)
        return self._signed(grant, {"Content-Type": mime_type})

    def _signed(self, grant: Grant, headers: dict[str, str]) -> SignedUrl:
        url = f"{self.public_url(grant.bucket, grant.key)}?{self.signer.query(grant)}"
        return SignedUrl(url, grant.method, headers, datetime.fromtimestamp(grant.expires, UTC))

    def _expiry(self, expires_in: int) -> int:
        check_expires_in(expires_in)
        return int(self._clock.now().timestamp()) + expires_in

    def _begin(self, draft: Draft, bucket: Bucket, key: str) -> None:
        """Also spares the client the upload when the key is taken already."""
        if self._trees[bucket].path(key).exists():
            raise ObjectExists
        draft.open()

    def _publish(self, draft: Draft, bucket: Bucket, key: str, rest: bytearray, mime_type: str) -> ObjectInfo:
        draft.write(rest)
        trailer = draft.finish(mime_type, self._clock.now())
        self._trees[bucket].publish(draft.path, key)
        return _info(bucket, key, trailer)

    def _copy(self, source: tuple[Bucket, str], target: tuple[Bucket, str]) -> ObjectInfo:
        original, draft = StoredFile(self._trees[source[0]].path(source[1])), Draft(self._staging)
        with contextlib.closing(original), contextlib.closing(draft):
            trailer = original.open()
            self._begin(draft, *target)
            done = 0
            while done < trailer.size:
                piece = original.read(done, min(_PIECE, trailer.size - done))
                draft.write(piece)
                done += len(piece)
            return self._publish(draft, *target, bytearray(), trailer.mime_type)

    def _listed(self, bucket: Bucket, prefix: str) -> Iterator[ListedObject]:
        for key, path in self._trees[bucket].walk(prefix):
            with contextlib.suppress(ObjectNotFound), contextlib.closing(StoredFile(path)) as file:
                trailer = file.open()
                yield ListedObject(key, trailer.size, trailer.etag, trailer.modified_at)


def _info(bucket: Bucket, key: str, trailer: Trailer) -> ObjectInfo:
    return ObjectInfo(bucket, key, trailer.size, trailer.mime_type, trailer.etag, trailer.modified_at)
