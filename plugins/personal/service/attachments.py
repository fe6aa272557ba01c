"""Attachments of one's own resumes. Somebody else's is one that there is not."""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from girok.clock import Clock, IdFactory
from girok.context import require_user
from girok.errors import FieldError, Text
from girok.http.decode import invalid
from plugins.personal.errors import UnsupportedFile
from plugins.personal.files import NewAttachment
from plugins.personal.messages import Attachment, AttachmentType
from plugins.personal.repository import FileRepository
from plugins.personal.service.upkeep import Upkeep
from plugins.personal.service.uploads import Upload

__all__ = ["Attachments"]

_TWICE = Text("An attachment is named twice.", "같은 첨부 파일이 두 번 있습니다.")


class Attachments:
    """For the routes of this process."""

    def __init__(
        self, files: FileRepository, clock: Clock, ids: IdFactory, upkeep: Upkeep, max_attachments: int
    ) -> None:
        self._files = files
        self._clock = clock
        self._ids = ids
        self._upkeep = upkeep
        self._most = max_attachments

    async def check(self, resume_id: str) -> None:
        """Before a file is sent for nothing. Raises ResumeNotFound."""
        await self._files.check_own(resume_id, require_user().user_id)

    async def add(
        self, resume_id: str, upload: Upload, kind: AttachmentType, title: str | None, description: str | None
    ) -> Attachment:
        """The resume keeps the upload; a profile photo takes the place of the earlier one.

        Raises FileMissing, UnsupportedFile, ResumeNotFound, TooManyAttachments, UploadExpired.
        """
        file = upload.file
        if kind == "PROFILE_PHOTO" and not upload.is_image:
            raise UnsupportedFile
        new = NewAttachment(
            id=self._ids.new(),
            resume_id=resume_id,
            user_id=upload.user_id,
            type=kind,
            key=file.key,
            size=upload.size,
            title=title or None,
            description=description or None,
            now=self._clock.now(),
        )
        attached = await self._files.attach(new, self._most)
        if kind == "PROFILE_PHOTO":
            await self._upkeep.tidy(upload.user_id)
        return attached

    async def attachments(self, resume_id: str, kind: AttachmentType | None) -> list[Attachment]:
        """All, or those of a kind, in order. Raises ResumeNotFound."""
        found = await self._files.attachments(resume_id, require_user().user_id)
        return [each for each in found if kind in (None, each.type)]

    async def reorder(self, resume_id: str, kind: AttachmentType, ids: Sequence[str]) -> list[Attachment]:
        """Those of a kind: `ids` first, in this order. Raises InvalidInput, ResumeNotFound, AttachmentNotFound."""
        if len(set(ids)) < len(ids):
            raise invalid((FieldError("attachmentIds", _TWICE),))
        return await self._files.reorder(resume_id, require_user().user_id, kind, ids, self._clock.now())

    async def change(
        self,
        resume_id: str,
        attachment_id: str,
        *,
        title: str | UnsetType | None = UNSET,
        description: str | UnsetType | None = UNSET,
        visible: bool | UnsetType = UNSET,
    ) -> Attachment:
        """What is UNSET stays. Raises ResumeNotFound, AttachmentNotFound."""
        given = {"title": title or None, "description": description or None, "visible": visible}
        wanted = {"title": title, "description": description, "visible": visible}
        changes = {name: given[name] for name, value in wanted.items() if value is not UNSET}
        place = (resume_id, attachment_id)
        return await self._files.change_attachment(
            place, require_user().user_id, lambda stored: replace(stored, **changes), self._clock.now()
        )

    async def remove(self, resume_id: str, attachment_id: str) -> None:
        """Its file goes too. Raises ResumeNotFound, AttachmentNotFound."""
        user_id = require_user().user_id
        await self._files.remove(resume_id, user_id, attachment_id, self._clock.now())
        await self._upkeep.tidy(user_id)
