"""The structure of PDF and of office documents, as far as it says what a file is.

Nothing in them is opened: archives are known by their directory and never unpacked, whatever is packed in there.
"""

import re
import struct
from collections.abc import Callable

from plugins.personal.file_types.walk import Malformed, Source, Walk

__all__ = ["compound", "named_zip", "office_zip", "pdf"]

_PDF = re.compile(rb"%PDF-[12]\.[0-9]")
_PDF_END = re.compile(rb"%%EOF[\x00\t\n\f\r ]*\Z")
_PDF_TAIL = 1024

_ZIP_TAIL = 512 * 1024
"""Holds the directory of an archive of some 5,000 parts."""
_END = struct.Struct("<4sHHHHIIH")
_ENTRY = struct.Struct("<4s24xHHH12x")
_LOCAL = struct.Struct("<4s2xHH16xHH")
_ENCRYPTED = 1

_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_COMPOUND_HEADER = 512
_SLOT = 128
_STREAM, _ROOT = 2, 5


def pdf(source: Source) -> Walk[None]:
    """ISO 32000: from the header to the last `%%EOF`."""
    if not _PDF.fullmatch((yield from source.take(8))):
        raise Malformed
    tail, _ = yield from _tail(source, _PDF_TAIL)
    if not _PDF_END.search(tail):
        raise Malformed


def office_zip(folder: str) -> Callable[[Source], Walk[None]]:
    """Office Open XML (ECMA-376) whose parts lie in `folder`; without macros, which have a type of their own."""

    def walk(source: Source) -> Walk[None]:
        names = yield from _zip_names(source, _LOCAL.size, b"")
        if "[Content_Types].xml" not in names or not any(name.startswith(f"{folder}/") for name in names):
            raise Malformed
        if any(name.endswith("vbaProject.bin") for name in names):
            raise Malformed

    return walk


def named_zip(mime_type: str) -> Callable[[Source], Walk[None]]:
    """An archive whose first part is `mimetype`, stored as it is: OpenDocument (ISO 26300), and HWPX alike."""
    said = b"mimetype" + mime_type.encode()

    def walk(source: Source) -> Walk[None]:
        yield from _zip_names(source, _LOCAL.size + len(said) + 2, said)

    return walk


def _zip_names(source: Source, head_size: int, said: bytes) -> Walk[set[str]]:
    """The names of all parts. The file begins with a part, `said` if given, and ends with the archive's directory."""
    head = yield from source.take(head_size)
    signature, flags, method, name_length, extra_length = _LOCAL.unpack_from(head)
    if signature != b"PK\x03\x04" or flags & _ENCRYPTED:
        raise Malformed
    # The next record follows right behind what is said: else it might go on.
    if said and (method or extra_length or name_length != 8 or head[_LOCAL.size :] != said + b"PK"):
        raise Malformed
    tail, rest = yield from _tail(source, _ZIP_TAIL)
    return _names(tail, head_size + rest)


def _names(tail: bytes, size: int) -> set[str]:
    """The names in the directory of an archive of `size` bytes that ends with `tail`."""
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise Malformed
    _, disk, first_disk, here, count, length, begin, comment = _END.unpack_from(tail, at)
    place = begin - (size - len(tail))
    whole = at + _END.size + comment == len(tail) and place + length == at
    if disk or first_disk or here != count or not whole or place < 0:
        raise Malformed
    names: set[str] = set()
    for _ in range(count):
        if place + _ENTRY.size > at:
            raise Malformed
        signature, name_length, extra_length, comment = _ENTRY.unpack_from(tail, place)
        if signature != b"PK\x01\x02":
            raise Malformed
        place += _ENTRY.size
        names.add(tail[place : place + name_length].decode(errors="replace"))
        place += name_length + extra_length + comment
    if place != at:
        raise Malformed
    return names


def compound(*streams: str) -> Callable[[Source], Walk[None]]:
    """A compound file (MS-CFB) with a stream of one of these names: Word, Excel, PowerPoint before 2007; HWP 5.

    The directory's first sector is where the header says; its other sectors are looked for rather than followed.
    """
    wanted = [_slot(name, _STREAM) for name in streams]
    root = _slot("Root Entry", _ROOT)

    def walk(source: Source) -> Walk[None]:
        header = yield from source.take(_COMPOUND_HEADER)
        version, order, shift = struct.unpack_from("<HHH", header, 26)
        if header[:8] != _COMPOUND or order != 0xFFFE or (version, shift) not in {(3, 9), (4, 12)}:
            raise Malformed
        directory = (int.from_bytes(header[48:52], "little") + 1) << shift
        place, has_root, has_stream = _COMPOUND_HEADER, False, False
        # What is left at the end of a last sector that was not filled is no slot.
        while len(source) >= _SLOT or not source.ended:
            if len(source) < _SLOT:
                yield
                continue
            slots = yield from source.take(len(source) // _SLOT * _SLOT)
            has_root |= place <= directory < place + len(slots) and slots.startswith(root, directory - place)
            has_stream |= any(_has(slots, each) for each in wanted)
            place += len(slots)
        if not has_root or not has_stream:
            raise Malformed

    return walk


def _has(slots: bytes, entry: bytes) -> bool:
    """Whether a slot begins with `entry`."""
    at = slots.find(entry)
    while at % _SLOT and at >= 0:
        at = slots.find(entry, at + 1)
    return at >= 0


def _slot(name: str, kind: int) -> bytes:
    """How an entry of a directory begins: the name, filled up, its length in bytes, and what it is."""
    encoded = f"{name}\0".encode("utf-16-le")
    return encoded.ljust(64, b"\0") + bytes((len(encoded), 0, kind))


def _tail(source: Source, longest: int) -> Walk[tuple[bytes, int]]:
    """The last bytes of what is to come, `longest` at most, and how many were to come in all."""
    tail, size = bytearray(), 0
    while piece := (yield from source.some()):
        size += len(piece)
        tail += piece
        del tail[:-longest]
    return bytes(tail), size
