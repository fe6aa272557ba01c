"""The keys that sign tokens: made at the first start, replaced in time, shared by all processes through the database.

Each is sealed at rest. A new one is published an hour before it signs, so that whoever keeps a copy of the key set
(`/.well-known/jwks.json`) has it by then, and goes when nothing that it signed can still be good.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import RSAKey

from girok import sealing
from girok.clock import Clock
from girok.errors import Text, Unavailable
from girok.keys import Keys
from girok.refusal import Refusal
from plugins.auth.messages import Confidential
from plugins.auth.repository import KeyRepository, StoredKey

__all__ = ["KeysSealed", "SigningKey", "SigningKeys"]

_NAME = "auth-signing-keys"
_SEALED = (
    "the keys in the database that sign tokens (auth_signing_key) were sealed by other secrets than the ones here: "
    "bring back the directory `keys` that belongs to this database (in a cluster: cluster.secret, "
    "GIROK_CLUSTER_SECRET); if it is lost, delete the rows of auth_signing_key, and everybody signs in again"
)
_BITS = 2048
PUBLISHED_AHEAD = timedelta(hours=1)
LONGEST_USE = timedelta(days=31)
"""No token lives longer."""
_LOOK_AGAIN = timedelta(seconds=1)
"""Unknown key ids make no more reads of the database than one in this time."""


class KeysSealed(Unavailable, Refusal):
    """The database and the secrets of this installation do not belong together."""

    reason = "SIGNING_KEYS_SEALED"

    def __init__(self) -> None:
        super().__init__(Text(_SEALED, _SEALED))


class SigningKey(Confidential, frozen=True):
    """One pair. `id` is its thumbprint (RFC 7638)."""

    id: str
    number: int
    private: RSAKey
    public: RSAKey
    signs_from: datetime


class SigningKeys:
    """The present keys, oldest first. One is made when there is none, and after `lasting` the next.

    Every method raises KeysSealed.
    """

    def __init__(self, rows: KeyRepository, keys: Keys, clock: Clock, *, lasting: timedelta) -> None:
        self._rows = rows
        self._seal_key = keys.get(_NAME)
        self._clock = clock
        self._lasting = lasting
        self._known: tuple[SigningKey, ...] = ()
        self._looked_at = clock.now() - _LOOK_AGAIN
        self._looking = asyncio.Lock()

    async def signing(self, now: datetime) -> SigningKey:
        """The one that signs now."""
        for key in reversed(self._known):
            if key.signs_from <= now:
                return key
        await self.renew()
        return self._known[0]

    async def verifying(self, key_id: str) -> RSAKey | None:
        """The public half; None when there is no such key. Another process may have made it just now."""
        found = self._find(key_id)
        if found is None:
            async with self._looking:
                found = self._find(key_id)
                if found is None and self._clock.now() - self._looked_at >= _LOOK_AGAIN:
                    await self._read()
                    found = self._find(key_id)
        return found.public if found else None

    async def renew(self) -> None:
        """Make the first key, or the next one when it is time; forget those whose tokens are all over."""
        async with self._looking:
            await self._read()
            now = self._clock.now()
            if not self._known or self._known[-1].signs_from + self._lasting <= now + PUBLISHED_AHEAD:
                await self._make(now)
                await self._read()
            successors = zip(self._known, self._known[1:], strict=False)
            outlived = [key.id for key, after in successors if after.signs_from + LONGEST_USE <= now]
            if outlived:
                await self._rows.remove_keys(outlived)
                await self._read()

    async def published(self) -> dict[str, Sequence[dict[str, object]]]:
        """The key set (RFC 7517): public halves of all keys, those that do not sign yet too."""
        async with self._looking:
            await self._read()
        return {"keys": [{**key.public.as_dict(private=False), "use": "sig", "alg": "RS256"} for key in self._known]}

    def _find(self, key_id: str) -> SigningKey | None:
        return next((key for key in self._known if key.id == key_id), None)

    async def _make(self, now: datetime) -> None:
        pair = await asyncio.to_thread(RSAKey.generate_key, _BITS)
        private, key_id = pair.as_pem(private=True), pair.thumbprint()
        last = self._known[-1] if self._known else None
        row = StoredKey(
            id=key_id,
            number=last.number + 1 if last else 0,
            private_key=sealing.seal(self._seal_key, _purpose(key_id), private),
            created_at=now,
            signs_from=now + PUBLISHED_AHEAD if last else now,
        )
        await self._rows.add_key(row)

    async def _read(self) -> None:
        rows = await self._rows.signing_keys()
        known = {key.id: key for key in self._known}
        self._known = tuple(known.get(row.id) or self._opened(row) for row in rows)
        self._looked_at = self._clock.now()

    def _opened(self, row: StoredKey) -> SigningKey:
        try:
            pem = sealing.open(self._seal_key, _purpose(row.id), row.private_key)
        except sealing.SealBroken as error:
            raise KeysSealed from error
        # No check of its numbers: who sealed it was us, and it would take 130 ms of every start.
        pair = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        private = RSAKey(cast("RSAPrivateKey", pair), pem, {"kid": row.id})
        public = RSAKey.import_key(private.as_dict(private=False))
        return SigningKey(row.id, row.number, private, public, row.signs_from)


def _purpose(key_id: str) -> str:
    return f"auth_signing_key:{key_id}"
