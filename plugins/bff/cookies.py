"""The cookie `session_id`: opaque, out of reach of scripts, never sent along by other sites, for this host only."""

import re

__all__ = ["cleared", "has_session", "read", "written"]

_NAME = "session_id"
_HANDLE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def has_session(header: bytes) -> bool:
    """Whether a Cookie header names a session at all, good or not."""
    return bool(_values(header))


def read(header: bytes) -> str | None:
    """The handle in a Cookie header; None for what is no handle.

    Two different ones are none: the second was set by another host of the same domain, and which is whose cannot be
    told.
    """
    values = _values(header)
    return values.pop() if len(values) == 1 and all(map(_HANDLE.fullmatch, values)) else None


def written(handle: str, *, secure: bool) -> bytes:
    """The Set-Cookie header that gives a browser its handle, until the browser ends."""
    return f"{_NAME}={handle}; {_attributes(secure)}".encode()


def cleared(*, secure: bool) -> bytes:
    """The Set-Cookie header that takes it away. `secure` as it was when written, or browsers ignore it."""
    return f"{_NAME}=; Max-Age=0; {_attributes(secure)}".encode()


def _attributes(secure: bool) -> str:  # noqa: FBT001 - passed on
    return f"HttpOnly; {'Secure; ' if secure else ''}SameSite=Strict; Path=/"


def _values(header: bytes) -> set[str]:
    """All that is given as our cookie; RFC 6265 lets no name appear twice in one place, but hosts share domains."""
    if _NAME.encode() not in header:
        return set()
    pairs = (each.strip().partition("=") for each in header.decode("latin-1").split(";"))
    return {value.strip('"') for name, _, value in pairs if name == _NAME}
