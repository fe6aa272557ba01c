"""Auth as a client of GraphQL sees it, run by the kernel's engine on the real service."""

from typing import Any

import pytest

from girok.context import Actor, acting_as
from girok.graphql.execute import Engine
from girok.graphql.part import Context
from plugins.auth.graphql import PART
from tests.plugins.auth.stage import Stage, actor_of

ENGINE = Engine([PART])
NOBODY = "00000000-0000-7000-8000-000000000000"
USER = "{ id username name avatar bio email role createdAt }"


async def ask(stage: Stage, text: str, actor: Actor | None = None, **variables: Any) -> dict[str, Any]:
    """The answer's data, with `errors` as their reasons when there are any."""
    with acting_as(actor):
        answer = await ENGINE.run(ENGINE.prepare(text), variables, Context(stage.kit.ports))
    reasons = [each["extensions"]["reason"] for each in answer.errors]
    return {**(answer.data or {}), **({"errors": reasons} if reasons else {})}


class TestMe:
    async def test_anonymous_is_null(self, stage: Stage) -> None:
        assert await ask(stage, "{ me { id } }") == {"me": None}

    async def test_account_that_is_gone_is_null(self, stage: Stage) -> None:
        assert await ask(stage, "{ me { id } }", Actor(NOBODY)) == {"me": None}

    async def test_shows_email_and_role(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        assert await ask(stage, f"{{ me {USER} }}", actor_of(ada)) == {
            "me": {
                "id": ada.user.id,
                "username": "ada",
                "name": "Ada",
                "avatar": None,
                "bio": None,
                "email": "ada@example.org",
                "role": "USER",
                "createdAt": "2026-11-05T08:00:00.123Z",
            }
        }


class TestUser:
    async def test_anonymous_sees_neither_email_nor_role(self, stage: Stage) -> None:
        await stage.register("ada")
        found = await ask(stage, '{ user(username: "ada") { username email role } }')
        assert found == {"user": {"username": "ada", "email": None, "role": None}}

    async def test_somebody_else_sees_neither_email_nor_role(self, stage: Stage) -> None:
        await stage.register("ada")
        ben = actor_of(await stage.register("ben"))
        found = await ask(
            stage, '{ ada: user(username: "ada") { email role } ben: user(username: "ben") { role } }', ben
        )
        assert found == {"ada": {"email": None, "role": None}, "ben": {"role": "USER"}}

    @pytest.mark.parametrize("username", ["eve", "", "Ada", "me", "x" * 1000])
    async def test_nobody_is_null_without_an_error(self, stage: Stage, username: str) -> None:
        found = await ask(stage, "query($name: String!) { user(username: $name) { id } }", name=username)
        assert found == {"user": None}


class TestSessions:
    async def test_anonymous_is_refused(self, stage: Stage) -> None:
        for text in (
            "{ sessions { id } }",
            "mutation { endOtherSessions }",
            f'mutation {{ endSession(id: "{NOBODY}") }}',
        ):
            assert (await ask(stage, text))["errors"] == ["UNAUTHENTICATED"]

    async def test_somebody_elses_cannot_be_ended(self, stage: Stage) -> None:
        ada, ben = await stage.register("ada"), await stage.register("ben")
        end = "mutation($id: ID!) { endSession(id: $id) }"
        assert (await ask(stage, end, actor_of(ben), id=ada.session_id))["errors"] == ["SESSION_NOT_FOUND"]

    async def test_are_listed_and_ended(self, stage: Stage) -> None:
        ada = await stage.register("ada", device="Firefox")
        others = [await stage.login("ada", device="curl") for _ in range(3)]
        listed = await ask(stage, "{ sessions { id device address createdAt lastUsedAt current } }", actor_of(ada))
        now = "2026-11-05T08:00:00.123Z"
        assert listed["sessions"][-1] == {
            "id": ada.session_id,
            "device": "Firefox",
            "address": None,
            "createdAt": now,
            "lastUsedAt": now,
            "current": True,
        }
        assert {(each["device"], each["current"]) for each in listed["sessions"][:-1]} == {("curl", False)}
        end = "mutation($id: ID!) { endSession(id: $id) endOtherSessions }"
        ended = await ask(stage, end, actor_of(ada), id=others[0].session_id)
        assert ended == {"endSession": True, "endOtherSessions": 2}
        assert await ask(stage, "{ sessions { current } }", actor_of(ada)) == {"sessions": [{"current": True}]}


class TestSchema:
    def test_signing_in_is_left_to_the_edge(self) -> None:
        assert {name for _, name in PART.roots} == {
            "me",
            "user",
            "sessions",
            "updateMe",
            "requestPasswordReset",
            "requestEmailVerification",
            "verifyEmail",
            "endSession",
            "endOtherSessions",
        }
