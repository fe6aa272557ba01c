"""Copies of a resume's files, made before the copy of the resume: they outlive the originals."""

from collections.abc import Sequence
from contextlib import suppress

from girok.clock import Clock
from girok.objects.port import ObjectNotFound, ObjectStore
from plugins.personal.files import BUCKET, PENDING, CopiedFile, NewFile, kind_of, new_key
from plugins.personal.messages import Attachment
from plugins.personal.repository import FileRepository

__all__ = ["FileCopies"]


class FileCopies:
    """See `repository_sql.files.insert_copies`, which gives them to a new resume."""

    def __init__(self, files: FileRepository, objects: ObjectStore, clock: Clock) -> None:
        self._files = files
        self._objects = objects
        self._clock = clock

    async def copy_files(self, user_id: str, attachments: Sequence[Attachment]) -> list[CopiedFile]:
        """A copy of each file, for `user_id`, on its way until a resume keeps it. One that just went is left out.

        Raises ObjectsUnavailable, StorageFull; the sweep removes what was copied until then.
        """
        now = self._clock.now()
        wanted = [(each, new_key(each.file_key.rpartition(".")[2])) for each in attachments]
        pending = [
            NewFile(
                key=key,
                user_id=user_id,
                kind=kind_of(each.type),
                file_name=each.file_name,
                mime_type=each.mime_type,
                expires_at=now + PENDING,
                created_at=now,
            )
            for each, key in wanted
        ]
        await self._files.begin(*pending)
        copied: list[CopiedFile] = []
        for each, key in wanted:
            with suppress(ObjectNotFound):
                await self._objects.copy((BUCKET, each.file_key), (BUCKET, key))
                copied.append(
                    CopiedFile(
                        key=key,
                        size=each.file_size,
                        type=each.type,
                        title=each.title,
                        description=each.description,
                        visible=each.visible,
                    )
                )
        return copied
