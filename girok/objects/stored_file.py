"""One object as one file: its content, then a trailer with what is known of it.

    content | {"mime_type": ..., "etag": ..., "modified_at": ..., "size": ...} | length of the JSON (4 bytes) | magic

Type and etag lie in the file itself so that they live and die with the content under the one link that publishes
both. A sidecar would be a second name that a kill, a copy or a restore can part from the first; extended attributes
are lost by plain `cp`, `tar` and by some file systems. They stand behind the content because the etag is its hash,
known at the end, and so that an offset in the object is the offset in the file. Everything here blocks.
"""

import hashlib
import os
import struct
import tempfile
from datetime import datetime
from pathlib import Path

import msgspec

from girok.errors import Internal
from girok.objects.port import ObjectNotFound

__all__ = ["Draft", "ObjectDamaged", "StoredFile", "Trailer"]

_END = struct.Struct(">I8s")
_MAGIC = b"girok\x00\x00\x01"
_TRAILER_MAX = 1024


class ObjectDamaged(Internal):
    """The file is not as girok wrote it: cut, or changed from outside. The cause names it."""

    reason = "OBJECT_DAMAGED"


class Trailer(msgspec.Struct, frozen=True):
    """What a file knows of its object."""

    mime_type: str
    etag: str
    modified_at: datetime
    size: int


class Draft:
    """An object in the making: a file in the staging folder, swept at the next start when a kill leaves it there."""

    def __init__(self, staging: Path) -> None:
        self._staging = staging
        self._descriptor = -1
        self._hash = hashlib.sha256()
        self._size = 0
        self.path = staging

    def open(self) -> None:
        """Begin. Raises OSError."""
        self._descriptor, name = tempfile.mkstemp(dir=self._staging)
        self.path = Path(name)

    def write(self, data: bytes | bytearray) -> None:
        """Append content. Raises OSError."""
        view = memoryview(data)
        self._hash.update(view)
        self._size += len(view)
        self._append(view)

    def finish(self, mime_type: str, modified_at: datetime) -> Trailer:
        """Append the trailer and make the file durable. Raises OSError."""
        trailer = Trailer(mime_type, self._hash.hexdigest()[:32], modified_at, self._size)
        encoded = msgspec.json.encode(trailer)
        self._append(memoryview(encoded + _END.pack(len(encoded), _MAGIC)))
        os.fsync(self._descriptor)
        return trailer

    def close(self) -> None:
        """Remove the draft: the object remains when it was published, else nothing does. Twice is no error."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            self.path.unlink(missing_ok=True)

    def _append(self, view: memoryview) -> None:
        while view:
            view = view[os.write(self._descriptor, view) :]


class StoredFile:
    """A published object. Once open it is read to its end even when it is deleted meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def open(self) -> Trailer:
        """Open it and say what it is. Raises ObjectNotFound, ObjectDamaged, OSError."""
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            raise ObjectNotFound from None
        length = os.fstat(self._descriptor).st_size
        tail = os.pread(self._descriptor, _TRAILER_MAX, max(0, length - _TRAILER_MAX))
        try:
            return _parse(tail, length)
        except (ValueError, msgspec.MsgspecError) as error:
            raise ObjectDamaged from _cause(self._path, error)

    def read(self, start: int, count: int) -> bytes:
        """Up to `count` bytes of the content from `start`, at least one. Raises ObjectDamaged, OSError."""
        piece = os.pread(self._descriptor, count, start)
        if not piece:
            raise ObjectDamaged from _cause(self._path, "it was cut while it was read")
        return piece

    def close(self) -> None:
        """To be called after the last read has returned. Twice is no error."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _parse(tail: bytes, length: int) -> Trailer:
    """The trailer at the end of a file of `length` bytes. Raises ValueError, MsgspecError."""
    if len(tail) < _END.size:
        raise ValueError("too short")
    encoded_length, magic = _END.unpack(tail[-_END.size :])
    if magic != _MAGIC or encoded_length > len(tail) - _END.size:
        raise ValueError("no trailer")
    trailer = msgspec.json.decode(tail[-_END.size - encoded_length : -_END.size], type=Trailer)
    if trailer.size + encoded_length + _END.size != length:
        raise ValueError("not the size it had")
    return trailer


def _cause(path: Path, why: object) -> ValueError:
    return ValueError(f"{path}: {why}")
