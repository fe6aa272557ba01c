"""The routes of social login, up to what needs a true provider: refusals, endings, and providers that talk nonsense."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from girok.errors import Unavailable
from girok.testing.client import Browser
from plugins.auth.errors import EmailTaken
from plugins.auth.plugin import MANIFEST
from plugins.auth.social.attempt import LASTING
from plugins.auth.social.settings import GoogleSettings, KakaoSettings, NaverSettings, OidcSettings, SocialSettings
from tests.plugins.auth.social.liar import Liar, lying
from tests.plugins.auth.social.stage import BACK, HERE, Stage

TOKEN = b'{"access_token": "t", "token_type": "bearer", "expires_in": "3600"}'
PERSON = b'{"response": {"id": "32742776", "name": "Ada"}}'
EXPIRED = f"{BACK}?error=SOCIAL_LOGIN_EXPIRED"
FAILED = f"{BACK}?error=SOCIAL_LOGIN_FAILED"
AWAY = f"{BACK}?error=SOCIAL_PROVIDER_UNAVAILABLE"


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    async with lying() as opened:
        opened.answers = {"/token": TOKEN, "/me": PERSON}
        yield opened


def settings_at(liar: Liar) -> SocialSettings:
    """Naver, Google and acme are the liar; Kakao is not configured."""
    return SocialSettings(
        google=GoogleSettings(client_id="id", client_secret="secret", issuer=liar.url),
        naver=NaverSettings(
            client_id="naver-id",
            client_secret="secret",
            authorize_url=f"{liar.url}/authorize",
            token_url=f"{liar.url}/token",
            userinfo_url=f"{liar.url}/me",
        ),
        kakao=KakaoSettings(),
        oidc={"acme": OidcSettings(issuer=f"{liar.url}/acme", client_id="acme-id")},
    )


@pytest.fixture
def stage(tmp_path: Path, liar: Liar) -> Stage:
    return Stage(tmp_path, settings_at(liar))


async def begin(browser: Browser, path: str = "naver", query: str = "") -> dict[str, str]:
    """Begin a login; the query that the provider was sent."""
    response = await browser.request("GET", f"/v1/auth/{path}{query}")
    assert response.status_code == 302
    sent = parse_qs(urlsplit(response.headers["location"]).query)
    return {name: values[0] for name, values in sent.items()}


async def come_back(browser: Browser, path: str = "naver", **query: str) -> str:
    """Come back from the provider; where the browser is sent."""
    response = await browser.request("GET", f"/v1/auth/{path}/callback", params=query)
    assert response.status_code == 302
    return str(response.headers["location"])


class TestBegin:
    async def test_sends_the_browser_to_the_provider_with_everything_that_binds_the_answer(
        self, stage: Stage, liar: Liar
    ) -> None:
        liar.answers["/.well-known/openid-configuration"] = liar.metadata()
        async with stage.browser() as browser:
            sent = await begin(browser, "google")
            assert list(browser.cookies) == ["social_login_google"]
        assert sent.keys() == {
            "response_type", "client_id", "redirect_uri", "scope", "state", "nonce",
            "code_challenge", "code_challenge_method",
        }  # fmt: skip
        assert sent["redirect_uri"] == f"{HERE}/v1/auth/google/callback"
        assert (sent["client_id"], sent["scope"]) == ("id", "openid email profile")
        assert sent["code_challenge_method"] == "S256"

    async def test_sends_naver_what_it_documents(self, stage: Stage) -> None:
        async with stage.browser() as browser:
            sent = await begin(browser)
        assert sent.keys() == {"response_type", "client_id", "redirect_uri", "state"}

    async def test_over_https_the_cookie_is_for_this_host_only(self, stage: Stage) -> None:
        async with stage.browser("https://api.example") as browser:
            sent = await begin(browser)
            assert list(browser.cookies) == ["__Host-social_login_naver"]
        assert sent["redirect_uri"] == "https://api.example/v1/auth/naver/callback"

    async def test_two_times_are_two_logins(self, stage: Stage) -> None:
        async with stage.browser() as browser:
            assert (await begin(browser))["state"] != (await begin(browser))["state"]

    async def test_no_cache_keeps_it(self, stage: Stage) -> None:
        async with stage.browser() as browser:
            response = await browser.request("GET", "/v1/auth/naver")
        assert response.headers["cache-control"] == "no-store"

    async def test_of_a_provider_that_is_not_configured_is_not_found_and_says_so(self, stage: Stage) -> None:
        async with stage.browser() as browser:
            response = await browser.request("GET", "/v1/auth/kakao")
            back = await browser.request("GET", "/v1/auth/kakao/callback?code=1&state=2")
        assert (response.status_code, back.status_code) == (404, 404)
        assert response.json()["type"] == "urn:girok:problem:PROVIDER_NOT_CONFIGURED"
        assert (
            response.json()["message"] == "Signing in with Kakao is not set up here: auth.kakao.client_id is not set."
        )

    async def test_of_a_provider_that_nobody_knows_is_not_found(self, stage: Stage) -> None:
        async with stage.browser() as browser:
            answers = [await browser.request("GET", f"/v1/auth/{each}") for each in ("apple", "oidc/other", "acme")]
        assert [each.status_code for each in answers] == [404, 404, 404]

    @pytest.mark.parametrize("ending", ["https://evil.example", "token", "BFF", "", "bff&return=x"])
    async def test_with_another_ending_is_refused(self, stage: Stage, ending: str) -> None:
        async with stage.browser() as browser:
            response = await browser.request("GET", f"/v1/auth/naver?return={ending}")
        assert response.status_code == 400
        assert [each["path"] for each in response.json()["error"]["details"]] == ["return"]

    @pytest.mark.parametrize("host", ["evil.example/x", "a b", "a@b", "a?b", "a#b"])
    async def test_reached_by_no_host_is_refused(self, stage: Stage, host: str) -> None:
        async with stage.browser() as browser:
            response = await browser.request("GET", "/v1/auth/naver", headers={"host": host})
        assert response.status_code == 400


class TestCallback:
    async def test_signs_in_and_hands_over_a_token(self, stage: Stage) -> None:
        async with stage.browser() as browser:
            sent = await begin(browser)
            response = await browser.request(
                "GET", f"/v1/auth/naver/callback?code=c&state={sent['state']}", headers={"user-agent": "Firefox"}
            )
        assert response.headers["location"] == f"{BACK}?token=the.access.token"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cache-control"] == "no-store"
        assert [each.subject for each in stage.accounts.came] == ["32742776"]
        assert stage.accounts.devices == ["Firefox"]

    async def test_for_the_bff_holds_a_code_for_this_browser(self, stage: Stage) -> None:
        async with stage.browser() as browser:
            sent = await begin(browser, query="?return=bff")
            assert await come_back(browser, code="c", state=sent["state"]) == f"{BACK}?code=the-code"
            assert browser.cookies == {"social_browser": stage.accounts.browsers[0]}
        assert len(stage.accounts.browsers[0]) == 43

    async def test_takes_the_attempt_away(self, stage: Stage) -> None:
        async with stage.browser() as browser:
            sent = await begin(browser)
            await come_back(browser, code="c", state=sent["state"])
            assert browser.cookies == {}
            assert await come_back(browser, code="c", state=sent["state"]) == EXPIRED

    async def test_in_a_browser_that_began_nothing_is_refused(self, stage: Stage, liar: Liar) -> None:
        async with stage.browser() as attacker, stage.browser() as victim:
            sent = await begin(attacker)
            assert await come_back(victim, code="c", state=sent["state"]) == EXPIRED
        assert liar.asked == []

    async def test_made_up_by_somebody_else_does_not_end_the_login(self, stage: Stage) -> None:
        async with stage.browser() as browser:
            sent = await begin(browser)
            assert await come_back(browser, error="access_denied", state="made-up") == EXPIRED
            assert await come_back(browser, code="c", state=sent["state"]) == f"{BACK}?token=the.access.token"

    async def test_with_another_providers_attempt_is_refused(self, stage: Stage, liar: Liar) -> None:
        liar.answers["/.well-known/openid-configuration"] = liar.metadata()
        async with stage.browser() as browser:
            sent = await begin(browser)
            browser.cookies["social_login_google"] = browser.cookies["social_login_naver"]
            assert await come_back(browser, "google", code="c", state=sent["state"]) == EXPIRED

    async def test_after_ten_minutes_is_refused(self, stage: Stage) -> None:
        async with stage.browser() as browser:
            sent = await begin(browser)
            stage.clock.ahead = LASTING + timedelta(seconds=1)
            assert await come_back(browser, code="c", state=sent["state"]) == EXPIRED

    @pytest.mark.parametrize(
        ("error", "location"),
        [
            ("access_denied", f"{BACK}?error=SOCIAL_LOGIN_DENIED"),
            ("consent_required", f"{BACK}?error=SOCIAL_LOGIN_DENIED"),
            ("server_error", AWAY),
            ("temporarily_unavailable", AWAY),
            ("invalid_scope", FAILED),
            ("https://evil.example/\r\nx", FAILED),
        ],
    )
    async def test_says_what_the_provider_said_by_a_code_of_its_own(
        self, stage: Stage, liar: Liar, error: str, location: str
    ) -> None:
        async with stage.browser() as browser:
            sent = await begin(browser)
            assert await come_back(browser, error=error, code="c", state=sent["state"]) == location
            assert browser.cookies == {}
        assert liar.asked == []

    @pytest.mark.parametrize("code", ["", "c" * 4097])
    async def test_without_a_sane_code_is_refused(self, stage: Stage, liar: Liar, code: str) -> None:
        async with stage.browser() as browser:
            sent = await begin(browser)
            assert await come_back(browser, code=code, state=sent["state"]) == FAILED
        assert liar.asked == []

    @pytest.mark.parametrize("more", ["&code=d", "&state=x", "&a=1" * 40])
    async def test_with_a_parameter_twice_or_with_many_is_refused(self, stage: Stage, liar: Liar, more: str) -> None:
        async with stage.browser() as browser:
            sent = await begin(browser)
            response = await browser.request("GET", f"/v1/auth/naver/callback?code=c&state={sent['state']}{more}")
        assert response.headers["location"] == EXPIRED
        assert liar.asked == []

    @pytest.mark.parametrize("query", ["", "state=%ff", "state=%ED%A0%80", "%", "=&=&", "state", "state[]=1"])
    async def test_takes_any_query(self, stage: Stage, query: str) -> None:
        async with stage.browser() as browser:
            await begin(browser)
            response = await browser.request("GET", f"/v1/auth/naver/callback?{query}")
        assert response.headers["location"] == EXPIRED

    @pytest.mark.parametrize(
        "query",
        ["return=https://evil.example", "redirect_uri=https://evil.example", "next=//evil.example", "token=planted"],
    )
    async def test_is_sent_nowhere_else_by_its_query(self, stage: Stage, query: str) -> None:
        async with stage.browser("http://evil.localhost") as browser:
            sent = await begin(browser)
            response = await browser.request(
                "GET", f"/v1/auth/naver/callback?code=c&state={sent['state']}&{query}", headers={"referer": "https://e"}
            )
        assert response.headers["location"] == f"{BACK}?token=the.access.token"

    async def test_what_the_accounts_refuse_is_told_by_its_reason(self, stage: Stage) -> None:
        stage.accounts.refusal = EmailTaken()
        async with stage.browser() as browser:
            sent = await begin(browser)
            assert await come_back(browser, code="c", state=sent["state"]) == f"{BACK}?error=EMAIL_TAKEN"

    async def test_accounts_that_are_away_are_told_by_their_reason(self, stage: Stage) -> None:
        stage.accounts.refusal = Unavailable()
        async with stage.browser() as browser:
            sent = await begin(browser, query="?return=bff")
            assert await come_back(browser, code="c", state=sent["state"]) == f"{BACK}?error=UNAVAILABLE"
            assert browser.cookies == {}


class TestLimit:
    """Both routes spend of one limit, by address."""

    @pytest.mark.parametrize("route", ["", "/callback?code=c&state=s"])
    async def test_an_address_that_comes_too_often_is_told_when_to_come_back(
        self, tmp_path: Path, liar: Liar, route: str
    ) -> None:
        stage = Stage(tmp_path, settings_at(liar), limited=True)
        async with stage.browser() as browser, stage.browser(address="192.0.2.7") as elsewhere:
            for _ in range(MANIFEST.limits["social"].count):
                assert (await browser.request("GET", f"/v1/auth/naver{route}")).status_code == 302
            for each in ("/v1/auth/naver", "/v1/auth/naver/callback?code=c&state=s"):
                refused = await browser.request("GET", each)
                assert (refused.status_code, refused.json()["error"]["code"]) == (429, "RATE_LIMITED")
                assert int(refused.headers["retry-after"]) >= 1
            assert (await elsewhere.request("GET", f"/v1/auth/naver{route}")).status_code == 302

    async def test_a_callback_that_is_refused_for_now_leaves_the_attempt_good(self, tmp_path: Path, liar: Liar) -> None:
        stage = Stage(tmp_path, settings_at(liar), limited=True)
        async with stage.browser() as browser:
            sent = [await begin(browser) for _ in range(MANIFEST.limits["social"].count)][-1]
            kept = dict(browser.cookies)
            back = f"/v1/auth/naver/callback?code=c&state={sent['state']}"
            assert (await browser.request("GET", back)).status_code == 429
            assert browser.cookies == kept
        async with stage.browser(address="192.0.2.7") as later:
            later.cookies = kept
            assert await come_back(later, code="c", state=sent["state"]) == f"{BACK}?token=the.access.token"


class TestProviderThatTalksNonsense:
    @pytest.mark.parametrize(
        ("token", "location"),
        [
            (b"<html>", AWAY),
            (b"[]", AWAY),
            (b"", AWAY),
            (b"\xff", AWAY),
            (b"[" * 100_000, AWAY),
            ((500, b"{}"), AWAY),
            ((302, b""), AWAY),
            ((429, b"slow down"), AWAY),
            (b"{}", AWAY),
            (b'{"access_token": 5}', AWAY),
            (b'{"access_token": "a\\r\\nb: c"}', AWAY),
            (b'{"access_token": "t", "expires_in": [1]}', AWAY),
            (b'{"access_token": "t", "expires_in": "soon"}', AWAY),
            (b'{"error": "invalid_grant", "error_description": "no data"}', FAILED),
            ((400, b'{"error": "invalid_grant"}'), FAILED),
            ((401, b'{"error": ["\\u001b[31m"]}'), FAILED),
            (b'{"access_token": "t", "token_type": 5}', f"{BACK}?token=the.access.token"),
        ],
    )
    async def test_at_the_token_endpoint(self, stage: Stage, liar: Liar, token: Any, location: str) -> None:
        liar.answers["/token"] = token
        async with stage.browser() as browser:
            sent = await begin(browser)
            assert await come_back(browser, code="c", state=sent["state"]) == location
            assert browser.cookies == {}

    @pytest.mark.parametrize(
        ("person", "location"),
        [
            (b"<html>", AWAY),
            (b"[]", AWAY),
            (b"[" * 100_000, AWAY),
            (b'{"response": {"id": "\\ud800"}}', AWAY),
            (b'{"resultcode": "024", "message": "Authentication failed"}', AWAY),
            ((503, PERSON), AWAY),
            ((401, PERSON), FAILED),
            ((403, PERSON), FAILED),
        ],
    )
    async def test_at_userinfo(self, stage: Stage, liar: Liar, person: Any, location: str) -> None:
        liar.answers["/me"] = person
        async with stage.browser() as browser:
            sent = await begin(browser)
            assert await come_back(browser, code="c", state=sent["state"]) == location
        assert stage.accounts.came == []

    @pytest.mark.parametrize(
        "changed",
        [
            {"issuer": "https://another.example"},
            {"authorization_endpoint": "javascript:alert(1)"},
            {"authorization_endpoint": "http://plain.example/authorize"},
            {"token_endpoint": "http://127.0.0.1.evil.example/token"},
            {"jwks_uri": None},
            {"userinfo_endpoint": 7},
        ],
    )
    async def test_of_itself(self, stage: Stage, liar: Liar, changed: dict[str, Any]) -> None:
        liar.answers["/.well-known/openid-configuration"] = liar.metadata(**changed)
        async with stage.browser() as browser:
            response = await browser.request("GET", "/v1/auth/google")
        assert response.headers["location"] == AWAY

    @pytest.mark.parametrize("document", [b"<html>", b"[" * 100_000, b"\xff", (404, b""), (301, b"")])
    async def test_instead_of_itself(self, stage: Stage, liar: Liar, document: Any) -> None:
        liar.answers["/acme/.well-known/openid-configuration"] = document
        async with stage.browser() as browser:
            response = await browser.request("GET", "/v1/auth/oidc/acme?return=bff")
            assert browser.cookies == {}
        assert response.headers["location"] == AWAY

    async def test_once_does_not_matter_later(self, stage: Stage, liar: Liar) -> None:
        async with stage.browser() as browser:
            assert (await browser.request("GET", "/v1/auth/google")).headers["location"] == AWAY
            liar.answers["/.well-known/openid-configuration"] = liar.metadata()
            assert (await begin(browser, "google"))["client_id"] == "id"

    @pytest.mark.parametrize(
        ("token", "location"),
        [
            ({}, FAILED),
            ({"id_token": 5}, FAILED),
            ({"id_token": "a.b.c"}, FAILED),
        ],
    )
    async def test_instead_of_an_id_token(self, stage: Stage, liar: Liar, token: dict[str, Any], location: str) -> None:
        liar.answers |= {
            "/.well-known/openid-configuration": liar.metadata(),
            "/token": json.dumps({"access_token": "t", **token}).encode(),
            "/jwks": b'{"keys": [{"kty": "AKP"}, {"kty": "RSA"}, {}, {"kty": 5}]}',
        }
        async with stage.browser() as browser:
            sent = await begin(browser, "google")
            assert await come_back(browser, "google", code="c", state=sent["state"]) == location

    @pytest.mark.parametrize("keys", [b"<html>", b"{}", b'{"keys": [1]}', (500, b"")])
    async def test_instead_of_its_keys(self, stage: Stage, liar: Liar, keys: Any) -> None:
        liar.answers |= {
            "/.well-known/openid-configuration": liar.metadata(),
            "/token": b'{"access_token": "t", "id_token": "a.b.c"}',
            "/jwks": keys,
        }
        async with stage.browser() as browser:
            sent = await begin(browser, "google")
            assert await come_back(browser, "google", code="c", state=sent["state"]) == AWAY


class TestProviderThatLies:
    @pytest.mark.parametrize(
        ("claims", "info", "location"),
        [
            ({}, {"sub": "ada-1"}, f"{BACK}?token=the.access.token"),
            ({}, {"sub": "ben-1"}, FAILED),
            ({}, {}, FAILED),
            ({"nonce": "another"}, {"sub": "ada-1"}, FAILED),
            ({"aud": "another"}, {"sub": "ada-1"}, FAILED),
            ({"iss": "https://accounts.google.com"}, {"sub": "ada-1"}, FAILED),
        ],
    )
    async def test_is_believed_only_where_it_says_one_thing_for_this_login(
        self, stage: Stage, liar: Liar, claims: dict[str, str], info: dict[str, str], location: str
    ) -> None:
        key = RSAKey.generate_key(2048, {"kid": "one"})
        liar.answers |= {
            "/.well-known/openid-configuration": liar.metadata(userinfo_endpoint=f"{liar.url}/info"),
            "/jwks": json.dumps({"keys": [key.as_dict(private=False)]}).encode(),
            "/info": json.dumps(info).encode(),
        }
        async with stage.browser() as browser:
            sent = await begin(browser, "google")
            now = stage.clock.now().timestamp()
            own = {"iss": liar.url, "aud": "id", "sub": "ada-1", "nonce": sent["nonce"], "iat": now, "exp": now + 60}
            token = jwt.encode({"alg": "RS256", "kid": "one"}, {**own, **claims}, key)
            liar.answers["/token"] = json.dumps({"access_token": "t", "id_token": token}).encode()
            assert await come_back(browser, "google", code="c", state=sent["state"]) == location

    async def test_what_it_says_of_a_code_is_not_logged(
        self, stage: Stage, liar: Liar, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Kakao's description of an unknown code holds the code."""
        liar.answers["/token"] = b'{"error": "invalid_grant", "error_description": "not found for code=c0de"}'
        async with stage.browser() as browser:
            sent = await begin(browser)
            assert await come_back(browser, code="c0de", state=sent["state"]) == FAILED
        logged = [record.getMessage() for record in caplog.records if record.name.startswith("plugins")]
        assert any("invalid_grant" in each for each in logged)
        assert not any("c0de" in each for each in logged)
