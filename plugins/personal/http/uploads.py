"""REST of temporary uploads: a photo is shown before the resume that takes it is saved."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

import msgspec
from litestar import delete, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Meta

from girok.errors import Forbidden, RateLimited
from girok.http.decode import invalid
from girok.http.fields import field_errors
from girok.http.multipart import reading
from girok.http.openapi import answers
from girok.kit import Kit
from girok.objects.port import ObjectsUnavailable, StorageFull
from plugins.personal.errors import (
    FileMismatch,
    FileMissing,
    FileTooLarge,
    ImageTooLarge,
    TempUploadNotFound,
    UnsupportedFile,
    UploadExpired,
)
from plugins.personal.files import MAX_FILE, FileKind
from plugins.personal.http.callers import PRIVATE, AnyRequest, Bearer, bearer_of
from plugins.personal.service.uploads import Upload, Uploads

__all__ = ["MAX_FORM", "UPLOAD_ERRORS", "File", "FileForms", "routes"]

T = TypeVar("T", bound=msgspec.Struct)

File = Annotated[bytes, Meta(description="The file, which is sent on and not kept.")]
MAX_FORM = 4 * MAX_FILE
"""Bytes of a form: far more than a file may have, so that one that is too large is told so in its own words."""
UPLOAD_ERRORS = (
    FileMismatch,
    FileMissing,
    FileTooLarge,
    ImageTooLarge,
    UnsupportedFile,
    UploadExpired,
    ObjectsUnavailable,
    StorageFull,
    RateLimited,
    Forbidden,
)
_FIELDS_BYTES = 65_536
"""What a form holds beside the file at most."""


class PhotoForm(msgspec.Struct, frozen=True):
    """A photo: JPEG, PNG or WebP, of 10 MB at most."""

    file: File


class TempUpload(msgspec.Struct, frozen=True, rename="camel"):
    """A photo that a resume may take by its `tempKey`, for 24 hours."""

    temp_key: str
    preview_url: str
    file_size: int
    mime_type: str


class TempKeyBody(msgspec.Struct, frozen=True, rename="camel"):
    """Which one."""

    temp_key: str


class DroppedUpload(msgspec.Struct, frozen=True, rename="camel"):
    """What was there is gone."""

    temp_key: str


def routes(kit: Kit) -> Sequence[HTTPRouteHandler]:
    """The two."""
    uploads = kit.ports[Uploads]
    bearer = bearer_of(kit)
    forms = FileForms(bearer, uploads)

    @post("/v1/resume/temp-upload", cache_control=PRIVATE, request_max_body_size=MAX_FORM)
    @answers(*UPLOAD_ERRORS, bearer="required", form=PhotoForm)
    async def upload_photo(request: AnyRequest) -> TempUpload:
        """Send a photo ahead. Bearer."""
        async with forms.receiving(request, "PHOTO", PhotoForm) as (received, _):
            file = await uploads.keep_temporary(received)
        return TempUpload(file.key, uploads.url_of(file.key), received.size, file.mime_type)

    @delete("/v1/resume/temp-upload", status_code=200, cache_control=PRIVATE)
    @answers(TempUploadNotFound, Forbidden, bearer="required")
    async def delete_temp_upload(request: AnyRequest, data: JSONBody[TempKeyBody]) -> DroppedUpload:
        """Delete one that no resume has taken. Bearer."""
        async with bearer(request):
            await uploads.delete_temporary(data.temp_key)
        return DroppedUpload(data.temp_key)

    return upload_photo, delete_temp_upload


class FileForms:
    """Forms with one file, from whoever has a bearer."""

    def __init__(self, bearer: Bearer, uploads: Uploads) -> None:
        self._bearer = bearer
        self._uploads = uploads

    @asynccontextmanager
    async def receiving(
        self,
        request: AnyRequest,
        kind: FileKind,
        form_type: type[T],
        check: Callable[[], Awaitable[None]] | None = None,
    ) -> AsyncGenerator[tuple[Upload, T], None]:
        """The file, received, and the fields, which come in any order; those that the type has not are ignored.

        The body runs as the user of the bearer, as does `check`, before anything is received. When either fails,
        nothing of the file stays.
        """
        async with reading(request) as form, self._bearer(request), self._uploads.receiving(kind) as upload:
            if check is not None:
                await check()
            if (request.content_length or 0) > MAX_FILE + _FIELDS_BYTES:
                raise FileTooLarge
            fields: dict[str, object] = {}
            while (part := await form.next_part()) is not None:
                if part.name == "file" and part.file_name is not None:
                    await upload.receive(part.file_name, part.content_type, part.pieces())
                    fields[part.name] = b""
                elif part.name == "file":
                    raise FileMissing
                elif part.name in form_type.__struct_encode_fields__:
                    fields[part.name] = await part.text()
            try:
                values = msgspec.convert(fields, form_type)
            except msgspec.ValidationError:
                raise invalid(field_errors(fields, form_type)) from None
            yield upload, values
