"""Files of resumes: their keys, and how a file comes to be kept. Pure but for the random bits.

Nothing is ever orphaned, because a file's row is there before its object and goes after it:

    row, expiring in PENDING -> object -> one unit: the row keeps it (an attachment, or a temporary upload for LASTING)
    dropped: the row has expired -> object gone -> row gone

What a kill leaves in between has an expiring row, and the sweep (service/upkeep.py) goes on from there.
"""

import re
import secrets
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from plugins.personal.messages import AttachmentType

__all__ = [
    "BUCKET",
    "LASTING",
    "MAX_FILE",
    "MOST_TEMPORARY",
    "PENDING",
    "UPLOAD_SECONDS",
    "CopiedFile",
    "FileKind",
    "NewAttachment",
    "NewFile",
    "NewFiles",
    "PhotoChange",
    "ShownPhoto",
    "is_key",
    "kind_of",
    "new_key",
]

FileKind = Literal["PHOTO", "DOCUMENT"]
"""What a file is for: a PHOTO (a profile photo or what may become one) is served by the image proxy."""

BUCKET: Literal["public"] = "public"
"""`<img src>` sends no bearer: whoever has a key may read."""
MAX_FILE = 10 * 1024 * 1024
"""Bytes."""
LASTING = timedelta(hours=24)
"""How long a temporary upload is good."""
PENDING = timedelta(hours=1)
"""How long a file may be on its way, far longer than UPLOAD_SECONDS: the sweep never meets one that still comes."""
UPLOAD_SECONDS = 900.0
MOST_TEMPORARY = 20
"""Temporary uploads of a user that are kept; of more, the oldest go."""

_KEY = re.compile(r"resume/[0-9a-f]{40}\.[a-z]{3,4}")


class NewFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file on its way; `file_name` is a label."""

    key: str
    user_id: str
    kind: FileKind
    file_name: str
    mime_type: str
    expires_at: datetime
    created_at: datetime


class NewAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps a file that has come, of `size` bytes."""

    id: str
    resume_id: str
    user_id: str
    type: AttachmentType
    key: str
    size: int
    title: str | None
    description: str | None
    now: datetime


class CopiedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of an attachment's file, on its way until an attachment like the original's keeps it."""

    key: str
    size: int
    type: AttachmentType
    title: str | None
    description: str | None
    visible: bool


class PhotoChange(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a resume's photo: a temporary upload, else an address elsewhere, else none.

    The address of the present photo leaves it as it is. `id` is that of the attachment of an upload.
    """

    id: str
    temp_key: str | None
    address: str | None


class NewFiles(msgspec.Struct, frozen=True, kw_only=True):
    """What a new resume begins with: a photo, or the copies of another's files, each with an attachment's id."""

    photo: PhotoChange | None = None
    copies: tuple[tuple[str, CopiedFile], ...] = ()


class ShownPhoto(NamedTuple):
    """What is known of a photo that is served."""

    mime_type: str
    size: int
    created_at: datetime


def new_key(extension: str) -> str:
    """A key that nobody guesses (160 bits), of one segment behind the bucket's."""
    return f"resume/{secrets.token_hex(20)}.{extension}"


def is_key(text: str) -> bool:
    """Whether `new_key` could have made it."""
    return _KEY.fullmatch(text) is not None


def kind_of(attachment_type: AttachmentType) -> FileKind:
    """What a file of such an attachment is for."""
    return "PHOTO" if attachment_type == "PROFILE_PHOTO" else "DOCUMENT"
