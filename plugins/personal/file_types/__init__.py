"""Which files are taken, and whether one is what it says it is. Pure: bytes go in, errors come out.

    inspection = Inspection(claimed("image/png", "me.png"))
    async for piece in part.pieces():
        yield inspection.feed(piece)
    inspection.finish()                   # Malformed: it was none, was cut, or had something behind it

The name and the Content-Type are what the sender claims; the bytes decide. They are walked from the first to the last
while they pass, so that what is a PNG to one program and a page or an archive to another is neither here.

images.py      JPEG, PNG, WebP
documents.py   PDF, office documents
walk.py        reading piece by piece
"""

from collections.abc import Callable
from typing import NamedTuple

from plugins.personal.file_types.documents import compound, named_zip, office_zip, pdf
from plugins.personal.file_types.images import jpeg, png, webp
from plugins.personal.file_types.walk import Malformed, Source, TooManyPixels, Walk

__all__ = ["FileType", "Inspection", "Malformed", "TooManyPixels", "claimed"]

_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
_UNKNOWN = frozenset(("", "application/octet-stream"))
"""What browsers send where their machine does not know the type, as with .hwp."""


class FileType(NamedTuple):
    """A type of file that is taken. `aliases` are other names that senders have for it."""

    mime_type: str
    extension: str
    walk: Callable[[Source], Walk[None]]
    is_image: bool = False
    aliases: tuple[str, ...] = ()


_HWPX = "application/hwp+zip"
_TYPES = (
    FileType("image/jpeg", "jpg", jpeg, is_image=True, aliases=("image/jpg", "image/pjpeg")),
    FileType("image/png", "png", png, is_image=True),
    FileType("image/webp", "webp", webp, is_image=True),
    FileType("application/pdf", "pdf", pdf),
    FileType(f"{_OOXML}.wordprocessingml.document", "docx", office_zip("word")),
    FileType(f"{_OOXML}.spreadsheetml.sheet", "xlsx", office_zip("xl")),
    FileType(f"{_OOXML}.presentationml.presentation", "pptx", office_zip("ppt")),
    FileType("application/msword", "doc", compound("WordDocument")),
    FileType("application/vnd.ms-excel", "xls", compound("Workbook", "Book")),
    FileType("application/vnd.ms-powerpoint", "ppt", compound("PowerPoint Document")),
    *(
        FileType(f"{_ODF}.{name}", extension, named_zip(f"{_ODF}.{name}"))
        for name, extension in (("text", "odt"), ("spreadsheet", "ods"), ("presentation", "odp"))
    ),
    FileType(
        "application/x-hwp",
        "hwp",
        compound("FileHeader"),
        aliases=("application/haansofthwp", "application/vnd.hancom.hwp", "application/hwp"),
    ),
    FileType(_HWPX, "hwpx", named_zip(_HWPX), aliases=("application/haansofthwpx", "application/vnd.hancom.hwpx")),
)
_BY_MIME_TYPE = {name: each for each in _TYPES for name in (each.mime_type, *each.aliases)}
_BY_EXTENSION = {each.extension: each for each in _TYPES if not each.is_image}


def claimed(content_type: str, file_name: str) -> FileType | None:
    """The type that a sender claims; None when files of that type are not taken.

    Where the Content-Type says nothing, the name does, for documents alone: browsers know every image.
    """
    essence = content_type.partition(";")[0].strip().lower()
    if essence in _UNKNOWN:
        return _BY_EXTENSION.get(file_name.rpartition(".")[2].lower())
    return _BY_MIME_TYPE.get(essence)


class Inspection:
    """A look at a file of a claimed type while it passes.

    Telephones put more behind a JPEG (a second picture for bright screens, a film of the moment, Samsung's notes): that
    is no part of the image, and left out. Anything else behind a file is refused.
    """

    def __init__(self, kind: FileType) -> None:
        self._kind = kind
        self._source = Source()
        self._walk = kind.walk(self._source)
        self._is_over = False
        self._behind = _Behind()

    def feed(self, piece: bytes) -> bytes:
        """What of `piece` belongs to the file. Raises Malformed as soon as it cannot be one."""
        if self._is_over:
            self._behind.feed(piece)
            return b""
        self._source.feed(piece)
        self._go_on()
        if not self._is_over:
            return piece
        own = len(piece) - len(self._source)
        self._behind.feed(piece[own:])
        return piece[:own]

    def finish(self) -> None:
        """That was all. Raises Malformed when it was not a whole file and nothing but that."""
        self._source.ended = True
        if not self._is_over:
            self._go_on()
        if self._behind.head and not (self._kind.walk is jpeg and self._behind.is_from_a_telephone):
            raise Malformed

    def _go_on(self) -> None:
        try:
            next(self._walk)
        except StopIteration:
            self._is_over = True


class _Behind:
    """What came behind the end of a file: its first and its last bytes."""

    def __init__(self) -> None:
        self.head = b""
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        if len(self.head) < 8:
            self.head += piece[: 8 - len(self.head)]
        self._tail = (self._tail + piece[-4:])[-4:]

    @property
    def is_from_a_telephone(self) -> bool:
        """Another JPEG, an MP4, or Samsung's block."""
        return self.head.startswith(b"\xff\xd8\xff") or self.head[4:8] == b"ftyp" or self._tail == b"SEFT"
