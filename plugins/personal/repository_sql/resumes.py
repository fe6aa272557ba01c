"""Resumes on SQL: a row each, read and written whole."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from girok.db.database import Database
from girok.db.statement import Row
from girok.db.unit import Unit, execute, first, rows
from plugins.personal.errors import ResumeNotFound, TooManyResumes
from plugins.personal.messages import Resume, ResumeContent
from plugins.personal.statements import resumes as sql

__all__ = ["SqlResumeRepository", "touch"]


def touch(resume_id: str, now: datetime) -> Unit[None]:
    """The resume has another version: something of it changed that is not in its row."""
    yield from execute(sql.TOUCH(id=resume_id, now=now))


class SqlResumeRepository:
    """See ResumeRepository."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create(self, resume: Resume, most: int) -> Resume:
        values = _values(resume)

        def unit() -> Unit[None]:
            (count,) = yield from rows(sql.COUNT_OF(user_id=resume.user_id))
            if count["n"] >= most:
                raise TooManyResumes
            yield from _take_default(resume)
            yield from execute(sql.INSERT(**values, id=resume.id, user_id=resume.user_id, created_at=resume.created_at))

        await self._db.run(unit)
        return resume

    async def resume(self, resume_id: str, user_id: str) -> Resume | None:
        found = await self.shared(resume_id)
        return found if found is not None and found.user_id == user_id else None

    async def resumes(self, user_id: str) -> list[Resume]:
        return [_resume(row) for row in await self._db.fetch(sql.RESUMES_OF(user_id=user_id))]

    async def first(self, user_id: str) -> Resume | None:
        found = await self._db.fetch(sql.FIRST_OF(user_id=user_id))
        return _resume(found[0]) if found else None

    async def first_version(self, user_id: str) -> tuple[str, int] | None:
        found = await self._db.fetch(sql.FIRST_VERSION_OF(user_id=user_id))
        return (found[0]["id"], found[0]["version"]) if found else None

    async def shared(self, resume_id: str) -> Resume | None:
        found = await self._db.fetch(sql.RESUME(id=resume_id))
        return _resume(found[0]) if found else None

    async def update(self, resume_id: str, user_id: str, change: Callable[[Resume], Resume], now: datetime) -> Resume:
        def unit() -> Unit[Resume]:
            row = yield from first(sql.RESUME(id=resume_id))
            if row is None or row["user_id"] != user_id:
                raise ResumeNotFound
            stored = _resume(row)
            resume = msgspec.structs.replace(change(stored), version=stored.version + 1, updated_at=now)
            yield from _take_default(resume)
            yield from execute(sql.UPDATE(**_values(resume), id=resume_id))
            return resume

        return await self._db.run(unit)

    async def delete(self, resume_id: str, user_id: str, now: datetime) -> None:
        def unit() -> Unit[None]:
            if not (yield from rows(sql.DELETE(id=resume_id, user_id=user_id, now=now))):
                raise ResumeNotFound

        await self._db.run(unit)


def _take_default(resume: Resume) -> Unit[None]:
    """Where this is the default, no other is."""
    if resume.is_default:
        yield from execute(sql.TAKE_DEFAULT(user_id=resume.user_id, id=resume.id, now=resume.updated_at))


def _resume(row: Row) -> Resume:
    content = msgspec.json.decode(row["content"], type=ResumeContent)
    return Resume(
        **msgspec.structs.asdict(content),
        id=row["id"],
        user_id=row["user_id"],
        title=row["title"],
        is_default=row["is_default"],
        version=row["version"],
        profile_image=row["profile_image"],
        attachments=(),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _values(resume: Resume) -> dict[str, object]:
    """The columns that change."""
    content = ResumeContent(**{name: getattr(resume, name) for name in ResumeContent.__struct_fields__})
    return {
        "title": resume.title,
        "is_default": resume.is_default,
        "version": resume.version,
        "profile_image": resume.profile_image,
        "content": msgspec.json.encode(content).decode(),
        "updated_at": resume.updated_at,
    }
