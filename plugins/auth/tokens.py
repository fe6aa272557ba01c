"""Access tokens: 256 random bits that stand for a session. Only their SHA-256 is stored.

A plain hash is enough: nobody can try all of 2**256, so there is nothing for a slow one to slow down.
"""

import hashlib
import re
import secrets

__all__ = ["digest", "new_token"]

_PREFIX = "girok_at_"
_BYTES = 32
_FORM = re.compile(rf"{_PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)


def new_token() -> str:
    """A token; its prefix lets secret scanners find one that leaked."""
    return _PREFIX + secrets.token_urlsafe(_BYTES)


def digest(token: str) -> str | None:
    """What is stored of a token, in hexadecimal; None for text that no token can be."""
    if not _FORM.fullmatch(token):
        return None
    return hashlib.sha256(token.encode("ascii")).hexdigest()
