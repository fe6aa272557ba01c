"""The structure of JPEG, PNG and WebP, walked from the first byte to the last one.

A walk returns right behind the image, so that whoever runs it sees whether something follows. Pixels are not decoded.
"""

import re
import struct
import zlib

from plugins.personal.file_types.walk import Malformed, Source, Walk, check_pixels

__all__ = ["jpeg", "png", "webp"]

_PNG = b"\x89PNG\r\n\x1a\n"
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
"""In the data of a scan: all but an escaped FF, a restart and a fill byte."""
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_ALONE = frozenset((0x00, 0x01, *range(0xD0, 0xD8), _SOI))
"""Markers without a length, which have no place between segments."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def jpeg(source: Source) -> Walk[None]:
    """ITU-T T.81: SOI, segments and scans, EOI."""
    if (yield from source.take(2)) != bytes((0xFF, _SOI)):
        raise Malformed
    has_frame = has_scan = False
    marker = yield from _marker(source)
    while marker != _EOI:
        if marker in _ALONE:
            raise Malformed
        length = int.from_bytes((yield from source.take(2))) - 2
        if length < 0:
            raise Malformed
        if marker in _FRAMES:
            _check_frame((yield from source.take(length)))
            has_frame = True
        else:
            yield from source.skip(length)
        if marker == _SOS:
            has_scan = has_frame
            marker = (yield from source.find(_MARKER, 2))[1]
        else:
            marker = yield from _marker(source)
    if not has_scan:
        raise Malformed


def _marker(source: Source) -> Walk[int]:
    """The marker that stands next; fill bytes may come before it."""
    if (yield from source.take(1)) != b"\xff":
        raise Malformed
    while (code := (yield from source.take(1))) == b"\xff":
        continue
    return code[0]


def _check_frame(header: bytes) -> None:
    if len(header) < 6:
        raise Malformed
    _, height, width = struct.unpack_from(">BHH", header)
    check_pixels(width, height)


def png(source: Source) -> Walk[None]:
    """PNG, third edition: the signature, chunks from IHDR to IEND, each with its CRC."""
    if (yield from source.take(8)) != _PNG:
        raise Malformed
    kind, has_data = b"", False
    while kind != b"IEND":
        is_first = not kind
        length, kind = struct.unpack(">I4s", (yield from source.take(8)))
        if is_first != (kind == b"IHDR") or not kind.isalpha() or length > 0x7FFF_FFFF:
            raise Malformed
        checksum = zlib.crc32(kind)
        if is_first:
            if length != 13:
                raise Malformed
            header = yield from source.take(length)
            check_pixels(*struct.unpack_from(">II", header))
            checksum = zlib.crc32(header, checksum)
        else:
            checksum = yield from source.skip(length, checksum)
        if (yield from source.take(4)) != checksum.to_bytes(4):
            raise Malformed
        has_data |= kind == b"IDAT"
    if not has_data:
        raise Malformed


def webp(source: Source) -> Walk[None]:
    """RFC 9649: a RIFF container whose chunks fill it exactly."""
    riff, size, form = struct.unpack("<4sI4s", (yield from source.take(12)))
    if (riff, form) != (b"RIFF", b"WEBP") or size % 2 or size < 4:
        raise Malformed
    left, kinds = size - 4, set[bytes]()
    while left:
        kind, length = struct.unpack("<4sI", (yield from source.take(8)))
        padded = length + length % 2
        if padded + 8 > left:
            raise Malformed
        header = yield from source.take(min(padded, 10))
        if not kinds or kind in (b"VP8 ", b"VP8L"):
            check_pixels(*_size(kind, header))
        yield from source.skip(padded - len(header))
        kinds.add(kind)
        left -= padded + 8
    if kinds.isdisjoint((b"VP8 ", b"VP8L", b"ANMF")):
        raise Malformed


def _size(kind: bytes, header: bytes) -> tuple[int, int]:
    """Width and height, of the chunk that an image begins with or has its data in. Raises Malformed for another one."""
    if kind == b"VP8X" and len(header) == 10:
        return int.from_bytes(header[4:7], "little") + 1, int.from_bytes(header[7:10], "little") + 1
    if kind == b"VP8L" and len(header) >= 5 and header[0] == 0x2F:
        bits = int.from_bytes(header[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(header) == 10 and header[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", header, 6)
        return width & 0x3FFF, height & 0x3FFF
    raise Malformed
