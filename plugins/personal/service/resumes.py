"""One's own resumes."""

from collections.abc import Callable

from girok.clock import Clock, IdFactory
from girok.context import require_user
from plugins.personal.errors import ResumeChanged, ResumeNotFound
from plugins.personal.inputs import ResumeInput
from plugins.personal.messages import Resume, SectionType
from plugins.personal.plugin import PersonalSettings
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
from plugins.personal.rules import changes, check, mask_of, with_section

__all__ = ["Resumes"]


class Resumes:
    """See PersonalService in ports.py. Somebody else's resume is one that there is not."""

    def __init__(self, resumes: ResumeRepository, clock: Clock, ids: IdFactory, settings: PersonalSettings) -> None:
        self._resumes = resumes
        self._clock = clock
        self._ids = ids
        self._settings = settings

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
        now = self._clock.now()
        blank = Resume(
            id=self._ids.new(),
            user_id=user_id,
            title="",
            is_default=False,
            version=1,
            profile_image=None,
            attachments=(),
            created_at=now,
            updated_at=now,
        )
        made = changes(given, {*mask_of(given, ()), "sections"}, self._ids.new).applied(blank)
        return await self._resumes.create(made, self._settings.max_resumes)

    async def update_resume(self, request: UpdateResumeRequest) -> Resume:
        user_id = require_user().user_id
        given = check(request.resume)
        wanted = changes(given, mask_of(given, request.update_mask), self._ids.new)

        def change(stored: Resume) -> Resume:
            if request.if_version not in (None, stored.version):
                raise ResumeChanged
            return wanted.applied(stored)

        return await self._resumes.update(request.id, user_id, change, self._clock.now())

    async def delete_resume(self, request: DeleteResumeRequest) -> DeleteResumeResponse:
        await self._resumes.delete(request.id, require_user().user_id, self._clock.now())
        return DeleteResumeResponse()

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
