"""Tokens: JWTs (RFC 7519) signed with RS256, whose payload clients decode. Signed is not yet valid.

A signature says who was given what; whether it still counts is the session's to say, and its row is read at each use.
What was verified once is remembered, since that never changes: 40 us a token otherwise.
"""

from base64 import urlsafe_b64decode
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
from joserfc import jws
from joserfc.errors import JoseError

from girok.context import Role
from plugins.auth.messages import Confidential
from plugins.auth.signing import SigningKeys

__all__ = ["Claims", "Purpose", "Tokens"]

Purpose = Literal["ACCESS", "REFRESH", "DOMAIN_ACCESS"]

_REGISTRY = jws.JWSRegistry(algorithms=["RS256"])
_MOST_REMEMBERED = 8192
_LONGEST = 4096
_CLOCK_SKEW = timedelta(seconds=60)
"""How far the clocks of two processes may be apart."""


class Claims(Confidential, frozen=True, kw_only=True, omit_defaults=True):
    """The payload, in the names that clients read. `iat` and `exp` are seconds since 1970.

    `role` and `email` are as they were then: for a client to show, never to decide by. `jti` is a refresh token's id,
    `domain` what a guest token is limited to.
    """

    sub: str
    sid: str
    email: str
    role: Role
    type: Purpose
    iat: int
    exp: int
    jti: str = ""
    domain: str = ""

    @property
    def expires_at(self) -> datetime:
        """`exp`."""
        return datetime.fromtimestamp(self.exp, UTC)


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ours has these and nothing else. So nobody's header gets as far as to name an algorithm or a key (RFC 8725)."""

    alg: Literal["RS256"]
    typ: Literal["JWT"]
    kid: str


class Tokens:
    """Signs and verifies with `keys`."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys
        self._verified: OrderedDict[str, Claims] = OrderedDict()

    async def sign(self, claims: Claims, now: datetime) -> str:
        """The token, in compact form."""
        key = await self._keys.signing(now)
        header = _Header("RS256", "JWT", key.id)
        return jws.serialize_compact(
            msgspec.structs.asdict(header), msgspec.json.encode(claims), key.private, registry=_REGISTRY
        )

    async def verify(self, token: str, now: datetime) -> Claims | None:
        """What a token says; None for one that is malformed, not ours, expired, or of the future."""
        claims = self._verified.get(token)
        if claims is None:
            claims = await self._verify(token)
            if claims is None:
                return None
            self._verified[token] = claims
            if len(self._verified) > _MOST_REMEMBERED:
                self._verified.popitem(last=False)
        else:
            self._verified.move_to_end(token)
        seconds = now.timestamp()
        is_of_now = claims.iat - _CLOCK_SKEW.total_seconds() <= seconds < claims.exp
        return claims if is_of_now else None

    async def _verify(self, token: str) -> Claims | None:
        if len(token) > _LONGEST or not token.isascii():
            return None
        try:
            header = _HEADER.decode(urlsafe_b64decode(token.partition(".")[0] + "=="))
            key = await self._keys.verifying(header.kid)
            if key is None:
                return None
            return _DECODER.decode(jws.deserialize_compact(token, key, registry=_REGISTRY).payload)
        except (JoseError, ValueError, msgspec.MsgspecError):
            return None


_HEADER = msgspec.json.Decoder(_Header)
_DECODER = msgspec.json.Decoder(Claims)
