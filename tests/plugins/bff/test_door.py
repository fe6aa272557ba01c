"""The front door: bearers, other sites, plain http, and requests that are no GraphQL, through the real edge."""

import json
from pathlib import Path
from typing import Any

import pytest

from girok.context import acting_as
from girok.testing.client import Browser
from plugins.auth.ports import LogoutRequest
from tests.plugins.auth.stage import PASSWORD, actor_of
from tests.plugins.bff.stage import HERE, WEB, Stage, stage_on
from tests.scenarios.story import register

ME = "{ me { username } }"
LOGIN = "mutation($input: LoginInput!) { login(input: $input) { success } }"
USER = b'{"query": "query($u: String!) { user(username: $u) { id } }", "variables": {"u": %s}}'
ADA = {"input": {"email": "ada@example.org", "password": PASSWORD}}


async def _get(browser: Browser, text: str, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await browser.request("GET", "/graphql", params={"query": text}, headers=named)


async def _post(stage: Stage, body: bytes) -> Any:
    async with stage.browser() as nobody:
        return await nobody.request("POST", "/graphql", content=body, headers={"content-type": "application/json"})


class TestBearer:
    async def test_an_access_token_is_who_it_was_given_to(self, stage: Stage) -> None:
        registered = await stage.auth.register("ada")
        async with stage.browser() as app:
            answer = await app.graphql(ME, authorization=f"bearer {registered.access_token}")
            assert answer.data == {"me": {"username": "ada"}}
            assert answer.set_cookies == []

    @pytest.mark.parametrize("token", ["", "x", f"{'A' * 43}.{'A' * 43}.{'A' * 342}", "한글"])
    async def test_a_bad_one_is_401(self, stage: Stage, token: str) -> None:
        async with stage.browser() as app:
            response = await app.request(
                "POST", "/graphql", json={"query": ME}, headers=[("authorization", f"Bearer {token}".encode())]
            )
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
            assert response.json()["errors"][0]["extensions"] == {
                "code": "UNAUTHENTICATED",
                "reason": "UNAUTHENTICATED",
            }

    async def test_one_of_an_ended_session_is_401(self, stage: Stage) -> None:
        registered = await stage.auth.register("ada")
        with acting_as(actor_of(registered)):
            await stage.auth.port.logout(LogoutRequest())
        async with stage.browser() as app:
            assert (await app.graphql(ME, authorization=f"Bearer {registered.access_token}")).status == 401

    async def test_it_wins_over_the_cookie(self, stage: Stage) -> None:
        registered = await stage.auth.register("ada")
        async with stage.browser() as ben:
            await register(ben, "ben")
            answer = await ben.graphql(ME, authorization=f"Bearer {registered.access_token}")
            assert answer.data == {"me": {"username": "ada"}}
            assert (await ben.graphql(ME, authorization="Bearer x")).status == 401
            assert (await ben.graphql(ME)).data == {"me": {"username": "ben"}}

    async def test_logout_ends_both(self, stage: Stage) -> None:
        registered = await stage.auth.register("ada")
        bearer = f"Bearer {registered.access_token}"
        async with stage.browser() as ben:
            await register(ben, "ben")
            await ben.graphql("mutation { logout { success } }", authorization=bearer)
            assert ben.cookies == {}
            assert (await ben.graphql(ME, authorization=bearer)).status == 401

    async def test_another_scheme_is_none(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            assert (await ada.graphql(ME, authorization="Basic YTpi")).data == {"me": {"username": "ada"}}


class TestOtherSites:
    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "null", "http://127.0.0.1:8788", f"{HERE}.evil.example"]
    )
    async def test_a_foreign_origin_is_403(self, stage: Stage, origin: str) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            answer = await ada.graphql(ME, origin=origin)
            assert (answer.status, answer.error) == (403, {"code": "FORBIDDEN", "reason": "CROSS_SITE_REQUEST"})
            assert "access-control-allow-origin" not in answer.headers
            assert (await ada.graphql(ME)).data == {"me": {"username": "ada"}}

    async def test_it_cannot_sign_a_browser_in(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await stage.auth.register("ada")
            answer = await ada.graphql(LOGIN, ADA, origin="https://evil.example")
            assert (answer.status, answer.set_cookies) == (403, [])
            # Browsers send what they were once told for Basic by themselves.
            answer = await ada.graphql(LOGIN, ADA, origin="https://evil.example", authorization="Basic YTpi")
            assert (answer.status, answer.set_cookies) == (403, [])

    async def test_an_app_with_a_bearer_may_come_from_anywhere(self, stage: Stage) -> None:
        registered = await stage.auth.register("ada")
        async with stage.browser() as app:
            bearer = f"Bearer {registered.access_token}"
            answer = await app.graphql(ME, origin="capacitor://localhost", authorization=bearer)
            assert answer.data == {"me": {"username": "ada"}}

    @pytest.mark.parametrize("origin", [HERE, WEB])
    async def test_an_allowed_origin_is_served(self, stage: Stage, origin: str) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            answer = await ada.graphql(ME, origin=origin)
            assert answer.data == {"me": {"username": "ada"}}
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.headers["access-control-allow-credentials"] == "true"

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 403),
            ({"sec_fetch_site": "cross-site"}, 403),
            ({"x_girok_csrf": "0"}, 403),
            ({"origin": "https://evil.example", "x_girok_csrf": "1"}, 403),
            ({"x_girok_csrf": "1"}, 200),
            ({"origin": WEB}, 200),
            ({"sec_fetch_site": "same-origin"}, 200),
            ({"sec_fetch_site": "none"}, 200),
        ],
    )
    async def test_a_get_with_a_cookie_shows_where_it_comes_from(
        self, stage: Stage, headers: dict[str, str], status: int
    ) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            assert (await _get(ada, ME, **headers)).status_code == status

    async def test_a_get_without_one_need_not(self, stage: Stage) -> None:
        async with stage.browser() as nobody:
            assert (await _get(nobody, ME)).json() == {"data": {"me": None}}

    async def test_a_get_runs_no_mutation(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            response = await _get(ada, "mutation { logout { success } }", x_girok_csrf="1")
            assert (response.status_code, response.headers["allow"]) == (405, "POST")
            assert (await ada.graphql(ME)).data == {"me": {"username": "ada"}}

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
    async def test_a_form_is_refused(self, stage: Stage, content_type: str) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            body = json.dumps({"query": "mutation { logout { success } }"})
            response = await ada.request("POST", "/graphql", content=body, headers={"content-type": content_type})
            assert response.status_code == 415
            assert (await ada.graphql(ME)).data == {"me": {"username": "ada"}}


class TestTransport:
    @pytest.mark.parametrize(
        "base_url",
        [HERE, "http://localhost", "http://girok.localhost:80", "http://[::1]:8787", "https://api.girok.example"],
    )
    async def test_passwords_travel_where_nobody_can_read_them(self, stage: Stage, base_url: str) -> None:
        await stage.auth.register("ada")
        async with stage.browser(base_url) as ada:
            answer = await ada.graphql(LOGIN, ADA)
            assert answer.data == {"login": {"success": True}}
            assert "Secure; " in answer.set_cookies[0]

    @pytest.mark.parametrize(
        "base_url", ["http://api.girok.example", "http://192.168.0.7:8787", "http://127.0.0.1.evil.example"]
    )
    async def test_elsewhere_signing_in_is_forbidden(self, stage: Stage, base_url: str) -> None:
        await stage.auth.register("ada")
        async with stage.browser(base_url) as ada:
            answer = await ada.graphql(LOGIN, ADA)
            assert answer.error == {"code": "FORBIDDEN", "reason": "INSECURE_TRANSPORT"}
            assert (answer.status, answer.set_cookies) == (200, [])
            refused = await ada.graphql(
                "mutation($input: RegisterInput!) { register(input: $input) { success } }",
                {"input": {"email": "b@example.org", "username": "ben", "password": PASSWORD, "name": "Ben"}},
            )
            assert refused.error["reason"] == "INSECURE_TRANSPORT"
            assert (await ada.graphql('{ user(username: "ben") { id } }')).data == {"user": None}

    async def test_unless_the_operator_allows_it(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, insecure=True) as stage:
            await stage.auth.register("ada")
            async with stage.browser("http://192.168.0.7:8787") as plain, stage.browser("https://box.example") as safe:
                assert "Secure" not in (await plain.graphql(LOGIN, ADA)).set_cookies[0]
                assert "Secure; " in (await safe.graphql(LOGIN, ADA)).set_cookies[0]
                out = await plain.graphql("mutation { logout { success } }")
                assert out.set_cookies == ["session_id=; Max-Age=0; HttpOnly; SameSite=Strict; Path=/"]


class TestWrongRequests:
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"", "BAD_USER_INPUT"),
            (b"no json", "BAD_USER_INPUT"),
            (b"[" * 1_000_000, "BAD_USER_INPUT"),
            (b'{"query": "' + b"{" * 1_000_000 + b'"}', "COST_LIMIT"),
            (b'{"query": "{ me { nothing } }"}', "BAD_USER_INPUT"),
            (b'{"query": "{ user(username: \\"\\ud800\\") { id } }"}', "BAD_USER_INPUT"),
            (USER % rb'"\ud800"', "BAD_USER_INPUT"),
            (USER % rb'"a\u0000"', "BAD_USER_INPUT"),
            (USER % b"1", "BAD_USER_INPUT"),
            (USER % b"null", "BAD_USER_INPUT"),
        ],
    )
    async def test_are_400_with_errors(self, stage: Stage, body: bytes, code: str) -> None:
        response = await _post(stage, body)
        assert response.status_code == 400
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert {each["extensions"]["code"] for each in response.json()["errors"]} == {code}

    async def test_a_body_beyond_the_limit_is_413_with_errors(self, stage: Stage) -> None:
        response = await _post(stage, b"x" * 2_000_000)
        assert (response.status_code, response.json()["errors"][0]["extensions"]["reason"]) == (
            413,
            "PAYLOAD_TOO_LARGE",
        )

    async def test_answers_are_never_kept_by_caches(self, stage: Stage) -> None:
        async with stage.browser() as nobody:
            assert (await nobody.graphql(ME)).headers["cache-control"] == "no-store"
            assert (await _get(nobody, ME)).headers["cache-control"] == "no-store"

    async def test_texts_are_in_the_language_of_the_client(self, stage: Stage) -> None:
        async with stage.browser() as nobody:
            answer = await nobody.graphql("{ timeline { edges { cursor } } }", accept_language="ko-KR,ko;q=0.9")
            assert answer.body["errors"][0]["message"] == "로그인이 필요합니다."

    async def test_a_websocket_is_turned_away(self, stage: Stage) -> None:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "websocket",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1:8787")],
            "subprotocols": ["graphql-transport-ws"],
            "root_path": "",
            "scheme": "ws",
        }
        await stage.edge(scope, receive, send)
        assert [each["type"] for each in sent] == ["websocket.close"]
