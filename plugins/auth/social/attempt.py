"""An attempt: what a login that has begun must remember until its callback. The browser keeps it, sealed."""

import base64
import secrets
from binascii import Error
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from girok import sealing

__all__ = ["LASTING", "Attempt", "Ending", "new_attempt", "opened", "sealed"]

Ending = Literal["token", "bff"]
"""How the browser goes back to the web client: with an access token, or with a code for `completeSocialLogin`."""
LASTING = timedelta(minutes=10)


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """`state` binds the callback to this browser, `nonce` the ID token and `verifier` (RFC 7636) the code to both."""

    state: str
    nonce: str
    verifier: str
    ending: Ending
    redirect_uri: str
    expires_at: int
    """Seconds since 1970."""

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Attempt({self.ending!r}, ...)"


def new_attempt(ending: Ending, redirect_uri: str, now: datetime) -> Attempt:
    """A fresh one: 256 random bits in each of its secrets."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Attempt(state, nonce, verifier, ending, redirect_uri, int((now + LASTING).timestamp()))


def sealed(attempt: Attempt, key: bytes, provider: str) -> str:
    """The value of its cookie, of base64url's characters; it opens for this provider only."""
    value = sealing.seal(key, _purpose(provider), msgspec.msgpack.encode(attempt))
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def opened(cookie: str, key: bytes, provider: str, now: datetime) -> Attempt | None:
    """The attempt of a cookie. None for one that is malformed, forged, expired, or another provider's."""
    try:
        value = base64.b64decode(cookie + "=" * (-len(cookie) % 4), altchars=b"-_", validate=True)
        attempt = msgspec.msgpack.decode(sealing.open(key, _purpose(provider), value), type=Attempt)
    except (Error, ValueError, sealing.SealBroken, msgspec.DecodeError):
        return None
    return attempt if now.timestamp() < attempt.expires_at else None


def _purpose(provider: str) -> str:
    return f"social_login:{provider}"
