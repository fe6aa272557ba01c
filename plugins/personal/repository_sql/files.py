"""Files and attachments on SQL; and what other units of personal do with them, to be taken in by `yield from`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec

from girok.db.database import Database
from girok.db.statement import Row
from girok.db.unit import Unit, execute, first, rows
from plugins.personal.errors import (
    AttachmentNotFound,
    ResumeNotFound,
    TempUploadNotFound,
    TooManyAttachments,
    UnknownTempKey,
    UploadExpired,
)
from plugins.personal.files import CopiedFile, NewAttachment, NewFile, ShownPhoto, kind_of
from plugins.personal.messages import Attachment, AttachmentType
from plugins.personal.statements import files as sql

__all__ = [
    "SqlFileRepository",
    "UrlOf",
    "attachments",
    "attachments_by_resume",
    "drop_all",
    "insert_copies",
    "remove_photo",
    "set_photo",
]

UrlOf: TypeAlias = Callable[[str], str]
"""The address of a key."""


def attachments(resume_id: str, url_of: UrlOf) -> Unit[tuple[Attachment, ...]]:
    """A resume's, in order."""
    found = yield from rows(sql.ATTACHMENTS(resume_ids=[resume_id]))
    return tuple(_attachment(row, url_of) for row in found)


async def attachments_by_resume(
    db: Database, resume_ids: Sequence[str], url_of: UrlOf
) -> dict[str, tuple[Attachment, ...]]:
    """Those of each resume that has some, in order."""
    found: dict[str, list[Attachment]] = {}
    if resume_ids:
        for row in await db.fetch(sql.ATTACHMENTS(resume_ids=list(resume_ids))):
            found.setdefault(row["resume_id"], []).append(_attachment(row, url_of))
    return {resume_id: tuple(each) for resume_id, each in found.items()}


def set_photo(resume_id: str, user_id: str, key: str, now: datetime, attachment_id: str) -> Unit[None]:
    """Make the user's temporary upload the resume's photo, and drop the earlier one. Raises UnknownTempKey.

    Who has this in a unit changes the resume's version there.
    """
    if not (yield from rows(sql.TAKE_PHOTO(key=key, user_id=user_id, now=now))):
        raise UnknownTempKey
    yield from remove_photo(resume_id)
    photo: dict[str, object] = {"type": "PROFILE_PHOTO", "title": None, "description": None, "visible": True}
    yield from execute(sql.INSERT_ATTACHMENT(**photo, id=attachment_id, resume_id=resume_id, key=key, now=now))


def remove_photo(resume_id: str) -> Unit[None]:
    """Drop the resume's photo, if it has one."""
    yield from execute(sql.DROP_PHOTO_FILE(resume_id=resume_id))
    yield from execute(sql.DELETE_PHOTO(resume_id=resume_id))


def drop_all(resume_id: str) -> Unit[None]:
    """Drop every file of a resume that goes."""
    yield from execute(sql.DROP_FILES_OF(resume_id=resume_id))
    yield from execute(sql.DELETE_ATTACHMENTS_OF(resume_id=resume_id))


def insert_copies(copied: Sequence[CopiedFile], resume_id: str, ids: Sequence[str], now: datetime) -> Unit[None]:
    """Give a new resume its copies, an id each. Raises UploadExpired when copying took too long."""
    for each, attachment_id in zip(copied, ids, strict=True):
        yield from _keep(each.key, each.size, each.type, now)
        values = {name: getattr(each, name) for name in ("key", "type", "title", "description", "visible")}
        yield from execute(sql.INSERT_ATTACHMENT(**values, id=attachment_id, resume_id=resume_id, now=now))


class SqlFileRepository:
    """See FileRepository."""

    def __init__(self, db: Database, url_of: UrlOf) -> None:
        self._db = db
        self._url_of = url_of

    async def begin(self, *files: NewFile) -> None:
        def unit() -> Unit[None]:
            for each in files:
                yield from execute(sql.INSERT_FILE(**msgspec.structs.asdict(each)))

        await self._db.run(unit)

    async def keep_temporary(self, file: NewFile, size: int, now: datetime, until: datetime, most: int) -> None:
        def unit() -> Unit[None]:
            if not (yield from rows(sql.SET_TEMPORARY(key=file.key, size=size, expires_at=until, now=now))):
                raise UploadExpired
            yield from execute(sql.EVICT(user_id=file.user_id, now=now, most=most))

        await self._db.run(unit)

    async def drop_temporary(self, key: str, user_id: str, now: datetime) -> None:
        if not await self._db.run(lambda: rows(sql.DROP_TEMPORARY(key=key, user_id=user_id, now=now))):
            raise TempUploadNotFound

    async def attach(self, new: NewAttachment, most: int) -> Attachment:
        def unit() -> Unit[Attachment]:
            yield from _change(new.resume_id, new.user_id, new.now)
            if new.type == "PROFILE_PHOTO":
                yield from remove_photo(new.resume_id)
                yield from execute(sql.NO_ADDRESS_ELSEWHERE(resume_id=new.resume_id))
            (count,) = yield from rows(sql.COUNT_ATTACHMENTS(resume_id=new.resume_id))
            if count["n"] >= most:
                raise TooManyAttachments
            yield from _keep(new.key, new.size, new.type, new.now)
            names = ("id", "resume_id", "type", "key", "title", "description", "now")
            values = {name: getattr(new, name) for name in names}
            yield from execute(sql.INSERT_ATTACHMENT(**values, visible=True))
            return (yield from self._one(new.resume_id, new.id))

        return await self._db.run(unit)

    async def attachments(self, resume_id: str, user_id: str) -> list[Attachment]:
        await self.check_own(resume_id, user_id)
        found = await self._db.fetch(sql.ATTACHMENTS(resume_ids=[resume_id]))
        return [_attachment(row, self._url_of) for row in found]

    async def check_own(self, resume_id: str, user_id: str) -> None:
        if not await self._db.fetch(sql.OWN_RESUME(resume_id=resume_id, user_id=user_id)):
            raise ResumeNotFound

    async def change_attachment(
        self, place: tuple[str, str], user_id: str, change: Callable[[Attachment], Attachment], now: datetime
    ) -> Attachment:
        resume_id, attachment_id = place

        def unit() -> Unit[Attachment]:
            yield from _change(resume_id, user_id, now)
            changed = change((yield from self._one(resume_id, attachment_id)))
            update = sql.UPDATE_ATTACHMENT(
                id=attachment_id,
                title=changed.title,
                description=changed.description,
                visible=changed.visible,
                now=now,
            )
            yield from execute(update)
            return (yield from self._one(resume_id, attachment_id))

        return await self._db.run(unit)

    async def reorder(
        self, resume_id: str, user_id: str, kind: AttachmentType, ids: Sequence[str], now: datetime
    ) -> list[Attachment]:
        def unit() -> Unit[list[Attachment]]:
            yield from _change(resume_id, user_id, now)
            stored = {each.id: each for each in (yield from self._of(resume_id, kind))}
            if not stored.keys() >= set(ids):
                raise AttachmentNotFound
            for position, each in enumerate(dict.fromkeys([*ids, *stored])):
                if stored[each].order != position:
                    yield from execute(sql.MOVE_ATTACHMENT(id=each, position=position, now=now))
            return (yield from self._of(resume_id, kind))

        return await self._db.run(unit)

    async def remove(self, resume_id: str, user_id: str, attachment_id: str, now: datetime) -> None:
        def unit() -> Unit[None]:
            yield from _change(resume_id, user_id, now)
            if not (yield from rows(sql.DROP_FILE_OF(id=attachment_id, resume_id=resume_id))):
                raise AttachmentNotFound
            yield from execute(sql.DELETE_ATTACHMENT(id=attachment_id))

        await self._db.run(unit)

    async def photo(self, key: str, now: datetime) -> ShownPhoto | None:
        found = await self._db.fetch(sql.SHOWN_PHOTO(key=key, now=now))
        return ShownPhoto(**found[0]) if found else None

    async def due(self, now: datetime, limit: int) -> list[str]:
        return [row["key"] for row in await self._db.fetch(sql.DUE(now=now, limit=limit))]

    async def dropped(self, user_id: str, limit: int) -> list[str]:
        return [row["key"] for row in await self._db.fetch(sql.DROPPED(user_id=user_id, limit=limit))]

    async def drop_pending(self, key: str) -> bool:
        return bool(await self._db.run(lambda: rows(sql.DROP_PENDING(key=key))))

    async def forget(self, keys: Sequence[str]) -> None:
        if keys:
            await self._db.run(lambda: execute(sql.DELETE_FILES(keys=list(keys))))

    async def drop_some(self, user_id: str, limit: int) -> list[str]:
        def unit() -> Unit[list[str]]:
            keys = [row["key"] for row in (yield from rows(sql.DROP_SOME_OF(user_id=user_id, limit=limit)))]
            if keys:
                yield from execute(sql.DELETE_ATTACHMENTS_WITH(keys=keys))
            return keys

        return await self._db.run(unit)

    def _one(self, resume_id: str, attachment_id: str) -> Unit[Attachment]:
        row = yield from first(sql.ATTACHMENT(id=attachment_id, resume_id=resume_id))
        if row is None:
            raise AttachmentNotFound
        return _attachment(row, self._url_of)

    def _of(self, resume_id: str, kind: AttachmentType) -> Unit[list[Attachment]]:
        return [each for each in (yield from attachments(resume_id, self._url_of)) if each.type == kind]


def _change(resume_id: str, user_id: str, now: datetime) -> Unit[None]:
    """The user's resume has another version. Raises ResumeNotFound."""
    if not (yield from rows(sql.CHANGE_RESUME(resume_id=resume_id, user_id=user_id, now=now))):
        raise ResumeNotFound


def _keep(key: str, size: int, kind: AttachmentType, now: datetime) -> Unit[None]:
    if not (yield from rows(sql.KEEP(key=key, size=size, kind=kind_of(kind), now=now))):
        raise UploadExpired


def _attachment(row: Row, url_of: UrlOf) -> Attachment:
    return Attachment(
        id=row["id"],
        resume_id=row["resume_id"],
        type=row["type"],
        file_name=row["file_name"],
        file_key=row["key"],
        file_url=url_of(row["key"]),
        file_size=row["size"],
        mime_type=row["mime_type"],
        is_processed=True,
        original_url=None,
        title=row["title"],
        description=row["description"],
        order=row["position"],
        visible=bool(row["visible"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
