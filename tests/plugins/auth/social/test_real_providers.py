"""Logins at real OpenID Connect providers, and what an attacker between them can try."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
import pytest_asyncio

from girok.servers.process import ServerProcess
from girok.testing.client import Browser
from plugins.auth.social.attempt import Attempt, opened, sealed
from plugins.auth.social.errors import SocialLoginFailed
from plugins.auth.social.login import SocialLogin
from plugins.auth.social.profile import SocialProfile
from plugins.auth.social.settings import GoogleSettings, KakaoSettings, NaverSettings, OidcSettings, SocialSettings
from tests.plugins.auth.social.liar import lying
from tests.plugins.auth.social.real import ADA, PATHS, SECRET, log_in, provider
from tests.plugins.auth.social.stage import BACK, HERE, Stage
from tests.plugins.auth.social.test_profiles import KAKAO, NAVER

pytestmark = pytest.mark.external

SIGNED_IN = f"{BACK}?token=the.access.token"
FAILED = f"{BACK}?error=SOCIAL_LOGIN_FAILED"
AWAY = f"{BACK}?error=SOCIAL_PROVIDER_UNAVAILABLE"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def google(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    """Plays Google, Kakao and Naver. Whoever stops it starts it again."""
    folder = tmp_path_factory.mktemp("google")
    async with provider(folder, client_auth="client_secret_post", id_token_has_email=True) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    """Another one, whose ID tokens have no email and whose clients show their secret by Basic."""
    folder = tmp_path_factory.mktemp("acme")
    async with provider(folder, client_auth="client_secret_basic", id_token_has_email=False) as server:
        yield server


@pytest.fixture
def stage(tmp_path: Path, google: ServerProcess, acme: ServerProcess) -> Stage:
    at = google.url
    own: dict[str, Any] = {"authorize_url": f"{at}/auth", "token_url": f"{at}/token", "userinfo_url": f"{at}/me-by-api"}
    settings = _with_google(
        google,
        kakao=KakaoSettings(client_id="kakao-client", client_secret=SECRET, **own),
        naver=NaverSettings(client_id="naver-client", client_secret=SECRET, **own),
        oidc={"acme": OidcSettings(client_id="acme-client", client_secret=SECRET, issuer=acme.url)},
    )
    return Stage(tmp_path, settings)


def _with_google(google: ServerProcess, **more: Any) -> SocialSettings:
    own = GoogleSettings(client_id="google-client", client_secret=SECRET, issuer=google.url)
    return SocialSettings(google=own, **more)


async def begin(browser: Browser, name: str, query: str = "") -> str:
    """Begin a login; where the browser is sent."""
    response = await browser.request("GET", f"/v1/auth/{PATHS[name]}{query}")
    return str(response.headers["location"])


async def location(browser: Browser, path: str) -> str:
    """Where the browser is sent from there."""
    return str((await browser.request("GET", path)).headers["location"])


async def signed_in(stage: Stage, name: str, person: dict[str, Any] = ADA, query: str = "") -> str:
    """A whole login; where the browser is sent in the end."""
    async with stage.browser() as browser:
        return await location(browser, await log_in(await begin(browser, name, query), person))


class Exchange:
    """A login that is about to end, taken apart: what the provider sent back, and the attempt."""

    def __init__(self, stage: Stage, name: str, callback: str, cookie: str) -> None:
        self.login: SocialLogin = stage.login
        self.provider = stage.provider(name)
        self.query = dict(parse_qsl(urlsplit(callback).query))
        self._key = stage.keys.get("social-logins")
        attempt = opened(cookie, self._key, self.provider.id, stage.clock.now())
        assert attempt is not None
        self.attempt: Attempt = attempt

    async def finish(self, **changed: Any) -> SocialProfile:
        """End it with an attempt that was changed so."""
        cookie = sealed(msgspec.structs.replace(self.attempt, **changed), self._key, self.provider.id)
        return (await self.login.finish(self.provider, self.query, cookie)).profile


async def exchange(stage: Stage, name: str = "google") -> Exchange:
    async with stage.browser() as browser:
        callback = await log_in(await begin(browser, name), ADA)
        return Exchange(stage, name, callback, browser.cookies[f"social_login_{name}"])


class TestLogin:
    async def test_at_google_takes_the_profile_from_the_id_token(self, stage: Stage) -> None:
        assert await signed_in(stage, "google") == SIGNED_IN
        assert stage.accounts.came == [
            SocialProfile(
                provider="google",
                subject="ada-1",
                email="ada@example.org",
                email_verified=True,
                name="Ada Lovelace",
                avatar="https://img.example/ada.png",
            )
        ]

    async def test_at_another_provider_asks_for_the_email(self, stage: Stage) -> None:
        assert await signed_in(stage, "acme") == SIGNED_IN
        (ada,) = stage.accounts.came
        assert (ada.provider, ada.subject, ada.email, ada.email_verified) == (
            "oidc:acme",
            "ada-1",
            "ada@example.org",
            True,
        )

    async def test_at_kakao_reads_kakaos_form(self, stage: Stage) -> None:
        assert await signed_in(stage, "kakao", {**ADA, "answer": json.dumps(KAKAO)}) == SIGNED_IN
        (somebody,) = stage.accounts.came
        assert (somebody.subject, somebody.email_verified, somebody.name) == ("123456789", True, "홍길동")

    async def test_at_naver_reads_navers_form(self, stage: Stage) -> None:
        assert await signed_in(stage, "naver", {**ADA, "answer": json.dumps(NAVER)}) == SIGNED_IN
        (somebody,) = stage.accounts.came
        assert (somebody.subject, somebody.email_verified, somebody.name) == ("32742776", False, "오픈 API")

    @pytest.mark.parametrize("name", ["google", "acme"])
    async def test_for_the_bff_ends_with_a_code(self, stage: Stage, name: str) -> None:
        assert await signed_in(stage, name, query="?return=bff") == f"{BACK}?code=the-code"

    async def test_without_an_email_is_one_all_the_same(self, stage: Stage) -> None:
        assert await signed_in(stage, "acme", {"sub": "eve-1", "claims": {}}) == SIGNED_IN
        assert stage.accounts.came == [SocialProfile(provider="oidc:acme", subject="eve-1")]

    @pytest.mark.parametrize("name", list(PATHS))
    async def test_that_the_user_declines_is_told(self, stage: Stage, name: str) -> None:
        assert await signed_in(stage, name, {"sub": None}) == f"{BACK}?error=SOCIAL_LOGIN_DENIED"
        assert stage.accounts.came == []

    async def test_at_two_providers_at_once_ends_twice(self, stage: Stage) -> None:
        async with stage.browser() as browser:
            first, second = await begin(browser, "google"), await begin(browser, "acme")
            back = await log_in(second, ADA)
            assert await location(browser, back) == SIGNED_IN
            assert await location(browser, await log_in(first, ADA)) == SIGNED_IN


class TestAttack:
    async def test_a_code_is_good_once(self, stage: Stage) -> None:
        taken = await exchange(stage)
        assert (await taken.finish()).subject == "ada-1"
        with pytest.raises(SocialLoginFailed):
            await taken.finish()

    async def test_a_code_is_no_good_with_another_verifier(self, stage: Stage) -> None:
        with pytest.raises(SocialLoginFailed):
            await (await exchange(stage)).finish(verifier="x" * 43)

    async def test_a_code_is_no_good_with_another_redirect_uri(self, stage: Stage) -> None:
        with pytest.raises(SocialLoginFailed):
            await (await exchange(stage)).finish(redirect_uri=f"{HERE}/v1/auth/kakao/callback")

    async def test_an_id_token_is_no_good_for_another_login(self, stage: Stage) -> None:
        with pytest.raises(SocialLoginFailed):
            await (await exchange(stage)).finish(nonce="another")

    async def test_an_id_token_is_no_good_when_it_has_expired(self, stage: Stage) -> None:
        taken = await exchange(stage)
        stage.clock.ahead = timedelta(minutes=5)
        with pytest.raises(SocialLoginFailed):
            await taken.finish()

    async def test_a_callback_is_no_good_in_another_browser(self, stage: Stage) -> None:
        async with stage.browser() as attacker, stage.browser() as victim:
            callback = await log_in(await begin(attacker, "google"), ADA)
            await begin(victim, "google")
            assert await location(victim, callback) == f"{BACK}?error=SOCIAL_LOGIN_EXPIRED"
        assert stage.accounts.came == []

    @pytest.mark.parametrize("named", ["&iss={google}", ""])
    async def test_a_code_of_one_provider_never_reaches_another(
        self, tmp_path: Path, google: ServerProcess, named: str
    ) -> None:
        """Mix-up (RFC 9207): Mallory has sent a browser on to Google, whose code then comes to Mallory's callback."""
        async with lying() as mallory:
            mallory.answers["/.well-known/openid-configuration"] = mallory.metadata(
                authorization_response_iss_parameter_supported=True
            )
            stage = Stage(tmp_path, _with_google(google, oidc={"m": OidcSettings(issuer=mallory.url, client_id="id")}))
            code = (await exchange(stage)).query["code"]
            async with stage.browser() as browser:
                sent = await browser.request("GET", "/v1/auth/oidc/m")
                state = dict(parse_qsl(urlsplit(sent.headers["location"]).query))["state"]
                query = f"code={code}&state={state}{named.format(google=google.url)}"
                assert await location(browser, f"/v1/auth/oidc/m/callback?{query}") == FAILED
            assert "/token" not in mallory.asked

    async def test_a_state_of_one_provider_is_no_good_at_another(self, stage: Stage) -> None:
        code = (await exchange(stage)).query["code"]
        async with stage.browser() as browser:
            state = dict(parse_qsl(urlsplit(await begin(browser, "acme")).query))["state"]
            query = f"code={code}&state={state}"
            assert await location(browser, f"/v1/auth/google/callback?{query}") == f"{BACK}?error=SOCIAL_LOGIN_EXPIRED"


class TestProvider:
    async def test_may_change_its_keys(self, stage: Stage, google: ServerProcess) -> None:
        assert await signed_in(stage, "google") == SIGNED_IN
        await google.kill()
        await google.start()
        assert await signed_in(stage, "google") == SIGNED_IN

    async def test_that_is_slow_is_given_up(self, tmp_path: Path, google: ServerProcess) -> None:
        stage = Stage(tmp_path, _with_google(google), seconds=0.3)
        google.pause()
        try:
            async with stage.browser() as browser:
                assert await begin(browser, "google") == AWAY
        finally:
            google.go_on()

    async def test_that_is_away_is_told(self, stage: Stage, google: ServerProcess) -> None:
        async with stage.browser() as browser:
            callback = await log_in(await begin(browser, "google"), ADA)
            await google.kill()
            assert await location(browser, callback) == AWAY
        await google.start()

    async def test_nothing_secret_is_logged(
        self, stage: Stage, google: ServerProcess, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG", "plugins")
        caplog.set_level("WARNING", "httpx")  # the browser of the test
        taken = await exchange(stage)
        await taken.finish()
        with pytest.raises(SocialLoginFailed):
            await taken.finish()
        assert "invalid_grant" in caplog.text
        held = (taken.query["code"], taken.attempt.state, taken.attempt.nonce, taken.attempt.verifier, SECRET)
        assert [each for each in held if each in caplog.text] == []
