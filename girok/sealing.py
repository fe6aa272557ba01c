"""Sealing: encryption of what is stored, with proof that nobody changed or moved it (AES-256-GCM, NIST SP 800-38D).

    sealed = sealing.seal(keys.get("sessions"), f"session:{session_id}", token)
    token = sealing.open(keys.get("sessions"), f"session:{session_id}", sealed)

The purpose is not stored: what was sealed for one does not open for another, so name in it what the value belongs to.
A sealed value is a version byte, a random nonce of 12 bytes, the ciphertext and a tag of 16. Random nonces bound how
much one key may seal: 2**32 values.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["SealBroken", "open", "seal"]

_VERSION = b"\x01"
_NONCE = 12
_TAG = 16


class SealBroken(Exception):
    """The value was changed, cut off, sealed for another purpose or under another key."""


def seal(key: bytes, purpose: str, plaintext: bytes) -> bytes:
    """`plaintext` sealed for `purpose`: 29 bytes longer. `key` has 32 bytes."""
    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + _cipher(key).encrypt(nonce, plaintext, _bound(purpose))


def open(key: bytes, purpose: str, sealed: bytes) -> bytes:  # noqa: A001 - read as sealing.open, the other half of seal
    """What was sealed for `purpose` under `key`. Raises SealBroken."""
    from cryptography.exceptions import InvalidTag

    nonce, ciphertext = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    if sealed[:1] != _VERSION or len(ciphertext) < _TAG:
        raise SealBroken("not a sealed value, or one of another version")
    try:
        return _cipher(key).decrypt(nonce, ciphertext, _bound(purpose))
    except InvalidTag as error:
        raise SealBroken("a sealed value was changed, or does not belong to this key and purpose") from error


def _cipher(key: bytes) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(key) != 32:
        raise ValueError("a key has 32 bytes")
    return AESGCM(key)


def _bound(purpose: str) -> bytes:
    return _VERSION + purpose.encode()
