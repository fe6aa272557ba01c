"""REST: who may call which route, and the names, statuses and headers that the web client reads."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from girok.testing.box import TestBox, box_on

ADA = {"email": "ada@example.org", "username": "ada", "password": "Str0ng!pass", "name": "Ada"}
OTHER = "An0ther!pass"
ME = "/v1/users/me"
WITH_BEARER: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/v1/auth/domain-access", {"domain": "my.example.org", "expiresInHours": 1}),
    ("GET", "/v1/auth/sessions", None),
    ("DELETE", "/v1/auth/sessions", None),
    ("DELETE", "/v1/auth/sessions/019abcde-0000-7000-8000-000000000001", None),
    ("GET", ME, None),
    ("PATCH", ME, {"name": "Countess"}),
    ("DELETE", ME, {"password": ADA["password"]}),
    ("POST", f"{ME}/change-password", {"currentPassword": ADA["password"], "newPassword": OTHER}),
    ("POST", "/v1/auth/verify-email/request", None),
]


class Rest:
    """The web client's way to a box."""

    def __init__(self, box: TestBox) -> None:
        self.http = httpx.AsyncClient(base_url="http://127.0.0.1:8787", transport=httpx.ASGITransport(box.app.edge))

    async def call(self, method: str, path: str, body: object = None, bearer: str | None = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {bearer}"} if bearer is not None else {}
        return await self.http.request(method, path, headers=headers, **({} if body is None else {"json": body}))

    async def register(self, **fields: str) -> dict[str, Any]:
        """A new account's AuthPayload."""
        answer = await self.call("POST", "/v1/auth/register", {**ADA, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def login(self, password: str = ADA["password"]) -> httpx.Response:
        return await self.call("POST", "/v1/auth/login", {"email": ADA["email"], "password": password})

    async def refresh(self, token: str) -> httpx.Response:
        return await self.call("POST", "/v1/auth/refresh", {"refreshToken": token})


@pytest.fixture
async def rest(tmp_path: Path) -> AsyncIterator[Rest]:
    async with box_on(tmp_path / "data") as box:
        client = Rest(box)
        async with client.http:
            yield client


def claims(token: str) -> dict[str, Any]:
    """The payload, as the web client decodes it."""
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def refusal(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert (body["success"], body["message"]) == (False, body["error"]["message"])
    return answer.status_code, body["error"]["code"]


class TestWhoMayCall:
    @pytest.mark.parametrize(("method", "path", "body"), WITH_BEARER)
    async def test_nobody_and_a_bad_token_and_a_guest_may_not(
        self, rest: Rest, method: str, path: str, body: dict[str, Any] | None
    ) -> None:
        token = (await rest.register())["accessToken"]
        invitation = {"domain": "my.example.org", "expiresInHours": 1}
        guest = (await rest.call("POST", "/v1/auth/domain-access", invitation, token)).json()["accessToken"]
        unauthenticated, forbidden = (401, "UNAUTHENTICATED"), (403, "FORBIDDEN")
        assert refusal(await rest.call(method, path, body)) == unauthenticated
        assert refusal(await rest.call(method, path, body, f"{token[:-4]}AAAA")) == unauthenticated
        assert refusal(await rest.call(method, path, body, guest)) == forbidden
        assert (await rest.call("GET", ME, bearer=token)).json()["name"] == "Ada"

    async def test_a_refresh_token_is_no_bearer(self, rest: Rest) -> None:
        token = (await rest.register())["refreshToken"]
        assert refusal(await rest.call("GET", ME, bearer=token)) == (401, "UNAUTHENTICATED")


class TestAccounts:
    async def test_a_payload_has_the_user_and_tokens_that_the_client_decodes(self, rest: Rest) -> None:
        payload = await rest.register(extra="ignored")
        user, access = payload["user"], claims(payload["accessToken"])
        assert {key: user[key] for key in ("email", "username", "name", "role", "provider", "emailVerified")} == {
            "email": ADA["email"],
            "username": "ada",
            "name": "Ada",
            "role": "USER",
            "provider": "LOCAL",
            "emailVerified": False,
        }
        assert (access["sub"], access["email"], access["type"]) == (user["id"], ADA["email"], "ACCESS")
        assert access["exp"] - access["iat"] == 15 * 60
        refresh = claims(payload["refreshToken"])
        assert (refresh["sid"], refresh["type"], refresh["exp"] - refresh["iat"]) == (
            access["sid"],
            "REFRESH",
            14 * 24 * 3600,
        )

    async def test_an_email_that_is_taken_is_409(self, rest: Rest) -> None:
        await rest.register()
        taken = await rest.call("POST", "/v1/auth/register", {**ADA, "email": "ADA@example.org", "username": "eve"})
        assert refusal(taken) == (409, "CONFLICT")

    async def test_a_wrong_password_and_an_unknown_email_are_one_401(self, rest: Rest) -> None:
        unknown = await rest.login()
        await rest.register()
        wrong = await rest.login(OTHER)
        assert refusal(wrong) == refusal(unknown) == (401, "UNAUTHENTICATED")
        assert wrong.json()["message"] == unknown.json()["message"] == "Invalid credentials"

    async def test_null_takes_the_avatar_away_and_what_is_absent_stays(self, rest: Rest) -> None:
        token = (await rest.register())["accessToken"]
        await rest.call("PATCH", ME, {"avatar": "https://example.org/a.png", "bio": "hello"}, token)
        changed = (await rest.call("PATCH", ME, {"avatar": None}, token)).json()
        assert (changed["avatar"], changed["bio"], changed["name"]) == (None, "hello", "Ada")
        assert refusal(await rest.call("PATCH", ME, {"name": None}, token)) == (400, "BAD_USER_INPUT")

    async def test_anybody_sees_the_public_part(self, rest: Rest) -> None:
        await rest.register()
        shown = await rest.call("GET", "/v1/users/by-username/ada")
        assert shown.json().keys() == {"id", "username", "name", "avatar", "bio", "createdAt"}
        assert refusal(await rest.call("GET", "/v1/users/by-username/nobody1")) == (404, "NOT_FOUND")

    async def test_erased_it_is_gone(self, rest: Rest) -> None:
        token = (await rest.register())["accessToken"]
        assert refusal(await rest.call("DELETE", ME, {"password": OTHER}, token)) == (400, "INVALID_PASSWORD")
        assert (await rest.call("DELETE", ME, {"password": ADA["password"]}, token)).status_code == 204
        assert refusal(await rest.call("GET", ME, bearer=token)) == (401, "UNAUTHENTICATED")


class TestPassword:
    async def test_a_wrong_one_is_400_by_its_own_code(self, rest: Rest) -> None:
        token = (await rest.register())["accessToken"]
        wrong = {"currentPassword": OTHER, "newPassword": OTHER}
        assert refusal(await rest.call("POST", f"{ME}/change-password", wrong, token)) == (400, "INVALID_PASSWORD")

    async def test_the_change_ends_every_other_session_and_this_one_goes_on(self, rest: Rest) -> None:
        this, other = await rest.register(), (await rest.login()).json()
        change = {"currentPassword": ADA["password"], "newPassword": OTHER}
        changed = await rest.call("POST", f"{ME}/change-password", change, this["accessToken"])
        assert (changed.status_code, changed.json().keys()) == (200, {"message"})
        assert (await rest.refresh(other["refreshToken"])).status_code == 401
        assert (await rest.refresh(this["refreshToken"])).status_code == 200
        assert (await rest.login(OTHER)).status_code == 200


class TestTokens:
    async def test_two_refreshes_at_once_give_two_good_pairs(self, rest: Rest) -> None:
        token = (await rest.register())["refreshToken"]
        pairs = [(await rest.refresh(token)).json() for _ in range(2)]
        assert [each.keys() for each in pairs] == [{"accessToken", "refreshToken"}] * 2
        assert [(await rest.call("GET", ME, bearer=each["accessToken"])).status_code for each in pairs] == [200, 200]
        assert [(await rest.refresh(each["refreshToken"])).status_code for each in pairs] == [200, 200]

    async def test_logout_needs_no_bearer_and_is_idempotent(self, rest: Rest) -> None:
        payload = await rest.register()
        body = {"refreshToken": payload["refreshToken"]}
        given = [(await rest.call("POST", "/v1/auth/logout", body)).status_code for _ in range(2)]
        given.append((await rest.call("POST", "/v1/auth/logout", body, payload["accessToken"])).status_code)
        assert given == [204, 204, 204]
        assert (await rest.call("GET", ME, bearer=payload["accessToken"])).status_code == 401

    async def test_are_signed_by_a_published_key(self, rest: Rest) -> None:
        payload = await rest.register()
        keys = KeySet.import_key_set((await rest.call("GET", "/.well-known/jwks.json")).json())
        decoded = jwt.decode(payload["accessToken"], keys, algorithms=["RS256"])
        assert decoded.claims["sub"] == payload["user"]["id"]
        assert not any("d" in key.as_dict() for key in keys.keys)

    async def test_are_kept_by_no_cache(self, rest: Rest) -> None:
        await rest.register()
        assert (await rest.login()).headers["cache-control"] == "no-store"

    async def test_a_guests_is_limited_to_a_domain(self, rest: Rest) -> None:
        token = (await rest.register())["accessToken"]
        body = {"domain": "my.example.org", "expiresInHours": 2, "recipientEmail": "eve@example.org"}
        given = (await rest.call("POST", "/v1/auth/domain-access", body, token)).json()
        assert given.keys() == {"accessToken", "expiresAt", "accessUrl"}
        guest = claims(given["accessToken"])
        assert (guest["role"], guest["type"], guest["domain"]) == ("GUEST", "DOMAIN_ACCESS", "my.example.org")
        assert guest["exp"] - guest["iat"] == 2 * 3600


class TestBadInput:
    """What no account and no token can be is refused by what is wrong with it, whatever route it comes to."""

    @pytest.mark.parametrize("path", ["register", "login", "refresh", "logout", "password-reset", "verify-email"])
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b" " * 10_000_000, (413, "BAD_USER_INPUT")),
            (b"[" * 900_000, (400, "BAD_USER_INPUT")),
            (b'{"email": "\xff", "token": "\xff", "refreshToken": "\xff"}', (400, "BAD_USER_INPUT")),
            (rb'{"email": "\u0000", "token": "\u0000", "refreshToken": "\u0000"}', (400, "BAD_USER_INPUT")),
            (rb'{"email": "\ud800", "token": "\ud800", "refreshToken": "\ud800"}', (400, "BAD_USER_INPUT")),
            (b'{"email": 1, "token": [], "refreshToken": {}}', (400, "BAD_USER_INPUT")),
        ],
        ids=["ten megabytes", "deep", "no UTF-8", "NUL", "half a pair", "wrong types"],
    )
    async def test_of_a_body(self, rest: Rest, path: str, body: bytes, expected: tuple[int, str]) -> None:
        headers = {"content-type": "application/json"}
        assert refusal(await rest.http.post(f"/v1/auth/{path}", content=body, headers=headers)) == expected

    @pytest.mark.parametrize("bad", ["\u0430da@example.org", "\uff41da@example.org", "a\u0301da@example.org"])
    async def test_of_an_email(self, rest: Rest, bad: str) -> None:
        refused = await rest.call("POST", "/v1/auth/register", {**ADA, "email": bad})
        assert refusal(refused) == (400, "BAD_USER_INPUT")
        assert "email" in refused.json()["message"]

    async def test_of_a_bearer(self, rest: Rest) -> None:
        token = (await rest.register())["accessToken"]
        header, payload, signature = token.split(".")
        none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
        for bad in ("", "x", "a.b.c", token[:-1], f"{none}.{payload}.", f"{none}.{payload}.{signature}", f"{header}.."):
            answer = await rest.call("GET", ME, bearer=bad)
            assert refusal(answer) == (401, "UNAUTHENTICATED")
            assert answer.headers["www-authenticate"].startswith("Bearer")


class TestAtOnce:
    async def test_one_email_is_registered_once_and_the_others_are_told_409(self, rest: Rest) -> None:
        bodies = [{**ADA, "username": f"ada{number}"} for number in range(10)]
        answers = await asyncio.gather(*(rest.call("POST", "/v1/auth/register", each) for each in bodies))
        assert sorted(each.status_code for each in answers) == [201] + [409] * 9

    async def test_every_pair_of_one_refresh_token_is_good(self, rest: Rest) -> None:
        token = (await rest.register())["refreshToken"]
        pairs = [each.json() for each in await asyncio.gather(*(rest.refresh(token) for _ in range(10)))]
        assert len({each["refreshToken"] for each in pairs}) == 10
        used = await asyncio.gather(*(rest.call("GET", ME, bearer=each["accessToken"]) for each in pairs))
        assert {each.status_code for each in used} == {200}


class TestSessions:
    async def test_one_is_ended_and_refused_by_the_next_request(self, rest: Rest) -> None:
        this, other = await rest.register(), (await rest.login()).json()
        listed = (await rest.call("GET", "/v1/auth/sessions", bearer=this["accessToken"])).json()
        (foreign,) = [each["id"] for each in listed if not each["current"]]
        ended = await rest.call("DELETE", f"/v1/auth/sessions/{foreign}", bearer=this["accessToken"])
        assert ended.status_code == 204
        assert (await rest.call("GET", ME, bearer=other["accessToken"])).status_code == 401

    async def test_somebody_elses_is_not_found(self, rest: Rest) -> None:
        ada = await rest.register()
        eve = await rest.register(email="eve@example.org", username="eve")
        path = f"/v1/auth/sessions/{claims(ada['accessToken'])['sid']}"
        assert refusal(await rest.call("DELETE", path, bearer=eve["accessToken"])) == (404, "NOT_FOUND")
