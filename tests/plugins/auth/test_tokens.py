"""Access tokens."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from plugins.auth.tokens import digest, new_token


class TestTokens:
    def test_each_is_new_and_has_256_random_bits(self) -> None:
        made = {new_token() for _ in range(1000)}
        assert len(made) == 1000
        assert {(each[:9], len(each)) for each in made} == {("girok_at_", 9 + 43)}

    def test_digest_is_the_sha256(self) -> None:
        token = new_token()
        assert digest(token) == hashlib.sha256(token.encode()).hexdigest()

    @given(st.text(st.characters(), max_size=100))
    def test_what_is_no_token_has_no_digest(self, text: str) -> None:
        assert digest(text) is None
        assert digest(new_token() + text) is None or not text
