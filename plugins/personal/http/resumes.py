"""REST of one's own resumes: /v1/resume."""

from collections.abc import Sequence

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from girok.context import require_user
from girok.errors import Forbidden
from girok.http.openapi import answers
from girok.kit import Kit
from girok.objects.port import ObjectsUnavailable, StorageFull
from plugins.personal.errors import ResumeChanged, ResumeNotFound, TooManyResumes, UnknownTempKey, UploadExpired
from plugins.personal.http.callers import PRIVATE, AnyRequest, bearer_of
from plugins.personal.http.etags import etag, wanted_version
from plugins.personal.inputs import Order, ResumeBody
from plugins.personal.messages import Resume, SectionType
from plugins.personal.ports import (
    CreateResumeRequest,
    DeleteResumeRequest,
    GetResumeRequest,
    GetResumesByUserIdRequest,
    UpdateResumeRequest,
)
from plugins.personal.service.resumes import Resumes
from plugins.personal.wire import Deleted, OwnResume

__all__ = ["routes"]


class SectionOrderBody(msgspec.Struct, frozen=True):
    type: SectionType
    order: Order


class SectionVisibilityBody(msgspec.Struct, frozen=True):
    type: SectionType
    visible: bool


def routes(kit: Kit) -> Sequence[HTTPRouteHandler]:
    """All of them."""
    return [*_reading(kit), *_writing(kit), *_parts(kit)]


def _reading(kit: Kit) -> Sequence[HTTPRouteHandler]:
    resumes = kit.ports[Resumes]
    bearer = bearer_of(kit)

    @get("/v1/resume", cache_control=PRIVATE)
    @answers(Forbidden, bearer="required")
    async def list_resumes(request: AnyRequest) -> list[OwnResume]:
        """One's resumes, the default first, then the newest. Bearer."""
        async with bearer(request):
            found = await resumes.get_resumes_by_user_id(GetResumesByUserIdRequest(require_user().user_id))
        return [OwnResume.of(each) for each in found.resumes]

    @get("/v1/resume/default", cache_control=PRIVATE)
    @answers(ResumeNotFound, Forbidden, bearer="required")
    async def get_default_resume(request: AnyRequest) -> Response[OwnResume]:
        """One's default resume, else the newest. Bearer."""
        async with bearer(request):
            return _tagged(await resumes.default())

    @get("/v1/resume/{resume_id:str}", cache_control=PRIVATE)
    @answers(ResumeNotFound, Forbidden, bearer="required")
    async def get_resume(request: AnyRequest, resume_id: FromPath[str]) -> Response[OwnResume]:
        """One of one's resumes. Bearer."""
        async with bearer(request):
            return _tagged(await resumes.get_resume(GetResumeRequest(resume_id)))

    return list_resumes, get_default_resume, get_resume


def _writing(kit: Kit) -> Sequence[HTTPRouteHandler]:
    resumes = kit.ports[Resumes]
    bearer = bearer_of(kit)

    @post("/v1/resume", cache_control=PRIVATE)
    @answers(TooManyResumes, UnknownTempKey, Forbidden, bearer="required")
    async def create_resume(request: AnyRequest, data: JSONBody[ResumeBody]) -> Response[OwnResume]:
        """A new resume. Bearer."""
        given, _ = data.as_input()
        async with bearer(request):
            return _tagged(await resumes.create_resume(CreateResumeRequest(given)), status=201)

    @put("/v1/resume/{resume_id:str}", cache_control=PRIVATE)
    @answers(ResumeNotFound, ResumeChanged, UnknownTempKey, Forbidden, bearer="required")
    async def update_resume(
        request: AnyRequest, resume_id: FromPath[str], data: JSONBody[ResumeBody]
    ) -> Response[OwnResume]:
        """Change a resume: what is left out stays, null clears, a list replaces the stored one. Bearer.

        With `If-Match`, only the version that has this tag.
        """
        given, mask = data.as_input()
        async with bearer(request):
            version = wanted_version(request.headers.get("if-match"), resume_id)
            return _tagged(await resumes.update_resume(UpdateResumeRequest(resume_id, given, mask, version)))

    @delete("/v1/resume/{resume_id:str}", status_code=200)
    @answers(ResumeNotFound, Forbidden, bearer="required")
    async def delete_resume(request: AnyRequest, resume_id: FromPath[str]) -> Deleted:
        """Delete a resume, with its files and share links. Bearer."""
        async with bearer(request):
            await resumes.delete_resume(DeleteResumeRequest(resume_id))
        return Deleted(resume_id)

    @post("/v1/resume/{resume_id:str}/copy", cache_control=PRIVATE)
    @answers(
        ResumeNotFound, TooManyResumes, UploadExpired, ObjectsUnavailable, StorageFull, Forbidden, bearer="required"
    )
    async def copy_resume(request: AnyRequest, resume_id: FromPath[str]) -> Response[OwnResume]:
        """A copy with all its files, never the default. Bearer."""
        async with bearer(request):
            return _tagged(await resumes.copy(resume_id), status=201)

    return create_resume, update_resume, delete_resume, copy_resume


def _parts(kit: Kit) -> Sequence[HTTPRouteHandler]:
    resumes = kit.ports[Resumes]
    bearer = bearer_of(kit)

    @patch("/v1/resume/{resume_id:str}/default", cache_control=PRIVATE)
    @answers(ResumeNotFound, Forbidden, bearer="required")
    async def make_default(request: AnyRequest, resume_id: FromPath[str]) -> Response[OwnResume]:
        """Make it the one default. Bearer."""
        async with bearer(request):
            return _tagged(await resumes.make_default(resume_id))

    @patch("/v1/resume/{resume_id:str}/sections/order", cache_control=PRIVATE)
    @answers(ResumeNotFound, Forbidden, bearer="required")
    async def place_section(
        request: AnyRequest, resume_id: FromPath[str], data: JSONBody[SectionOrderBody]
    ) -> Response[OwnResume]:
        """Put a section in another place. Bearer."""
        async with bearer(request):
            return _tagged(await resumes.place_section(resume_id, data.type, data.order))

    @patch("/v1/resume/{resume_id:str}/sections/visibility", cache_control=PRIVATE)
    @answers(ResumeNotFound, Forbidden, bearer="required")
    async def show_section(
        request: AnyRequest, resume_id: FromPath[str], data: JSONBody[SectionVisibilityBody]
    ) -> Response[OwnResume]:
        """Show a section to others, or hide it. Bearer."""
        async with bearer(request):
            return _tagged(await resumes.show_section(resume_id, data.type, visible=data.visible))

    return make_default, place_section, show_section


def _tagged(resume: Resume, status: int = 200) -> Response[OwnResume]:
    return Response(OwnResume.of(resume), status_code=status, headers={"ETag": etag(resume.id, resume.version)})
