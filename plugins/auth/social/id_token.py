"""ID tokens: whether one was made by this provider, for us, for this login (OpenID Connect Core, 3.1.3.7). Pure."""

from collections.abc import Mapping
from datetime import datetime
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard, cast

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

__all__ = ["Expected", "IdTokenInvalid", "KeyUnknown", "verified"]

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures only: nothing that a client secret or a public key could forge, and not `none`."""
_SKEW = 60.0
"""How far clocks may be apart, in seconds."""


class IdTokenInvalid(Exception):
    """It proves nothing; the text says why, without the token."""


class KeyUnknown(IdTokenInvalid):
    """It is signed by a key that is not among these. The provider may have a new one."""


class Expected(NamedTuple):
    """What must be in it: one of the issuers, who we are there, and the login's nonce."""

    issuers: tuple[str, ...]
    client_id: str
    nonce: str


def verified(token: str, keys: "KeySet", expected: Expected, now: datetime) -> Mapping[str, Any]:
    """The claims of a token. Raises IdTokenInvalid, or KeyUnknown of it."""
    claims = _signed(token, keys)
    if claims.get("iss") not in expected.issuers:
        raise IdTokenInvalid("another issuer")
    _check_audience(claims, expected.client_id)
    _check_times(claims, now.timestamp())
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not compare_digest(nonce.encode(), expected.nonce.encode()):
        raise IdTokenInvalid("another login's nonce")
    return claims


def _signed(token: str, keys: "KeySet") -> Mapping[str, Any]:
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError, JoseError

    try:
        return jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
    except InvalidKeyIdError:
        raise KeyUnknown("an unknown key") from None
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise IdTokenInvalid(f"not signed: {type(error).__name__}") from None


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    for_us = [audience] if isinstance(audience, str) else cast("object", audience)
    if not isinstance(for_us, list) or client_id not in for_us:
        raise IdTokenInvalid("another audience")
    several = len(cast("list[object]", for_us)) > 1
    if claims.get("azp", None if several else client_id) != client_id:
        raise IdTokenInvalid("another authorized party")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    expires, issued, begins = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
    if not _is_time(expires) or not _is_time(issued) or not _is_time(begins):
        raise IdTokenInvalid("no times")
    if expires <= now - _SKEW:
        raise IdTokenInvalid("expired")
    if max(issued, begins) > now + _SKEW:
        raise IdTokenInvalid("from the future")


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
