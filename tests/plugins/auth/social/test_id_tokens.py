"""ID tokens: every one that is not for this very login is refused."""

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from plugins.auth.social.id_token import Expected, IdTokenInvalid, KeyUnknown, verified

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
KEYS = KeySet([RSAKey.import_key(KEY.as_dict(private=False))])
EXPECTED = Expected(("https://id.example", "id.example"), "client", "nonce")
CLAIMS: dict[str, Any] = {
    "iss": "https://id.example",
    "aud": "client",
    "sub": "ada",
    "nonce": "nonce",
    "iat": SECONDS - 5,
    "exp": SECONDS + 300,
}


def token(key: Any = KEY, alg: str = "RS256", kid: str | None = "one", **claims: Any) -> str:
    """A token with these claims; those that are None are left out."""
    held = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    header = {"alg": alg, **({"kid": kid} if kid else {})}
    return jwt.encode(header, held, key, algorithms=[alg])


def forged(alg: str, secret: bytes) -> str:
    """A token as joserfc would not make it: with a secret that everybody has, or none."""
    head, claims = (_encoded(json.dumps(each).encode()) for each in ({"alg": alg, "kid": "one"}, CLAIMS))
    signature = hmac.digest(secret, f"{head}.{claims}".encode(), "sha256") if secret else b""
    return f"{head}.{claims}.{_encoded(signature)}"


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def check(text: str, keys: KeySet = KEYS) -> Any:
    return verified(text, keys, EXPECTED, NOW)


class TestGoodToken:
    def test_gives_its_claims(self) -> None:
        assert check(token())["sub"] == "ada"

    def test_may_name_the_issuer_by_its_other_name(self) -> None:
        assert check(token(iss="id.example"))["sub"] == "ada"

    def test_may_be_for_several_when_we_are_the_authorized_party(self) -> None:
        assert check(token(aud=["client", "other"], azp="client"))["sub"] == "ada"

    def test_needs_no_key_id_where_there_is_one_key(self) -> None:
        assert check(token(kid=None))["sub"] == "ada"

    def test_may_be_signed_on_a_curve(self) -> None:
        key = ECKey.generate_key("P-256", {"kid": "one"})
        keys = KeySet([ECKey.import_key(key.as_dict(private=False))])
        assert check(token(key, "ES256"), keys)["sub"] == "ada"

    def test_clocks_may_be_a_minute_apart(self) -> None:
        assert check(token(iat=SECONDS + 59, exp=SECONDS + 300))["sub"] == "ada"
        assert check(token(exp=SECONDS - 59))["sub"] == "ada"


class TestBadToken:
    @pytest.mark.parametrize(
        ("claims", "why"),
        [
            ({"iss": "https://evil.example"}, "issuer"),
            ({"iss": None}, "issuer"),
            ({"aud": "other"}, "audience"),
            ({"aud": None}, "audience"),
            ({"aud": ["other"]}, "audience"),
            ({"aud": {"client": 1}}, "audience"),
            ({"aud": ["client", "other"]}, "party"),
            ({"azp": "other"}, "party"),
            ({"nonce": "another"}, "nonce"),
            ({"nonce": None}, "nonce"),
            ({"nonce": ["nonce"]}, "nonce"),
            ({"exp": SECONDS - 60}, "expired"),
            ({"exp": None}, "times"),
            ({"exp": "never"}, "times"),
            ({"exp": True}, "times"),
            ({"iat": None}, "times"),
            ({"iat": SECONDS + 61}, "future"),
            ({"nbf": SECONDS + 61}, "future"),
        ],
    )
    def test_is_refused_for_its_claims(self, claims: dict[str, Any], why: str) -> None:
        with pytest.raises(IdTokenInvalid, match=why):
            check(token(**claims))

    def test_is_refused_when_another_key_signed_it(self) -> None:
        with pytest.raises(IdTokenInvalid, match="BadSignature"):
            check(token(OTHER))

    def test_is_refused_unsigned(self) -> None:
        with pytest.raises(IdTokenInvalid, match="not signed"):
            check(forged("none", b""))

    def test_is_refused_when_the_public_key_is_used_as_a_secret(self) -> None:
        with pytest.raises(IdTokenInvalid, match="not signed"):
            check(forged("HS256", KEY.as_pem(private=False)))

    def test_with_an_unknown_key_says_so(self) -> None:
        with pytest.raises(KeyUnknown):
            check(token(kid="two"))

    def test_without_any_key_says_so(self) -> None:
        with pytest.raises(KeyUnknown):
            check(token(), KeySet([]))

    @pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "한.글.자", f"{token()}x", token()[:-10], "a" * 100_000])
    def test_is_refused_when_it_is_none(self, text: str) -> None:
        with pytest.raises(IdTokenInvalid):
            check(text)
