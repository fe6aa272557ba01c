"""REST of attachments: /v1/resume/{id}/attachments."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, Meta, UnsetType

from girok.errors import Forbidden, InvalidInput
from girok.http.openapi import answers
from girok.kit import Kit
from plugins.personal.errors import AttachmentNotFound, ResumeNotFound, TooManyAttachments
from plugins.personal.http.callers import PRIVATE, AnyRequest, Bearer, bearer_of
from plugins.personal.http.uploads import MAX_FORM, UPLOAD_ERRORS, File, FileForms
from plugins.personal.messages import AttachmentType
from plugins.personal.service.attachments import Attachments
from plugins.personal.service.uploads import Uploads
from plugins.personal.wire import AttachmentView, Deleted

__all__ = ["routes"]

Title = Annotated[str, Meta(max_length=200)]
Description = Annotated[str, Meta(max_length=2000)]
Ids = Annotated[
    tuple[str, ...],
    Meta(
        max_length=1000,
        description="Each once; those that are left out come last.",
        extra_json_schema={"uniqueItems": True},
    ),
]


class AttachmentForm(msgspec.Struct, frozen=True):
    """A file of 10 MB at most: JPEG, PNG or WebP, and for all but a PROFILE_PHOTO also PDF and office formats."""

    file: File
    type: AttachmentType
    title: Title | None = None
    description: Description | None = None


class OrderBody(msgspec.Struct, frozen=True, rename="camel"):
    """The attachments of a type in their new order."""

    type: AttachmentType
    attachment_ids: Ids


class AttachmentBody(msgspec.Struct, frozen=True):
    """What is absent stays; null clears it, but for `visible`, which stays."""

    title: Title | UnsetType | None = UNSET
    description: Description | UnsetType | None = UNSET
    visible: bool | UnsetType | None = UNSET


def routes(kit: Kit) -> Sequence[HTTPRouteHandler]:
    """All of them."""
    attachments = kit.ports[Attachments]
    bearer = bearer_of(kit)
    forms = FileForms(bearer, kit.ports[Uploads])
    return [*_files(attachments, forms, bearer), *_details(attachments, bearer)]


def _files(attachments: Attachments, forms: FileForms, bearer: Bearer) -> Sequence[HTTPRouteHandler]:
    @post("/v1/resume/{resume_id:str}/attachments", cache_control=PRIVATE, request_max_body_size=MAX_FORM)
    @answers(*UPLOAD_ERRORS, ResumeNotFound, TooManyAttachments, bearer="required", form=AttachmentForm)
    async def attach(request: AnyRequest, resume_id: FromPath[str]) -> AttachmentView:
        """Add a file to a resume; a PROFILE_PHOTO takes the place of the photo. Bearer."""
        async with forms.receiving(request, "DOCUMENT", AttachmentForm, lambda: attachments.check(resume_id)) as (
            received,
            form,
        ):
            added = await attachments.add(resume_id, received, form.type, form.title, form.description)
        return AttachmentView.of(added)

    @get("/v1/resume/{resume_id:str}/attachments", cache_control=PRIVATE)
    @answers(ResumeNotFound, Forbidden, bearer="required")
    async def list_attachments(
        request: AnyRequest,
        resume_id: FromPath[str],
        type: FromQuery[AttachmentType | None] = None,  # noqa: A002
    ) -> list[AttachmentView]:
        """The files of a resume, or those of a type, in their order. Bearer."""
        async with bearer(request):
            return [AttachmentView.of(each) for each in await attachments.attachments(resume_id, type)]

    @delete("/v1/resume/{resume_id:str}/attachments/{attachment_id:str}", status_code=200)
    @answers(ResumeNotFound, AttachmentNotFound, Forbidden, bearer="required")
    async def delete_attachment(request: AnyRequest, resume_id: FromPath[str], attachment_id: FromPath[str]) -> Deleted:
        """Delete a file. Bearer."""
        async with bearer(request):
            await attachments.remove(resume_id, attachment_id)
        return Deleted(attachment_id)

    return attach, list_attachments, delete_attachment


def _details(attachments: Attachments, bearer: Bearer) -> Sequence[HTTPRouteHandler]:
    @patch("/v1/resume/{resume_id:str}/attachments/reorder", cache_control=PRIVATE)
    @answers(ResumeNotFound, AttachmentNotFound, InvalidInput, Forbidden, bearer="required")
    async def order_attachments(
        request: AnyRequest, resume_id: FromPath[str], data: JSONBody[OrderBody]
    ) -> list[AttachmentView]:
        """Put the files of a type in another order. Bearer."""
        async with bearer(request):
            ordered = await attachments.reorder(resume_id, data.type, data.attachment_ids)
            return [AttachmentView.of(each) for each in ordered]

    @patch("/v1/resume/{resume_id:str}/attachments/{attachment_id:str}", cache_control=PRIVATE)
    @answers(ResumeNotFound, AttachmentNotFound, Forbidden, bearer="required")
    async def change_attachment(
        request: AnyRequest, resume_id: FromPath[str], attachment_id: FromPath[str], data: JSONBody[AttachmentBody]
    ) -> AttachmentView:
        """Change what is said of a file, and whether others see it. Bearer."""
        visible = UNSET if data.visible is None else data.visible
        async with bearer(request):
            changed = await attachments.change(
                resume_id, attachment_id, title=data.title, description=data.description, visible=visible
            )
            return AttachmentView.of(changed)

    return order_attachments, change_attachment
