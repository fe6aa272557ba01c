"""What a browser keeps of a login that has begun, and how."""

from datetime import UTC, datetime, timedelta

import pytest

from girok import sealing
from plugins.auth.social import cookies
from plugins.auth.social.attempt import LASTING, new_attempt, opened, sealed

KEY = b"k" * 32
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ATTEMPT = new_attempt("bff", "https://api.example/v1/auth/google/callback", NOW)
SEALED = sealed(ATTEMPT, KEY, "google")


class TestAttempt:
    def test_opens_as_it_was_sealed(self) -> None:
        assert opened(SEALED, KEY, "google", NOW) == ATTEMPT

    def test_has_three_secrets_of_its_own(self) -> None:
        other = new_attempt("bff", ATTEMPT.redirect_uri, NOW)
        assert len({each for one in (ATTEMPT, other) for each in (one.state, one.nonce, one.verifier)}) == 6

    def test_ends_after_ten_minutes(self) -> None:
        assert opened(SEALED, KEY, "google", NOW + LASTING - timedelta(seconds=1)) is not None
        assert opened(SEALED, KEY, "google", NOW + LASTING) is None

    def test_opens_for_its_provider_only(self) -> None:
        assert opened(SEALED, KEY, "oidc:google", NOW) is None

    def test_opens_with_its_key_only(self) -> None:
        assert opened(SEALED, b"x" * 32, "google", NOW) is None

    @pytest.mark.parametrize(
        "cookie", ["", "x", "=", "한글", "a" * 5000, SEALED[:-2], f"{SEALED}AA", f"{SEALED[:-1]}!"]
    )
    def test_is_none_for_what_nobody_sealed(self, cookie: str) -> None:
        assert opened(cookie, KEY, "google", NOW) is None

    def test_is_none_for_what_was_sealed_in_another_form(self) -> None:
        foreign = sealing.seal(KEY, "social_login:google", b"\x90")
        assert opened(foreign.hex(), KEY, "google", NOW) is None

    def test_shows_no_secret_in_a_repr(self) -> None:
        assert ATTEMPT.state not in repr(ATTEMPT)
        assert ATTEMPT.verifier not in repr(ATTEMPT)


class TestCookies:
    def test_an_attempt_is_kept_from_scripts_and_other_sites_for_ten_minutes(self) -> None:
        line = cookies.with_attempt("value", "google", secure=True).to_header(header="")
        assert line.strip() == ("__Host-social_login_google=value; HttpOnly; Max-Age=600; Path=/; SameSite=lax; Secure")

    def test_over_http_it_is_neither_secure_nor_called_so(self) -> None:
        line = cookies.with_attempt("value", "oidc/acme", secure=False).to_header(header="")
        assert line.strip() == "social_login_oidc.acme=value; HttpOnly; Max-Age=600; Path=/; SameSite=lax"

    def test_the_secret_of_a_code_lasts_as_long_as_the_code(self) -> None:
        assert "Max-Age=60;" in cookies.with_browser("value", secure=True).to_header(header="")

    def test_what_is_taken_away_ends_at_once(self) -> None:
        assert "Max-Age=0;" in cookies.without_attempt("google", secure=True).to_header(header="")
        written = cookies.with_browser("value", secure=True).to_header(header="").strip().encode()
        assert cookies.without_browser(secure=True) == written.replace(b"=value", b'=""').replace(b"=60", b"=0")

    def test_each_provider_has_its_own(self) -> None:
        header = "social_login_google=g; social_login_kakao=k; other"
        assert cookies.attempt_of(header, "google", secure=False) == "g"
        assert cookies.attempt_of(header, "kakao", secure=False) == "k"
        assert cookies.attempt_of(header, "naver", secure=False) is None

    def test_over_https_a_cookie_that_another_host_may_have_planted_does_not_count(self) -> None:
        assert cookies.attempt_of("social_login_google=planted", "google", secure=True) is None
        assert cookies.browser_of("social_browser=planted", secure=True) is None

    def test_of_two_different_ones_none_counts(self) -> None:
        assert cookies.browser_of("social_browser=a; social_browser=b", secure=False) is None
        assert cookies.browser_of("social_browser=a; social_browser=a", secure=False) == "a"
