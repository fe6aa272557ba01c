"""Reading a file while it comes, a piece at a time.

A walk is a generator that reads a file's structure from a `Source`. It waits (yields) where the source has too little,
and is resumed when more has come or the file has ended:

    def walk(source: Source) -> Walk[None]:
        if (yield from source.take(4)) != b"RIFF":
            raise Malformed
"""

import re
import zlib
from collections.abc import Generator
from typing import TypeAlias, TypeVar

__all__ = ["Malformed", "Source", "TooManyPixels", "Walk", "check_pixels"]

T = TypeVar("T")
Walk: TypeAlias = Generator[None, None, T]

_MOST_PIXELS = 100_000_000
"""More than any telephone's camera makes within 10 MB; a few KB can claim a picture that fills a viewer's memory."""


class Malformed(Exception):
    """The bytes are not a whole file of the type that is walked, and nothing else."""


class TooManyPixels(Malformed):
    """It is an image, but a larger one than anybody should have to open."""


class Source:
    """What has come of a file and was not read yet; `ended` when nothing more comes."""

    def __init__(self) -> None:
        self.ended = False
        self._buffer = bytearray()

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, piece: bytes) -> None:
        """More has come."""
        self._buffer += piece

    def take(self, count: int) -> Walk[bytes]:
        """The next `count` bytes; for small counts. Raises Malformed when the file ends before."""
        while len(self._buffer) < count:
            yield from self._more()
        taken = bytes(memoryview(self._buffer)[:count])
        del self._buffer[:count]
        return taken

    def skip(self, count: int, checksum: int = 0) -> Walk[int]:
        """Pass over `count` bytes and go on with their CRC-32. Raises Malformed when the file ends before."""
        while count:
            if not self._buffer:
                yield from self._more()
            passed = memoryview(self._buffer)[:count]
            checksum, length = zlib.crc32(passed, checksum), len(passed)
            passed.release()
            del self._buffer[:length]
            count -= length
        return checksum

    def find(self, pattern: re.Pattern[bytes], longest: int) -> Walk[bytes]:
        """Pass over what comes before a match of at most `longest` bytes, and over it. Raises Malformed without one."""
        while (match := pattern.search(self._buffer)) is None:
            del self._buffer[: max(0, len(self._buffer) - longest + 1)]
            yield from self._more()
        found, end = match[0], match.end()
        del match  # it holds the buffer
        del self._buffer[:end]
        return bytes(found)

    def some(self) -> Walk[bytes]:
        """Whatever comes next; empty at the end."""
        while not self._buffer and not self.ended:
            yield
        taken = bytes(self._buffer)
        self._buffer.clear()
        return taken

    def _more(self) -> Walk[None]:
        if self.ended:
            raise Malformed
        yield


def check_pixels(width: int, height: int) -> None:
    """Raises Malformed for an image without any pixel, TooManyPixels for one with far too many."""
    if not width or not height:
        raise Malformed
    if width * height > _MOST_PIXELS:
        raise TooManyPixels
