"""Tokens as an attacker, or another version of girok, would make them: any header, any payload, any signature."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import RSAKey

from plugins.auth.ports import ValidateTokenRequest
from plugins.auth.signing import SigningKey
from tests.plugins.auth.stage import Stage

__all__ = ["encoded", "forged", "is_valid", "key_of", "parts"]


def encoded(value: object) -> str:
    """Bytes as they are, all else as JSON, in base64url."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload, as any client reads them."""
    header, payload, _ = token.split(".")
    read = [json.loads(base64.urlsafe_b64decode(each + "==")) for each in (header, payload)]
    return read[0], read[1]


async def key_of(stage: Stage) -> SigningKey:
    """The one that signs now."""
    return await stage.service.keys.signing(stage.clock.now())


def forged(key: RSAKey, header: object, payload: object) -> str:
    """A token with a true RS256 signature by `key`, whatever its header says."""
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{encoded(key.get_op_key('sign').sign(text.encode(), PKCS1v15(), SHA256()))}"


async def is_valid(stage: Stage, token: str) -> bool:
    """Whether it is good at this instant."""
    return (await stage.port.validate_token(ValidateTokenRequest(token))).valid
