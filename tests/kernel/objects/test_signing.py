"""Signed URLs: nothing of one may be changed, and none outlives its time."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from girok.objects.port import MAX_EXPIRES_IN
from girok.objects.signing import Grant, SignedUrlExpired, SignedUrlInvalid, UrlSigner
from tests.kernel.objects.support import KEY, FixedClock, open_store

CLOCK = FixedClock()
EXPIRES = int(CLOCK.now().timestamp()) + 60
SIGNER = UrlSigner(KEY, CLOCK)
GET = Grant("GET", "private", "u1/a.png", EXPIRES)
PUT = Grant("PUT", "temp", "u1/a.png", EXPIRES, 100, "image/png")
queries = st.dictionaries(st.sampled_from(["expires", "size", "type", "signature"]), st.text(max_size=70))


def _query(grant: Grant) -> dict[str, str]:
    return dict(parse_qsl(SIGNER.query(grant), strict_parsing=True))


class TestSignedUrl:
    def test_it_grants_what_it_was_made_for(self) -> None:
        assert SIGNER.check("GET", "private", "u1/a.png", _query(GET)) == GET
        assert SIGNER.check("PUT", "temp", "u1/a.png", _query(PUT)) == PUT

    @pytest.mark.parametrize(
        ("method", "bucket", "key"),
        [
            ("PUT", "private", "u1/a.png"),
            ("GET", "temp", "u1/a.png"),
            ("GET", "private", "u1/b.png"),
            ("GET", "private", ""),
        ],
    )
    def test_not_another_method_bucket_or_key(self, method: str, bucket: str, key: str) -> None:
        with pytest.raises(SignedUrlInvalid):
            SIGNER.check(method, bucket, key, {**_query(GET), "size": "100", "type": "image/png"})

    @pytest.mark.parametrize(
        "change",
        [
            {"expires": str(EXPIRES + 1)},
            {"expires": f"0{EXPIRES}"},
            {"expires": f" {EXPIRES}"},
            {"expires": f"{EXPIRES}.0"},
            {"expires": ""},
            {"expires": "9" * 400},
            {"size": "101"},
            {"size": "-100"},
            {"size": "1_00"},
            {"size": "\u0661\u0660\u0660"},
            {"type": "text/html"},
            {"type": "image/png\r\nx-evil: 1"},
            {"type": "\ud800"},
            {"signature": ""},
            {"signature": "0" * 64},
            {"signature": "\ud800é"},
        ],
    )
    def test_nothing_of_it_can_be_changed(self, change: dict[str, str]) -> None:
        with pytest.raises(SignedUrlInvalid):
            SIGNER.check("PUT", "temp", "u1/a.png", {**_query(PUT), **change})

    @pytest.mark.parametrize("missing", ["expires", "size", "type", "signature"])
    def test_nothing_of_it_can_be_left_out(self, missing: str) -> None:
        query = _query(PUT)
        del query[missing]
        with pytest.raises(SignedUrlInvalid):
            SIGNER.check("PUT", "temp", "u1/a.png", query)

    @given(queries)
    def test_no_made_up_query_is_granted(self, query: dict[str, str]) -> None:
        with pytest.raises(SignedUrlInvalid):
            SIGNER.check("PUT", "temp", "u1/a.png", query)

    def test_no_other_key_makes_it(self) -> None:
        with pytest.raises(SignedUrlInvalid):
            UrlSigner(bytes(32), CLOCK).check("GET", "private", "u1/a.png", _query(GET))


class TestItsTime:
    @pytest.mark.parametrize("seconds", [0, 59.999])
    def test_until_it_expires_it_is_good(self, seconds: float) -> None:
        clock = FixedClock()
        clock.advance(seconds)
        assert UrlSigner(KEY, clock).check("GET", "private", "u1/a.png", _query(GET)) == GET

    @pytest.mark.parametrize("seconds", [60, 61, 1e8])
    def test_then_it_is_expired(self, seconds: float) -> None:
        clock = FixedClock()
        clock.advance(seconds)
        with pytest.raises(SignedUrlExpired):
            UrlSigner(KEY, clock).check("GET", "private", "u1/a.png", _query(GET))

    def test_whether_a_forged_one_is_expired_is_not_said(self) -> None:
        clock = FixedClock()
        clock.advance(3600)
        with pytest.raises(SignedUrlInvalid):
            UrlSigner(KEY, clock).check("GET", "private", "u1/a.png", {**_query(GET), "signature": "0" * 64})


class TestTheStoresUrls:
    def test_they_have_the_form_that_the_contract_gives(self, tmp_path: Path) -> None:
        store = open_store(tmp_path, CLOCK)
        signed = store.signed_put("temp", "u1/a.png", mime_type="image/png", size=5, expires_in=60)
        url = urlsplit(signed.url)
        assert (url.scheme, url.netloc, url.path) == ("http", "files.test", "/temp/u1/a.png")
        assert [name for name, _ in parse_qsl(url.query)] == ["expires", "size", "type", "signature"]
        assert signed.expires_at == CLOCK.now() + timedelta(seconds=60)

    def test_they_follow_the_address_once_it_is_known(self, tmp_path: Path) -> None:
        address = ["http://127.0.0.1:1/"]
        store = open_store(tmp_path, CLOCK, lambda: address[0])
        address[0] = "http://127.0.0.1:2/"
        assert store.public_url("public", "a") == "http://127.0.0.1:2/public/a"

    @pytest.mark.parametrize("seconds", [0, -1, MAX_EXPIRES_IN + 1])
    def test_none_lives_for_ever_or_not_at_all(self, tmp_path: Path, seconds: int) -> None:
        with pytest.raises(ValueError, match="expires_in"):
            open_store(tmp_path).signed_get("private", "a", expires_in=seconds)
