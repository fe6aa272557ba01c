"""Forms with files (multipart/form-data, RFC 7578), read part by part while they come: none of it is kept.

    @post("/v1/photos", request_max_body_size=MAX_FORM)
    @answers(FileTooLarge, form=PhotoForm)
    async def upload(request: AnyRequest) -> Photo:
        async with reading(request) as form:
            while (part := await form.next_part()) is not None:
                if part.file_name is not None:
                    await store(part.pieces())
                else:
                    fields[part.name] = await part.text()

The parser is the one that Litestar uses; Litestar itself would keep whole files, on disk.
"""

import re
import unicodedata
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeAlias

from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from girok.errors import GirokError, InvalidInput, Text
from girok.http.body import BodyCut, GuardedBody, UnsupportedMediaType

__all__ = ["Form", "InvalidForm", "Part", "file_label", "reading"]

Incoming: TypeAlias = Request[Any, Any, Any]
Event: TypeAlias = MultipartSegment | bytes | bytearray | None

_MOST_PARTS = 20
_MOST_TEXT = 16_384
"""Bytes of a field that is no file."""
_MOST_NAME = 200
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Controls, and what turns the direction of text: `exe.gpj` would read as `jpg.exe`."""


class InvalidForm(InvalidInput):
    """The body is not a whole form, or has parts that no form of ours has."""

    reason = "INVALID_FORM"
    text = Text("The form is not valid.", "폼 데이터가 올바르지 않습니다.")


class Part:
    """A part of a form; `file_name` is as it was sent, None for a field that is no file."""

    def __init__(self, name: str, segment: MultipartSegment, events: AsyncGenerator[Event, None]) -> None:
        self.name = name
        self.file_name = segment.filename
        self.content_type = segment.content_type or ""
        self._events = events

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Its content. Raises InvalidForm, BodyCut, BodyTooSlow, PayloadTooLarge."""
        while isinstance(piece := await anext(self._events), (bytes, bytearray)):
            yield bytes(piece)

    async def text(self) -> str:
        """Its content as text, of 16 KiB at most. Raises as `pieces` does, InvalidForm also for what is no text."""
        content = bytearray()
        async with aclosing(self.pieces()) as pieces:
            async for piece in pieces:
                content += piece
                if len(content) > _MOST_TEXT:
                    raise InvalidForm
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise InvalidForm from error
        if "\0" in text:
            raise InvalidForm
        return text


class Form:
    """A form on its way in."""

    def __init__(self, events: AsyncGenerator[Event, None]) -> None:
        self._events = events

    async def next_part(self) -> Part | None:
        """The next part, None at the end; what of the last one was not read is passed over.

        Raises InvalidForm, BodyCut, BodyTooSlow, PayloadTooLarge.
        """
        async for event in self._events:
            if isinstance(event, MultipartSegment):
                if not event.name:
                    raise InvalidForm
                return Part(event.name, event, self._events)
        return None


@asynccontextmanager
async def reading(request: Incoming) -> AsyncGenerator[Form, None]:
    """The form of a request. Raises UnsupportedMediaType, InvalidForm.

    When what is done with it fails, the rest of the form is read for nothing first, within bounds: a client that is
    still sending does not read the answer, and loses it when the connection is closed.
    """
    try:
        kind, options = request.content_type
        if kind != "multipart/form-data":
            raise UnsupportedMediaType(Text("Send this as multipart/form-data.", "multipart/form-data로 보내 주세요."))
        if not options.get("boundary"):
            raise InvalidForm
        async with aclosing(_events(request, options["boundary"])) as events:
            yield Form(events)
    except BodyCut:
        raise
    except GirokError:
        await _discard(request)
        raise


async def _events(request: Incoming, boundary: str) -> AsyncGenerator[Event, None]:
    """What the parser finds: a segment, its bytes, None for its end; and so on."""
    try:
        with PushMultipartParser(boundary, max_segment_count=_MOST_PARTS) as parser:
            async with aclosing(request.stream()) as stream:
                async for piece in stream:
                    if not parser.closed:
                        for event in parser.parse(piece):
                            yield event
    except MultipartError as error:
        raise InvalidForm from error


async def _discard(request: Incoming) -> None:
    body: Any = request.receive  # the edge's
    if isinstance(body, GuardedBody) and "expect" not in request.headers:  # else the client waits for our word
        await body.discard()


def file_label(name: str) -> str:
    """A file's name as people may see it: the last segment, in NFC, without controls, of 200 characters at most.

    Telephones and macOS send decomposed Hangul. Never part of a path or a key.
    """
    last = re.split(r"[/\\]", _UNSEEN.sub("", unicodedata.normalize("NFC", name)))[-1].strip()
    stem, dot, extension = last.rpartition(".")
    if len(last) > _MOST_NAME and dot and len(extension) < 10:
        return stem[: _MOST_NAME - len(extension) - 1] + dot + extension
    return last[:_MOST_NAME] or "file"
