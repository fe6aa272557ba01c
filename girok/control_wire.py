"""What goes over the control socket, and how its address is written."""

import os
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["LONGEST_REQUEST", "SOCKET", "Answer", "Failure", "Item", "Reply", "Request", "address", "open_directory"]

SOCKET = "girok.sock"
LONGEST_REQUEST = 1 << 20
"""Bytes of a request's line."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command and its parameters, which may hold a password: they never show in a log or a traceback."""

    command: str
    params: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])

    def __repr__(self) -> str:
        return f"Request({self.command!r}, ...)"


class Failure(msgspec.Struct, frozen=True):
    """An error: the category's code, the stable reason, a sentence in English."""

    code: str
    reason: str
    message: str


class Item(msgspec.Struct, frozen=True):
    """One of the values that a stream gives."""

    item: Any


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last line: `data` when `ok` (a stream has none), else `error`."""

    ok: bool
    data: Any = msgspec.UNSET
    error: Failure | msgspec.UnsetType = msgspec.UNSET


class Reply(msgspec.Struct, frozen=True):
    """A line as the client reads it: an Item, whose JSON is left as it is, or the Answer."""

    ok: bool | msgspec.UnsetType = msgspec.UNSET
    item: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    data: Any = msgspec.UNSET
    error: Failure | msgspec.UnsetType = msgspec.UNSET


def open_directory(data_dir: Path) -> int:
    """A descriptor of the data directory, to close after use. Raises OSError."""
    return os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def address(directory: int, data_dir: Path) -> str:
    """The socket's path for bind and connect: short, however deep the directory lies (the limit is 107 bytes)."""
    if Path("/proc/self/fd").is_dir():
        return f"/proc/self/fd/{directory}/{SOCKET}"
    return str(data_dir / SOCKET)
