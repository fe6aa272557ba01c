"""One's own resumes."""

from collections.abc import Callable

from msgspec.structs import replace

from girok.clock import Clock, IdFactory
from girok.context import require_user
from plugins.personal.errors import ResumeChanged, ResumeNotFound
from plugins.personal.files import NewFiles
from plugins.personal.inputs import ResumeInput
from plugins.personal.messages import Resume, SectionType
from plugins.personal.ports import (
    CreateResumeRequest,
    DeleteResumeRequest,
    DeleteResumeResponse,
    GetResumeRequest,
    GetResumesByUserIdRequest,
    ResumesResponse,
    UpdateResumeRequest,
)
from plugins.personal.repository import ResumeRepository
from plugins.personal.rules import blank, changes, check, mask_of, photo_change, renewed, with_section
from plugins.personal.service.file_copies import FileCopies
from plugins.personal.service.upkeep import Upkeep

__all__ = ["Resumes"]


class Resumes:
    """See PersonalService in ports.py. Somebody else's resume is one that there is not."""

    def __init__(
        self,
        resumes: ResumeRepository,
        copies: FileCopies,
        upkeep: Upkeep,
        clock: Clock,
        ids: IdFactory,
        *,
        most: int,
    ) -> None:
        self._resumes = resumes
        self._copies = copies
        self._upkeep = upkeep
        self._clock = clock
        self._ids = ids
        self._most = most

    async def get_resume(self, request: GetResumeRequest) -> Resume:
        found = await self._resumes.resume(request.id, require_user().user_id)
        if found is None:
            raise ResumeNotFound
        return found

    async def get_resumes_by_user_id(self, request: GetResumesByUserIdRequest) -> ResumesResponse:
        if request.user_id != require_user().user_id:
            raise ResumeNotFound
        return ResumesResponse(tuple(await self._resumes.resumes(request.user_id)))

    async def default(self) -> Resume:
        """The default, else the newest. Raises ResumeNotFound."""
        found = await self._resumes.first(require_user().user_id)
        if found is None:
            raise ResumeNotFound
        return found

    async def create_resume(self, request: CreateResumeRequest) -> Resume:
        user_id = require_user().user_id
        given = check(request.resume)
        mask = mask_of(given, ())
        made = changes(given, {*mask, "sections"}, self._ids.new).applied(
            blank(self._ids.new(), user_id, self._clock.now())
        )
        return await self._resumes.create(made, self._most, NewFiles(photo=photo_change(given, mask, self._ids.new)))

    async def update_resume(self, request: UpdateResumeRequest) -> Resume:
        user_id = require_user().user_id
        given = check(request.resume)
        mask = mask_of(given, request.update_mask)
        wanted = changes(given, mask, self._ids.new)
        photo = photo_change(given, mask, self._ids.new)

        def change(stored: Resume) -> Resume:
            if request.if_version not in (None, stored.version):
                raise ResumeChanged
            return wanted.applied(stored)

        changed = await self._resumes.update(request.id, user_id, change, self._clock.now(), photo)
        if photo is not None:
            await self._upkeep.tidy(user_id)
        return changed

    async def delete_resume(self, request: DeleteResumeRequest) -> DeleteResumeResponse:
        user_id = require_user().user_id
        await self._resumes.delete(request.id, user_id, self._clock.now())
        await self._upkeep.tidy(user_id)
        return DeleteResumeResponse()

    async def copy(self, resume_id: str) -> Resume:
        """A new resume like it, with files of its own; never the default.

        Raises ResumeNotFound, TooManyResumes, UploadExpired, ObjectsUnavailable, StorageFull.
        """
        original = await self.get_resume(GetResumeRequest(resume_id))
        copied = await self._copies.copy_files(original.user_id, original.attachments)
        has_own_photo = any(each.type == "PROFILE_PHOTO" for each in original.attachments)
        made = replace(
            blank(self._ids.new(), original.user_id, self._clock.now()),
            **renewed(original, self._ids.new),
            title=original.title,
            profile_image=None if has_own_photo else original.profile_image,
        )
        files = NewFiles(copies=tuple((self._ids.new(), each) for each in copied))
        return await self._resumes.create(made, self._most, files)

    async def make_default(self, resume_id: str) -> Resume:
        """The one and only default from now on. Raises ResumeNotFound."""
        return await self.update_resume(UpdateResumeRequest(resume_id, ResumeInput(is_default=True), ("is_default",)))

    async def place_section(self, resume_id: str, kind: SectionType, order: int) -> Resume:
        """Raises ResumeNotFound."""
        return await self._change(resume_id, lambda stored: with_section(stored, kind, self._ids.new, order=order))

    async def show_section(self, resume_id: str, kind: SectionType, *, visible: bool) -> Resume:
        """Raises ResumeNotFound."""
        return await self._change(resume_id, lambda stored: with_section(stored, kind, self._ids.new, visible=visible))

    async def _change(self, resume_id: str, change: Callable[[Resume], Resume]) -> Resume:
        return await self._resumes.update(resume_id, require_user().user_id, change, self._clock.now())
