"""Small files of every type that is taken, made byte by byte, and some that are not."""

import io
import struct
import zipfile
import zlib

__all__ = [
    "GIF",
    "HTML",
    "SAMPLES",
    "SVG",
    "archive",
    "chunk",
    "compound_file",
    "docx",
    "jpeg",
    "named_archive",
    "pdf",
    "png",
    "riff",
    "webp",
]

HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
_ODT = "application/vnd.oasis.opendocument.text"


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 1, height: int = 1, *, padding: int = 0) -> bytes:
    """A PNG of that size; `padding` bytes of text make it longer."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    text = chunk(b"tEXt", b"Comment\0" + b"x" * padding) if padding else b""
    return b"\x89PNG\r\n\x1a\n" + header + text + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def jpeg(width: int = 8, height: int = 8) -> bytes:
    """A JPEG of two scans, with restart markers, an escaped FF and fill bytes in its data."""
    frame = b"\xff\xc2\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8\xff\xe0\x00\x04ab" + frame + scan + b"\xff" + scan + b"\xff\xff\xd9"


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP container of these chunks."""
    body = b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def webp(width: int = 2, height: int = 3) -> bytes:
    """A lossy WebP with its size in an extended header, and an odd chunk behind."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    data = b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"data"
    return riff((b"VP8X", bytes(4) + size), (b"VP8 ", data), (b"EXIF", b"odd"))


def pdf() -> bytes:
    """What a reader calls a PDF."""
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF\n"


def archive(*names: str, comment: bytes = b"") -> bytes:
    """A ZIP with these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, b"<xml/>")
        packed.comment = comment
    return file.getvalue()


def docx() -> bytes:
    """A Word document's outside."""
    return archive("[Content_Types].xml", "_rels/.rels", "word/document.xml")


def named_archive(mime_type: str, method: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP that says first what it is."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        packed.writestr("mimetype", mime_type)
        packed.writestr("content.xml", b"<xml/>")
    return file.getvalue()


def compound_file(stream: str) -> bytes:
    """A compound file of two sectors: free space, then a directory of two entries."""
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHH", 62, 3, 0xFFFE, 9)
    header = header.ljust(48, b"\0") + struct.pack("<I", 1)
    return header.ljust(512, b"\0") + bytes(512) + (_entry("Root Entry", 5) + _entry(stream, 2)).ljust(512, b"\0")


def _entry(name: str, kind: int) -> bytes:
    encoded = f"{name}\0".encode("utf-16-le")
    return (encoded.ljust(64, b"\0") + struct.pack("<HB", len(encoded), kind)).ljust(128, b"\0")


_OOXML = "application/vnd.openxmlformats-officedocument"
SAMPLES = {
    "image/jpeg": jpeg(),
    "image/png": png(),
    "image/webp": webp(),
    "application/pdf": pdf(),
    f"{_OOXML}.wordprocessingml.document": docx(),
    f"{_OOXML}.spreadsheetml.sheet": archive("[Content_Types].xml", "xl/workbook.xml"),
    f"{_OOXML}.presentationml.presentation": archive("ppt/presentation.xml", "[Content_Types].xml"),
    "application/msword": compound_file("WordDocument"),
    "application/vnd.ms-excel": compound_file("Workbook"),
    "application/vnd.ms-powerpoint": compound_file("PowerPoint Document"),
    _ODT: named_archive(_ODT),
    "application/vnd.oasis.opendocument.spreadsheet": named_archive("application/vnd.oasis.opendocument.spreadsheet"),
    "application/vnd.oasis.opendocument.presentation": named_archive("application/vnd.oasis.opendocument.presentation"),
    "application/x-hwp": compound_file("FileHeader"),
    "application/hwp+zip": named_archive("application/hwp+zip"),
}
"""A good file of each type."""
