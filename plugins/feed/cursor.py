"""The cursor of a list of posts: the id of the last post seen, opaque to clients."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from girok.paging import InvalidCursor

__all__ = ["decode", "encode"]

_VERSION = b"\x01"
_LENGTH = 17
"""The version byte and the 16 bytes of a UUID."""


def encode(post_id: str) -> str:
    """The cursor that continues after this post."""
    # Not by UUID(): a page has twenty of these, and making the object costs more than reading a row.
    return urlsafe_b64encode(_VERSION + bytes.fromhex(post_id.replace("-", ""))).rstrip(b"=").decode()


def decode(cursor: str) -> str:
    """The post id in a cursor. Raises InvalidCursor for anything that `encode` did not make."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=")
    except (UnicodeEncodeError, binascii.Error) as error:
        raise InvalidCursor from error
    if len(raw) != _LENGTH or raw[:1] != _VERSION:
        raise InvalidCursor
    post_id = str(UUID(bytes=raw[1:]))
    if encode(post_id) != cursor or UUID(post_id).version != 7:
        raise InvalidCursor
    return post_id
