"""Resumes on SQL: a row each, read and written whole, and the attachments beside it."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from girok.db.database import Database
from girok.db.statement import Row
from girok.db.unit import Unit, execute, first, rows
from girok.errors import FieldError, InvalidInput, Text
from girok.http.decode import invalid
from plugins.personal.errors import ResumeNotFound, TooManyResumes
from plugins.personal.files import NewFiles, PhotoChange
from plugins.personal.messages import Attachment, Resume, ResumeContent
from plugins.personal.repository_sql import files
from plugins.personal.repository_sql.files import UrlOf
from plugins.personal.statements import resumes as sql

__all__ = ["SqlResumeRepository"]

_TOO_LARGE = Text("The resume is too large.", "이력서가 너무 깁니다.")
_NO_ADDRESS = Text("This must be an http or https address.", "http 또는 https 주소여야 합니다.")
_NO_PHOTO = Text("This is not the photo of this resume: upload it.", "이 이력서의 사진이 아닙니다. 사진을 올려 주세요.")


class SqlResumeRepository:
    """See ResumeRepository. `url_of` gives the address of a file's key; a content has `most_bytes` at the most."""

    def __init__(self, db: Database, url_of: UrlOf, most_bytes: int) -> None:
        self._db = db
        self._url_of = url_of
        self._most_bytes = most_bytes

    async def create(self, resume: Resume, most: int, new_files: NewFiles | None = None) -> Resume:
        given = new_files or NewFiles()

        def unit() -> Unit[Resume]:
            (count,) = yield from rows(sql.COUNT_OF(user_id=resume.user_id))
            if count["n"] >= most:
                raise TooManyResumes
            address = resume.profile_image
            if given.photo is not None:
                address = yield from self._set_photo(resume, given.photo, address, resume.created_at)
            copies = [each for _, each in given.copies]
            yield from files.insert_copies(copies, resume.id, [id_ for id_, _ in given.copies], resume.created_at)
            yield from _take_default(resume)
            yield from execute(
                sql.INSERT(
                    **self._values(resume, address), id=resume.id, user_id=resume.user_id, created_at=resume.created_at
                )
            )
            return _with_files(resume, address, (yield from files.attachments(resume.id, self._url_of)))

        return await self._db.run(unit)

    async def resume(self, resume_id: str, user_id: str) -> Resume | None:
        found = await self.shared(resume_id)
        return found if found is not None and found.user_id == user_id else None

    async def resumes(self, user_id: str) -> list[Resume]:
        return await self._read(await self._db.fetch(sql.RESUMES_OF(user_id=user_id)))

    async def first(self, user_id: str) -> Resume | None:
        found = await self._read(await self._db.fetch(sql.FIRST_OF(user_id=user_id)))
        return found[0] if found else None

    async def first_version(self, user_id: str) -> tuple[str, int] | None:
        found = await self._db.fetch(sql.FIRST_VERSION_OF(user_id=user_id))
        return (found[0]["id"], found[0]["version"]) if found else None

    async def shared(self, resume_id: str) -> Resume | None:
        found = await self._read(await self._db.fetch(sql.RESUME(id=resume_id)))
        return found[0] if found else None

    async def update(
        self,
        resume_id: str,
        user_id: str,
        change: Callable[[Resume], Resume],
        now: datetime,
        photo: PhotoChange | None = None,
    ) -> Resume:
        def unit() -> Unit[Resume]:
            row = yield from first(sql.RESUME(id=resume_id))
            if row is None or row["user_id"] != user_id:
                raise ResumeNotFound
            attachments = yield from files.attachments(resume_id, self._url_of)
            stored = _resume(row, attachments)
            resume = replace(change(stored), version=stored.version + 1, updated_at=now)
            address: str | None = row["profile_image"]
            if photo is not None:
                address = yield from self._set_photo(stored, photo, address, now)
                attachments = yield from files.attachments(resume_id, self._url_of)
            yield from _take_default(resume)
            yield from execute(sql.UPDATE(**self._values(resume, address), id=resume_id))
            return _with_files(resume, address, attachments)

        return await self._db.run(unit)

    async def delete(self, resume_id: str, user_id: str, now: datetime) -> None:
        def unit() -> Unit[None]:
            if not (yield from rows(sql.DELETE(id=resume_id, user_id=user_id, now=now))):
                raise ResumeNotFound
            yield from files.drop_all(resume_id)

        await self._db.run(unit)

    async def _read(self, found: Sequence[Row]) -> list[Resume]:
        """With their attachments, read after the rows: a version never has files that are older than itself."""
        attachments = await files.attachments_by_resume(self._db, [row["id"] for row in found], self._url_of)
        return [_resume(row, attachments.get(row["id"], ())) for row in found]

    def _set_photo(self, stored: Resume, photo: PhotoChange, address: str | None, now: datetime) -> Unit[str | None]:
        """The address elsewhere of the resume's photo from now on. Raises InvalidInput, UnknownTempKey."""
        if photo.temp_key is not None:
            yield from files.set_photo(stored.id, stored.user_id, photo.temp_key, now, photo.id)
            return None
        if photo.address is not None and photo.address.startswith(self._url_of("-").removesuffix("-")):
            if photo.address != stored.profile_image:
                raise invalid((FieldError("profileImage", _NO_PHOTO),))
            return address
        if photo.address is not None and not photo.address.startswith(("http://", "https://")):
            raise invalid((FieldError("profileImage", _NO_ADDRESS),))
        yield from files.remove_photo(stored.id)
        return photo.address

    def _values(self, resume: Resume, address: str | None) -> dict[str, object]:
        """The columns that change. Raises InvalidInput when it is too much."""
        content = ResumeContent(**{name: getattr(resume, name) for name in ResumeContent.__struct_fields__})
        encoded = msgspec.json.encode(content)
        if len(encoded) > self._most_bytes:
            raise InvalidInput(_TOO_LARGE)
        return {
            "title": resume.title,
            "is_default": resume.is_default,
            "version": resume.version,
            "profile_image": address,
            "content": encoded.decode(),
            "updated_at": resume.updated_at,
        }


def _take_default(resume: Resume) -> Unit[None]:
    """Where this is the default, no other is."""
    if resume.is_default:
        yield from execute(sql.TAKE_DEFAULT(user_id=resume.user_id, id=resume.id, now=resume.updated_at))


def _resume(row: Row, attachments: tuple[Attachment, ...]) -> Resume:
    content = msgspec.json.decode(row["content"], type=ResumeContent)
    names = ("id", "user_id", "title", "is_default", "version", "created_at", "updated_at")
    stored = Resume(
        **{each: getattr(content, each) for each in ResumeContent.__struct_fields__},
        **{each: row[each] for each in names},
        profile_image=None,
        attachments=(),
    )
    return _with_files(stored, row["profile_image"], attachments)


def _with_files(resume: Resume, address: str | None, attachments: tuple[Attachment, ...]) -> Resume:
    photo = next((each.file_url for each in attachments if each.type == "PROFILE_PHOTO"), address)
    return replace(resume, profile_image=photo, attachments=attachments)
