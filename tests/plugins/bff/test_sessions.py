"""Sessions of browsers over HTTP: what signing in and out does to the cookie, to what is stored, and to auth."""

import hashlib
from pathlib import Path

from girok.testing.client import Answer, Browser
from plugins.auth.ports import BrowserSessions
from tests.plugins.auth.stage import PASSWORD
from tests.plugins.bff.stage import Stage, stage_on
from tests.scenarios.story import register

LOGIN = "mutation($input: LoginInput!) { login(input: $input) { success user { username email } } }"
LOGOUT = "mutation { logout { success user { id } } }"
ME = "{ me { username } }"


async def _log_in(browser: Browser, username: str = "ada", password: str = PASSWORD) -> Answer:
    return await browser.graphql(LOGIN, {"input": {"email": f"{username}@example.org", "password": password}})


async def _sees(browser: Browser) -> object:
    """Who the server takes this browser for."""
    return (await browser.graphql(ME)).data["me"]


class TestSignIn:
    async def test_register_signs_in(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            user = await register(ada, "ada")
            assert user["email"] == "ada@example.org"
            assert await _sees(ada) == {"username": "ada"}

    async def test_a_wrong_password_does_not(self, stage: Stage) -> None:
        async with stage.browser() as ada, stage.browser() as other:
            await register(ada, "ada")
            refused = await _log_in(other, password="Wr0ng!pass")
            assert refused.error == {"code": "UNAUTHENTICATED", "reason": "INVALID_CREDENTIALS"}
            assert refused.body["data"] is None
            assert refused.set_cookies == []

    async def test_login_signs_in_and_sets_the_cookie(self, stage: Stage) -> None:
        async with stage.browser() as ada, stage.browser() as phone:
            await register(ada, "ada")
            answer = await _log_in(phone)
            assert answer.data["login"] == {"success": True, "user": {"username": "ada", "email": "ada@example.org"}}
            handle = phone.cookies["session_id"]
            assert answer.set_cookies == [f"session_id={handle}; HttpOnly; Secure; SameSite=Strict; Path=/"]
            assert await _sees(phone) == {"username": "ada"}
            assert await _sees(ada) == {"username": "ada"}

    async def test_the_rest_of_the_operation_runs_as_who_signed_in(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            await register(ada, "ben")
            text = """mutation($input: LoginInput!) {
                before: createPost(input: {text: "as ben"}) { author { username } }
                login(input: $input) { user { email role } }
                after: createPost(input: {text: "as ada"}) { author { username email } }
                logout { success }
            }"""
            answer = await ada.graphql(text, {"input": {"email": "ada@example.org", "password": PASSWORD}})
            assert answer.data["before"]["author"] == {"username": "ben"}
            assert answer.data["login"]["user"] == {"email": "ada@example.org", "role": "USER"}
            assert answer.data["after"]["author"] == {"username": "ada", "email": "ada@example.org"}
            assert "session_id" not in ada.cookies

    async def test_the_device_is_the_user_agent(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            email = {"email": "ada@example.org", "password": PASSWORD}
            await ada.graphql(LOGIN, {"input": email}, user_agent="Firefox on a fridge")
            answer = await ada.graphql("{ sessions { device current } }")
            assert answer.data["sessions"] == [{"device": "Firefox on a fridge", "current": True}]


class TestHandle:
    async def test_tells_other_roles_of_the_process_who_comes_with_it(self, stage: Stage) -> None:
        sessions = stage.kit.ports[BrowserSessions]
        async with stage.browser() as ada:
            user = await register(ada, "ada")
            cookie = f"theme=dark; session_id={ada.cookies['session_id']}"
            actor = await sessions.actor_of_cookie(cookie)
            assert actor is not None
            assert actor.user_id == user["id"]
            await ada.graphql(LOGOUT)
            assert await sessions.actor_of_cookie(cookie) is None
            assert await sessions.actor_of_cookie("session_id=가") is None

    async def test_neither_handle_nor_token_is_stored(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            (row,) = await stage.rows()
            handle = ada.cookies["session_id"]
            assert row["handle_hash"] == hashlib.sha256(handle.encode()).hexdigest()
            assert handle not in str(row)
            assert b"eyJ" not in row["tokens"]

    async def test_login_gives_a_new_one_and_ends_the_old(self, stage: Stage) -> None:
        async with stage.browser() as ada, stage.browser() as thief:
            await register(ada, "ada")
            thief.cookies.update(ada.cookies)
            await _log_in(ada)
            assert ada.cookies != thief.cookies
            assert await _sees(thief) is None
            assert len(await stage.rows()) == 1
            assert (await ada.graphql("{ sessions { current } }")).data["sessions"] == [{"current": True}]

    async def test_register_ends_the_old_one_too(self, stage: Stage) -> None:
        async with stage.browser() as browser, stage.browser() as thief:
            await register(browser, "ada")
            thief.cookies.update(browser.cookies)
            await register(browser, "ben")
            assert await _sees(browser) == {"username": "ben"}
            assert await _sees(thief) is None

    async def test_one_that_was_planted_is_worth_nothing(self, stage: Stage) -> None:
        async with stage.browser() as ada, stage.browser() as thief:
            planted = {"session_id": "A" * 43}
            ada.cookies.update(planted)
            thief.cookies.update(planted)
            await register(ada, "ada")
            assert ada.cookies != planted
            assert await _sees(thief) is None

    async def test_a_failed_login_leaves_the_session_alone(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            await _log_in(ada, password="Wr0ng!pass")
            assert await _sees(ada) == {"username": "ada"}

    async def test_a_row_of_another_handle_opens_nothing(self, stage: Stage) -> None:
        async with stage.browser() as ada, stage.browser() as ben:
            await register(ada, "ada")
            (row,) = await stage.rows()
            await register(ben, "ben")
            others = f"SELECT b.tokens FROM bff_session b WHERE b.handle_hash <> '{row['handle_hash']}'"
            await stage.kit.db.execute_script(
                f"UPDATE bff_session SET tokens = ({others}) WHERE handle_hash = '{row['handle_hash']}'"
            )
            assert await _sees(ada) is None
            assert await _sees(ben) == {"username": "ben"}


class TestEnd:
    async def test_logout_ends_it_everywhere(self, stage: Stage) -> None:
        async with stage.browser() as ada, stage.browser() as thief:
            await register(ada, "ada")
            thief.cookies.update(ada.cookies)
            answer = await ada.graphql(LOGOUT)
            assert answer.data["logout"] == {"success": True, "user": None}
            assert answer.set_cookies == ["session_id=; Max-Age=0; HttpOnly; Secure; SameSite=Strict; Path=/"]
            assert ada.cookies == {}
            assert await _sees(thief) is None
            assert await stage.rows() == []

    async def test_logout_while_signed_out_succeeds(self, stage: Stage) -> None:
        async with stage.browser() as nobody:
            answer = await nobody.graphql(LOGOUT)
            assert answer.data["logout"] == {"success": True, "user": None}
            assert answer.set_cookies == []

    async def test_a_session_ended_elsewhere_counts_as_none(self, stage: Stage) -> None:
        async with stage.browser() as ada, stage.browser() as phone:
            await register(ada, "ada")
            await _log_in(phone)
            assert (await ada.graphql("mutation { endOtherSessions }")).data == {"endOtherSessions": 1}
            answer = await phone.graphql("{ me { id } timeline { edges { cursor } } }")
            assert answer.body["data"] is None
            assert answer.error["code"] == "UNAUTHENTICATED"
            assert answer.set_cookies == ["session_id=; Max-Age=0; HttpOnly; Secure; SameSite=Strict; Path=/"]
            assert phone.cookies == {}

    async def test_an_unknown_cookie_is_cleared(self, stage: Stage) -> None:
        async with stage.browser() as nobody:
            nobody.cookies["session_id"] = "A" * 43
            assert await _sees(nobody) is None
            assert nobody.cookies == {}

    async def test_so_is_one_that_is_no_handle(self, stage: Stage) -> None:
        async with stage.browser() as nobody:
            nobody.cookies["session_id"] = "../../etc/passwd"
            assert await _sees(nobody) is None
            assert nobody.cookies == {}

    async def test_it_ends_when_nobody_uses_it(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            stage.auth.clock.advance(14 * 86_400 + 1)
            assert await _sees(ada) is None
            assert ada.cookies == {}

    async def test_it_ends_after_all_its_time_in_use(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, auth={"session_days": 2}) as stage, stage.browser() as ada:
            await register(ada, "ada")
            stage.auth.clock.advance(86_400)
            assert await _sees(ada) == {"username": "ada"}
            stage.auth.clock.advance(86_400)
            assert await _sees(ada) is None

    async def test_expired_rows_go_with_the_next_login(self, stage: Stage) -> None:
        async with stage.browser() as ada, stage.browser() as ben:
            await register(ada, "ada")
            stage.auth.clock.advance(91 * 86_400)
            await register(ben, "ben")
            assert len(await stage.rows()) == 1


class TestStore:
    async def test_that_cannot_be_read_is_unavailable_and_keeps_the_cookie(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            stage.auth.cable.readable = False
            answer = await ada.graphql(ME)
            assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
            assert "session_id" in ada.cookies
            stage.auth.cable.readable = True
            assert await _sees(ada) == {"username": "ada"}

    async def test_that_cannot_be_written_still_knows_who_is_signed_in(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            stage.auth.cable.writable = False
            assert await _sees(ada) == {"username": "ada"}
            assert (await ada.graphql(LOGOUT)).error["code"] == "UNAVAILABLE"
            assert "session_id" in ada.cookies
