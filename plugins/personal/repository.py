"""Personal's storage ports. Each method is one unit of work."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from girok.events.consumer import Delivery
from plugins.personal.files import NewAttachment, NewFile, NewFiles, PhotoChange, ShownPhoto
from plugins.personal.links import ShareLink
from plugins.personal.messages import Attachment, AttachmentType, Resume
from plugins.personal.preferences import Preferences

__all__ = ["ErasureRepository", "FileRepository", "PreferencesRepository", "ResumeRepository", "ShareRepository"]


class ResumeRepository(Protocol):
    """Resumes with their attachments. `user_id` is the owner: somebody else's is as one that there is not."""

    async def create(self, resume: Resume, most: int, new_files: NewFiles | None = None) -> Resume:
        """Store it, and give it these files; a default one takes that from the user's others.

        Raises TooManyResumes when the user has `most` already; UnknownTempKey, UploadExpired, InvalidInput.
        """
        ...

    async def resume(self, resume_id: str, user_id: str) -> Resume | None:
        """One of the user's."""
        ...

    async def resumes(self, user_id: str) -> list[Resume]:
        """The user's, the default first, then the newest."""
        ...

    async def first(self, user_id: str) -> Resume | None:
        """The user's default, else their newest."""
        ...

    async def first_version(self, user_id: str) -> tuple[str, int] | None:
        """The id and the version of `first`, at the cost of one small statement."""
        ...

    async def shared(self, resume_id: str) -> Resume | None:
        """Anybody's, as its owner sees it: what others get of it goes through `privacy.published`."""
        ...

    async def update(
        self,
        resume_id: str,
        user_id: str,
        change: Callable[[Resume], Resume],
        now: datetime,
        photo: PhotoChange | None = None,
    ) -> Resume:
        """The resume as `change` makes it of the stored one, with the next version.

        `change` is pure, may run again, and may raise: then nothing happens. Raises ResumeNotFound; UnknownTempKey,
        InvalidInput for a `photo` that there is not.
        """
        ...

    async def delete(self, resume_id: str, user_id: str, now: datetime) -> None:
        """Nobody finds it any more, and its files go. Raises ResumeNotFound."""
        ...


class ShareRepository(Protocol):
    """Share links. One whose resume is deleted is as one that there is not, and so is somebody else's."""

    async def add(self, link: ShareLink, most: int) -> None:
        """Store it. Raises ResumeNotFound when the user has no such resume, TooManyShares who has `most` already."""
        ...

    async def links_of(self, user_id: str) -> list[ShareLink]:
        """The user's, the newest first."""
        ...

    async def link(self, link_id: str, user_id: str) -> ShareLink | None:
        """One of the user's."""
        ...

    async def by_token(self, token: str) -> ShareLink | None:
        """Anybody's."""
        ...

    async def change(self, link_id: str, user_id: str, changed: Callable[[ShareLink], ShareLink]) -> ShareLink:
        """The link as `changed`, which is pure and may run again, makes it of the stored one. Raises ShareNotFound."""
        ...

    async def remove(self, link_id: str, user_id: str) -> None:
        """Raises ShareNotFound."""
        ...

    async def count_views(self, views: Mapping[str, int], now: datetime) -> None:
        """So many views more for each link; those that are gone are left out."""
        ...


class PreferencesRepository(Protocol):
    """Preferences, one row a user."""

    async def preferences(self, user_id: str) -> Preferences | None:
        """The user's."""
        ...

    async def change(self, defaults: Preferences, changed: Callable[[Preferences], Preferences]) -> Preferences:
        """The user's as `changed`, which is pure and may run again, makes them of the stored ones or of `defaults`."""
        ...

    async def begin(self, defaults: Preferences, delivery: Delivery) -> None:
        """Store `defaults` for a user who has none."""
        ...


class ErasureRepository(Protocol):
    """Removes all of a user but their files, piece by piece: cut off anywhere, it is whole once it is run again."""

    async def erase(self, user_id: str) -> None:
        """Their links first, then their resumes, those that were deleted too."""
        ...

    async def end(self, user_id: str, delivery: Delivery) -> None:
        """The last piece, with the mark that all is done."""
        ...


class FileRepository(Protocol):
    """Files and attachments. `user_id` is the owner: somebody else's is as one that there is not."""

    async def begin(self, *files: NewFile) -> None:
        """They are on their way: from here on the sweep knows them."""
        ...

    async def keep_temporary(self, file: NewFile, size: int, now: datetime, until: datetime, most: int) -> None:
        """The file has come and is good `until` then; of more than `most` of the user's the oldest are dropped.

        Raises UploadExpired.
        """
        ...

    async def drop_temporary(self, key: str, user_id: str, now: datetime) -> None:
        """Raises TempUploadNotFound."""
        ...

    async def attach(self, new: NewAttachment, most: int) -> Attachment:
        """The file has come, and the resume keeps it; a profile photo takes the place of the earlier one.

        Raises ResumeNotFound, TooManyAttachments when the resume has `most`, UploadExpired.
        """
        ...

    async def check_own(self, resume_id: str, user_id: str) -> None:
        """Raises ResumeNotFound."""
        ...

    async def attachments(self, resume_id: str, user_id: str) -> list[Attachment]:
        """Those of a resume, in order. Raises ResumeNotFound."""
        ...

    async def change_attachment(
        self, place: tuple[str, str], user_id: str, change: Callable[[Attachment], Attachment], now: datetime
    ) -> Attachment:
        """Store title, description and visibility as `change`, which is pure and may run again, makes them.

        `place` is the resume's id and the attachment's. Raises ResumeNotFound, AttachmentNotFound.
        """
        ...

    async def reorder(
        self, resume_id: str, user_id: str, kind: AttachmentType, ids: Sequence[str], now: datetime
    ) -> list[Attachment]:
        """Those of a kind with `ids` first, in this order. Raises ResumeNotFound, AttachmentNotFound."""
        ...

    async def remove(self, resume_id: str, user_id: str, attachment_id: str, now: datetime) -> None:
        """Its file is dropped. Raises ResumeNotFound, AttachmentNotFound."""
        ...

    async def photo(self, key: str, now: datetime) -> ShownPhoto | None:
        """The photo with this key, anybody's."""
        ...

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Keys of files that have expired, whoever had them."""
        ...

    async def dropped(self, user_id: str, limit: int) -> list[str]:
        """Keys of the user's files that were dropped and are still there."""
        ...

    async def drop_pending(self, key: str) -> bool:
        """Drop a file that is on its way; False when it has come and is kept, or is gone."""
        ...

    async def drop_some(self, user_id: str, limit: int) -> list[str]:
        """Drop files of the user, whatever keeps them, and give their keys; none when there are none.

        Files on their way are left to expire: their objects may still come.
        """
        ...

    async def forget(self, keys: Sequence[str]) -> None:
        """Their objects are gone. What is kept stays."""
        ...
