"""Social login of a whole box at real providers: which account it is, and who may have it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import pytest_asyncio

from girok.servers.process import ServerProcess
from girok.testing.box import TestBox, box_on
from girok.testing.client import Answer, Browser
from tests.plugins.auth.social.real import ADA, SECRET, log_in, provider

pytestmark = pytest.mark.external

WEB = "http://127.0.0.1:3000/auth/callback"
PASSWORD = "Str0ng!pass"
REGISTER = """mutation ($email: String!) {
  register(input: {email: $email, username: "ada", password: "Str0ng!pass", name: "Ada"}) { user { id } }
}"""
COMPLETE = """mutation ($code: String!, $password: String) {
  completeSocialLogin(code: $code, password: $password) { success linkRequired user { id username } }
}"""
UNVERIFIED = {**ADA, "claims": {**ADA["claims"], "email_verified": False}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def google(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("google")
    async with provider(folder, client_auth="client_secret_post", id_token_has_email=True) as server:
        yield server


@pytest.fixture
async def box(tmp_path: Path, google: ServerProcess) -> AsyncIterator[TestBox]:
    env = {"CLIENT_ID": "google-client", "CLIENT_SECRET": SECRET, "ISSUER": google.url}
    named = {f"GIROK_AUTH_GOOGLE__{name}": value for name, value in env.items()}
    async with box_on(tmp_path / "data", **named) as opened:
        yield opened


async def come(browser: Browser, person: dict[str, Any] = ADA, query: str = "?return=bff") -> dict[str, str]:
    """Log in at the provider; the query that the web client is sent."""
    begun = await browser.request("GET", f"/v1/auth/google{query}")
    back = await browser.request("GET", await log_in(begun.headers["location"], person))
    assert back.headers["location"].partition("?")[0] == WEB
    return dict(parse_qsl(urlsplit(back.headers["location"]).query))


async def complete(browser: Browser, code: str, password: str | None = None) -> Answer:
    return await browser.graphql(COMPLETE, {"code": code, "password": password})


async def whoever(browser: Browser) -> str | None:
    """The id of who is signed in."""
    me = (await browser.graphql("{ me { id } }")).data["me"]
    return me and str(me["id"])


class TestNewAccount:
    async def test_begins_with_a_session_of_the_browser(self, box: TestBox) -> None:
        async with box.browser() as browser:
            code = (await come(browser))["code"]
            done = (await complete(browser, code)).data["completeSocialLogin"]
            assert (done["success"], done["linkRequired"]) == (True, False)
            assert done["user"]["username"].startswith("ada")
            assert await whoever(browser) == done["user"]["id"]

    async def test_begins_with_a_token_for_the_clients_of_rest(self, box: TestBox) -> None:
        async with box.browser() as browser:
            token = (await come(browser, query=""))["token"]
            me = await browser.request("GET", "/v1/users/me", headers={"authorization": f"Bearer {token}"})
        told = me.json()
        assert (told["email"], told["provider"], told["emailVerified"]) == ("ada@example.org", "GOOGLE", True)
        assert (told["name"], told["avatar"]) == ("Ada Lovelace", "https://img.example/ada.png")

    async def test_is_the_same_one_the_next_time(self, box: TestBox) -> None:
        async with box.browser() as first, box.browser() as second:
            await complete(first, (await come(first))["code"])
            renamed = {**ADA, "claims": {**ADA["claims"], "email": "ada@elsewhere.example"}}
            await complete(second, (await come(second, renamed))["code"])
            assert await whoever(first) == await whoever(second) is not None


class TestCode:
    async def test_is_no_good_in_another_browser(self, box: TestBox) -> None:
        async with box.browser() as victim, box.browser() as attacker:
            code = (await come(victim))["code"]
            await come(attacker, {**ADA, "sub": "mallory-1", "claims": {"email": "mallory@example.org"}})
            assert (await complete(attacker, code)).error["reason"] == "INVALID_TICKET"
            assert (await complete(victim, code)).data["completeSocialLogin"]["success"]

    async def test_is_good_once(self, box: TestBox) -> None:
        async with box.browser() as browser:
            code = (await come(browser))["code"]
            await complete(browser, code)
            assert (await complete(browser, code)).error["reason"] == "INVALID_TICKET"


class TestAccountWithTheSameEmail:
    async def test_is_joined_after_its_password_was_shown(self, box: TestBox) -> None:
        async with box.browser() as owner, box.browser() as browser, box.browser() as later:
            await owner.graphql(REGISTER, {"email": "Ada@example.org"})
            code = (await come(browser))["code"]
            asked = (await complete(browser, code)).data["completeSocialLogin"]
            assert asked == {"success": False, "linkRequired": True, "user": None}
            assert await whoever(browser) is None
            assert (await complete(browser, code, "Wr0ng!pass")).error["reason"] == "INVALID_CREDENTIALS"
            assert (await complete(browser, code, PASSWORD)).data["completeSocialLogin"]["success"]
            assert await whoever(browser) == await whoever(owner)
            assert (await complete(later, (await come(later))["code"])).data["completeSocialLogin"]["success"]
            assert await whoever(later) == await whoever(owner)

    async def test_is_never_joined_by_an_email_that_nobody_has_verified(self, box: TestBox) -> None:
        async with box.browser() as owner, box.browser() as browser:
            await owner.graphql(REGISTER, {"email": "ada@example.org"})
            code = (await come(browser, UNVERIFIED))["code"]
            assert (await complete(browser, code, PASSWORD)).error["reason"] == "EMAIL_TAKEN"
            assert await whoever(browser) is None

    async def test_is_not_given_to_the_clients_of_rest(self, box: TestBox) -> None:
        async with box.browser() as owner, box.browser() as browser:
            await owner.graphql(REGISTER, {"email": "ada@example.org"})
            assert await come(browser, query="") == {"error": "EMAIL_TAKEN"}
