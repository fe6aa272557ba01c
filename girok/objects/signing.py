"""Signed URLs: HMAC-SHA256 over the method, bucket, key and expiry, and for PUT the exact size and mime type.

    /{bucket}/{key}?expires=1767225600&signature=...                             GET and HEAD
    /{bucket}/{key}?expires=1767225600&size=81920&type=image%2Fpng&signature=... PUT

Who has the URL may do that one thing until then: it is as good as a password and never logged.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

import msgspec

from girok.clock import Clock
from girok.errors import Forbidden, InvalidInput, Text
from girok.objects.port import Bucket, check_key, check_mime_type

__all__ = ["Grant", "SignedUrlExpired", "SignedUrlInvalid", "UrlSigner"]

# One spelling for each number, so that a URL cannot be written in two ways.
_NUMBER = re.compile(r"0|[1-9][0-9]{0,11}", re.ASCII)
_DOMAIN = "girok-object-url-1"
"""First line of what is signed: a signature made with this key for another purpose is none here."""


class SignedUrlInvalid(Forbidden):
    """There is no signature, or it is not girok's for this method, key, size and type."""

    reason = "SIGNED_URL_INVALID"
    text = Text("This link is not valid.", "유효하지 않은 링크입니다.")


class SignedUrlExpired(Forbidden):
    """The signature was girok's, but its time is over."""

    reason = "SIGNED_URL_EXPIRED"
    text = Text("This link has expired.", "링크가 만료되었습니다.")


class Grant(msgspec.Struct, frozen=True):
    """What a signed URL allows. `expires` in seconds since 1970; `size` in bytes and `mime_type` for PUT only."""

    method: Literal["GET", "PUT"]
    bucket: Bucket
    key: str
    expires: int
    size: int | None = None
    mime_type: str | None = None


class UrlSigner:
    """Makes and checks the signed part of URLs under one secret key."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def query(self, grant: Grant) -> str:
        """The query string that grants it."""
        fields = {"expires": grant.expires, "size": grant.size, "type": grant.mime_type}
        present = {name: value for name, value in fields.items() if value is not None}
        return urlencode({**present, "signature": self._signature(grant)})

    def check(self, method: Literal["GET", "PUT"], bucket: Bucket, key: str, query: Mapping[str, str]) -> Grant:
        """What the query of a request grants. Raises SignedUrlInvalid, and SignedUrlExpired to who had a good one."""
        grant = _wanted(method, bucket, key, query)
        # As bytes: compare_digest refuses text that is not ASCII.
        given = query.get("signature", "").encode(errors="replace")
        if not hmac.compare_digest(given, self._signature(grant).encode()):
            raise SignedUrlInvalid
        if self._clock.now().timestamp() >= grant.expires:
            raise SignedUrlExpired
        return grant

    def _signature(self, grant: Grant) -> str:
        # JSON keeps the fields apart whatever they hold.
        return hmac.new(self._key, msgspec.json.encode((_DOMAIN, *_fields(grant))), hashlib.sha256).hexdigest()


def _fields(grant: Grant) -> tuple[str | int | None, ...]:
    return grant.method, grant.bucket, grant.key, grant.expires, grant.size, grant.mime_type


def _wanted(method: Literal["GET", "PUT"], bucket: Bucket, key: str, query: Mapping[str, str]) -> Grant:
    """What a request asks for, well formed but not yet granted. Raises SignedUrlInvalid."""
    try:
        check_key(key)
        if method == "GET":
            return Grant(method, bucket, key, _number(query, "expires"))
        check_mime_type(mime_type := query.get("type", ""))
    except InvalidInput as error:
        raise SignedUrlInvalid from error
    return Grant(method, bucket, key, _number(query, "expires"), _number(query, "size"), mime_type)


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "")
    if not _NUMBER.fullmatch(text):
        raise SignedUrlInvalid
    return int(text)
