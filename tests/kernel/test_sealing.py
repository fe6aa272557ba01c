"""Sealing: what was sealed opens under its key and purpose only, and only unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from girok import sealing
from girok.sealing import SealBroken

KEY = bytes(range(32))


class TestSeal:
    @given(st.binary(), st.text(st.characters(exclude_categories=["Cs"])))
    def test_opens_again(self, plaintext: bytes, purpose: str) -> None:
        assert sealing.open(KEY, purpose, sealing.seal(KEY, purpose, plaintext)) == plaintext

    def test_is_29_bytes_longer_and_never_the_same_twice(self) -> None:
        first, second = (sealing.seal(KEY, "token", b"secret") for _ in range(2))
        assert len(first) == len(b"secret") + 29
        assert first != second
        assert b"secret" not in first

    @pytest.mark.parametrize("key", [b"", KEY[:16], KEY + b"x"])
    def test_a_key_has_32_bytes(self, key: bytes) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            sealing.seal(key, "token", b"secret")


class TestOpen:
    @pytest.mark.parametrize("place", range(29 + 3))
    def test_one_changed_bit_is_found(self, place: int) -> None:
        sealed = bytearray(sealing.seal(KEY, "token", b"abc"))
        sealed[place] ^= 1
        with pytest.raises(SealBroken):
            sealing.open(KEY, "token", bytes(sealed))

    @given(st.binary(max_size=64))
    def test_other_bytes_are_refused(self, sealed: bytes) -> None:
        with pytest.raises(SealBroken):
            sealing.open(KEY, "token", sealed)

    @pytest.mark.parametrize("length", range(32))
    def test_a_part_is_refused(self, length: int) -> None:
        with pytest.raises(SealBroken):
            sealing.open(KEY, "token", sealing.seal(KEY, "token", b"abc")[:length])

    @pytest.mark.parametrize(("key", "purpose"), [(bytes(32), "token"), (KEY, "tokens"), (KEY, "")])
    def test_another_key_or_purpose_is_refused(self, key: bytes, purpose: str) -> None:
        with pytest.raises(SealBroken, match="does not belong to this key and purpose"):
            sealing.open(key, purpose, sealing.seal(KEY, "token", b"abc"))
