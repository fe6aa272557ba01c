"""The end of a social login at the door: the browser's secret is taken away as soon as it was used, and not sooner."""

from typing import Any

from girok.testing.client import Answer, Browser
from plugins.auth.social import cookies
from plugins.auth.social.profile import SocialProfile
from tests.plugins.bff.stage import Stage
from tests.scenarios.story import PASSWORD, register

SECRET = "b" * 43
COMPLETE = """mutation ($code: String!, $password: String) {
  completeSocialLogin(code: $code, password: $password) { success linkRequired }
}"""
GONE = cookies.without_browser(secure=False).decode()


def profile(**fields: Any) -> SocialProfile:
    ada = {"provider": "google", "subject": "1815", "email": "ada@example.org", "email_verified": True}
    return SocialProfile(**{**ada, **fields})


async def complete(stage: Stage, browser: Browser, password: str | None = None, **fields: Any) -> Answer:
    """Come back with a code, as a browser that the callback gave its secret."""
    code = await stage.auth.service.social.hold(profile(**fields), SECRET)
    browser.cookies["social_browser"] = SECRET
    return await browser.graphql(COMPLETE, {"code": code, "password": password})


class TestSecretOfTheBrowser:
    async def test_is_taken_away_once_it_was_used(self, stage: Stage) -> None:
        async with stage.browser() as browser:
            answer = await complete(stage, browser)
            assert answer.data["completeSocialLogin"] == {"success": True, "linkRequired": False}
            assert GONE in answer.set_cookies
            assert list(browser.cookies) == ["session_id"]

    async def test_over_https_by_its_name_there(self, stage: Stage) -> None:
        async with stage.browser("https://api.example") as browser:
            browser.cookies["__Host-social_browser"] = SECRET
            await complete(stage, browser)
            assert "__Host-social_browser" not in browser.cookies

    async def test_stays_while_a_password_is_missing_or_wrong(self, stage: Stage) -> None:
        async with stage.browser() as owner, stage.browser() as browser:
            await register(owner, "ada")
            asked = await complete(stage, browser)
            assert asked.data["completeSocialLogin"] == {"success": False, "linkRequired": True}
            assert (await complete(stage, browser, "Wr0ng!pass")).error["reason"] == "INVALID_CREDENTIALS"
            assert browser.cookies == {"social_browser": SECRET}
            assert (await complete(stage, browser, PASSWORD)).data["completeSocialLogin"]["success"]
            assert "social_browser" not in browser.cookies
