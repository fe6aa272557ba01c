"""What a request for a file is answered: status, headers and which bytes. Rules of RFC 9110, without any I/O."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from girok.objects.port import ObjectInfo

__all__ = ["INLINE", "PUBLIC_CACHE", "Reply", "reply_to"]

PUBLIC_CACHE = "public, max-age=86400, immutable"
"""Content never changes under a key, but it may be deleted: a day, then caches ask again."""

INLINE = frozenset({"image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"})
"""What a browser may show from girok's own origin. An SVG is a document with scripts: no image here."""

SECURITY = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    # Pages of the web origins show these files.
    "cross-origin-resource-policy": "cross-origin",
}
_RANGE = re.compile(r"bytes[ \t]*=[ \t]*([0-9]{0,15})-([0-9]{0,15})[ \t]*", re.ASCII | re.IGNORECASE)
_ETAG = re.compile(r'(?:W/)?("[^"]*")')


class Reply(NamedTuple):
    """The bytes `start` to `end` (exclusive) are the body."""

    status: int
    headers: dict[str, str]
    start: int = 0
    end: int = 0


def reply_to(method: str, wanted: Mapping[str, str], info: ObjectInfo, cache: str) -> Reply:
    """The answer to a GET or HEAD whose request headers are `wanted` (lower-case names); `cache` is Cache-Control."""
    etag = f'"{info.etag}"'
    headers = {**SECURITY, "etag": etag, "cache-control": cache, "accept-ranges": "bytes"}
    if _is_known(wanted.get("if-none-match", ""), etag):
        return Reply(304, headers)
    headers["content-disposition"] = "inline" if info.mime_type in INLINE else "attachment"
    span = _span(wanted.get("range", ""), info.size)
    # Ranges are for GET only, and those of another version's client come to nothing.
    if span is None or method != "GET" or wanted.get("if-range", etag) != etag:
        headers |= {"content-type": info.mime_type, "content-length": str(info.size)}
        return Reply(200, headers, 0, info.size if method == "GET" else 0)
    start, end = span
    if start >= end:
        return Reply(416, headers | {"content-range": f"bytes */{info.size}", "content-length": "0"})
    headers |= {"content-type": info.mime_type, "content-length": str(end - start)}
    return Reply(206, headers | {"content-range": f"bytes {start}-{end - 1}/{info.size}"}, start, end)


def _is_known(if_none_match: str, etag: str) -> bool:
    return if_none_match.strip() == "*" or etag in _ETAG.findall(if_none_match)


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """The one range as start and end (exclusive), empty when there is nothing in it; None for what is to be ignored."""
    match = _RANGE.fullmatch(wanted)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if not last:
        return int(first), size
    # Backwards is malformed, thus ignored; past the end is not.
    return (int(first), min(int(last) + 1, size)) if int(first) <= int(last) else None
