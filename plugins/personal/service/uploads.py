"""Files on their way in: streamed to the object store and looked at while they pass."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import datetime

from girok.clock import Clock
from girok.context import require_user
from girok.errors import GirokError, Unavailable
from girok.http.body import BodyTooSlow
from girok.http.multipart import file_label
from girok.objects.port import ObjectStore
from girok.ratelimit import RateLimiter
from plugins.personal.errors import FileMismatch, FileMissing, FileTooLarge, ImageTooLarge, UnsupportedFile
from plugins.personal.file_types import FileType, Inspection, Malformed, TooManyPixels, claimed
from plugins.personal.files import (
    BUCKET,
    LASTING,
    MAX_FILE,
    MOST_TEMPORARY,
    PENDING,
    UPLOAD_SECONDS,
    FileKind,
    NewFile,
    new_key,
)
from plugins.personal.repository import FileRepository
from plugins.personal.service.upkeep import Upkeep

__all__ = ["Upload", "Uploads"]


class Upload:
    """One file on its way in; `kind` says what it is for, and a PHOTO must be an image."""

    def __init__(
        self, files: FileRepository, objects: ObjectStore, user_id: str, kind: FileKind, now: datetime
    ) -> None:
        self.user_id = user_id
        self.size = 0
        self._files = files
        self._objects = objects
        self._kind: FileKind = kind
        self._now = now
        self._type: FileType | None = None
        self._file: NewFile | None = None

    @property
    def file(self) -> NewFile:
        """What has come. Raises FileMissing when nothing has."""
        if self._file is None:
            raise FileMissing
        return self._file

    @property
    def is_image(self) -> bool:
        """Whether it is one."""
        return self._type is not None and self._type.is_image

    async def receive(self, file_name: str, content_type: str, pieces: AsyncIterator[bytes]) -> None:
        """Take it. Raises UnsupportedFile, FileMismatch, ImageTooLarge, FileTooLarge; FileMissing for a second one.

        Raises also what `pieces` raises, and what the object store does: ObjectsUnavailable, StorageFull.
        """
        kind = claimed(content_type, file_name)
        if kind is None or (self._kind == "PHOTO" and not kind.is_image):
            raise UnsupportedFile
        if self._file is not None:
            raise FileMissing
        file = NewFile(
            key=new_key(kind.extension),
            user_id=self.user_id,
            kind=self._kind,
            file_name=file_label(file_name),
            mime_type=kind.mime_type,
            expires_at=self._now + PENDING,
            created_at=self._now,
        )
        await self._files.begin(file)
        self._type, self._file = kind, file
        async with aclosing(self._inspected(kind, pieces)) as body:
            await self._objects.put(BUCKET, file.key, body, mime_type=kind.mime_type, max_size=MAX_FILE)

    async def discard(self) -> None:
        """Undo what was done, if it is on its way. The sweep does what cannot be done now."""
        with suppress(Unavailable):
            if self._file is not None and await self._files.drop_pending(self._file.key):
                await self._objects.delete(BUCKET, self._file.key)
                await self._files.forget([self._file.key])

    async def _inspected(self, kind: FileType, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        inspection, received = Inspection(kind), 0
        try:
            async for piece in pieces:
                received += len(piece)
                if received > MAX_FILE:
                    raise FileTooLarge
                if own := inspection.feed(piece):
                    self.size += len(own)
                    yield own
            inspection.finish()
        except TooManyPixels as error:
            raise ImageTooLarge from error
        except Malformed as error:
            raise FileMismatch from error


class Uploads:
    """Uploads, and the temporary ones that a resume may take later. For the routes of this process."""

    def __init__(
        self, files: FileRepository, objects: ObjectStore, limiter: RateLimiter, clock: Clock, upkeep: Upkeep
    ) -> None:
        self._files = files
        self._objects = objects
        self._limiter = limiter
        self._clock = clock
        self._upkeep = upkeep

    @asynccontextmanager
    async def receiving(self, kind: FileKind) -> AsyncGenerator[Upload, None]:
        """An upload of who acts. Raises RateLimited, and BodyTooSlow for one that takes a quarter of an hour.

        When the body refuses it, it goes at once. Where it is not known what became of it, the sweep decides by its
        row, once nothing of it can still come.
        """
        user_id = require_user().user_id
        await self._limiter.spend("upload", f"account:{user_id}")
        upload = Upload(self._files, self._objects, user_id, kind, self._clock.now())
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                yield upload
        except TimeoutError as error:
            raise BodyTooSlow from error
        except Unavailable:
            raise
        except GirokError:
            await upload.discard()
            raise

    async def keep_temporary(self, upload: Upload) -> NewFile:
        """The upload is good for 24 hours. Raises FileMissing, UploadExpired."""
        now = self._clock.now()
        await self._files.keep_temporary(upload.file, upload.size, now, now + LASTING, MOST_TEMPORARY)
        return upload.file

    async def delete_temporary(self, key: str) -> None:
        """Drop one's own. Raises TempUploadNotFound."""
        user_id = require_user().user_id
        await self._files.drop_temporary(key, user_id, self._clock.now())
        await self._upkeep.tidy(user_id)

    def url_of(self, key: str) -> str:
        """Where a file is read, by anybody who knows it."""
        return self._objects.public_url(BUCKET, key)
