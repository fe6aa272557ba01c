"""Guest tokens: for one domain, for a time that was said, and for nothing else."""

from datetime import timedelta
from pathlib import Path

import pytest

from girok.context import Actor, acting_as
from girok.errors import Forbidden, InvalidBearer, RateLimited, Unauthenticated
from plugins.auth.errors import InvalidDomain
from plugins.auth.ports import (
    CreateDomainAccessRequest,
    CreateDomainAccessResponse,
    EndOtherSessionsRequest,
    EndSessionRequest,
    GetUserRequest,
    ListSessionsRequest,
    LogoutRequest,
    RegisterResponse,
    ValidateTokenRequest,
    ValidateTokenResponse,
    actor_of_bearer,
    as_bearer,
)
from tests.plugins.auth.forge import is_valid
from tests.plugins.auth.stage import Stage, actor_of, stage_on

DAY = 86_400.0


async def invite(
    stage: Stage, who: RegisterResponse, domain: str = "my.example.org", hours: int = 1, email: str | None = None
) -> CreateDomainAccessResponse:
    request = CreateDomainAccessRequest(domain=domain, expires_in_hours=hours, recipient_email=email)
    with acting_as(actor_of(who)):
        return await stage.port.create_domain_access(request)


async def validate(stage: Stage, token: str) -> ValidateTokenResponse:
    return await stage.port.validate_token(ValidateTokenRequest(token))


class TestInvitation:
    async def test_is_a_user_s_to_give(self, stage: Stage) -> None:
        request = CreateDomainAccessRequest(domain="my.example.org", expires_in_hours=1)
        with pytest.raises(Unauthenticated):
            await stage.port.create_domain_access(request)

    async def test_is_no_guest_s_to_give(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        request = CreateDomainAccessRequest(domain="my.example.org", expires_in_hours=1)
        with acting_as(Actor(ada.user.id, "GUEST", ada.session_id)), pytest.raises(Forbidden):
            await stage.port.create_domain_access(request)

    async def test_speaks_for_who_invited_as_a_guest_of_one_domain(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        guest = await invite(stage, ada, "My.Example.org")
        found = await validate(stage, guest.access_token)
        assert (found.valid, found.user_id, found.role, found.domain) == (True, ada.user.id, "GUEST", "my.example.org")
        assert found.expires_at == guest.expires_at == stage.clock.now() + timedelta(hours=1)
        assert found.session_id != ada.session_id

    async def test_every_wrong_field_is_told_at_once(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        with pytest.raises(InvalidDomain) as refused:
            await invite(stage, ada, "https://my.example.org/", 721, "no email")
        assert [each.path for each in refused.value.details] == ["domain", "expiresInHours", "recipientEmail"]

    async def test_is_limited_by_account(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, limited=True) as stage:
            ada, ben = await stage.register("ada"), await stage.register("ben")
            for _ in range(20):
                await invite(stage, ada)
            with pytest.raises(RateLimited):
                await invite(stage, ada)
            await invite(stage, ben)


class TestLife:
    async def test_ends_when_it_was_said_and_not_when_it_lies_idle(self, stage: Stage) -> None:
        token = (await invite(stage, await stage.register("ada"), hours=720)).access_token
        stage.clock.advance(30 * DAY - 1)
        assert await is_valid(stage, token)
        stage.clock.advance(1)
        assert not await is_valid(stage, token)

    async def test_may_outlive_the_session_of_who_invited(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        token = (await invite(stage, ada)).access_token
        await stage.port.logout(LogoutRequest(ada.refresh_token))
        assert await is_valid(stage, token)

    async def test_is_listed_among_the_sessions_and_ended_like_one(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        first, second = [(await invite(stage, ada)).access_token for _ in range(2)]
        session_id = (await validate(stage, first)).session_id
        with acting_as(actor_of(ada)):
            listed = (await stage.port.list_sessions(ListSessionsRequest())).sessions
            assert session_id in {each.id for each in listed}
            await stage.port.end_session(EndSessionRequest(session_id))
            assert [await is_valid(stage, each) for each in (first, second)] == [False, True]
            await stage.port.end_other_sessions(EndOtherSessionsRequest())
        assert not await is_valid(stage, second)

    async def test_ends_with_the_account(self, stage: Stage) -> None:
        ada, ben = await stage.register("ada"), await stage.register("ben")
        tokens = [(await invite(stage, each)).access_token for each in (ada, ben)]
        await stage.service.erasure.erase(ada.user.id)
        await stage.db.execute_script("UPDATE auth_user SET disabled_at = created_at")
        assert [await is_valid(stage, each) for each in tokens] == [False, False]


class TestGuest:
    async def test_sees_no_email_and_does_nothing_of_a_user(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        found = await validate(stage, (await invite(stage, ada)).access_token)
        with acting_as(Actor(found.user_id, found.role, found.session_id)):
            assert (await stage.port.get_user(GetUserRequest(ada.user.id))).email is None
            with pytest.raises(Forbidden):
                await stage.port.list_sessions(ListSessionsRequest())

    @pytest.mark.parametrize("origin", [None, "https://my.example.org", "http://MY.example.org"])
    async def test_is_let_in_on_the_pages_of_its_domain(self, stage: Stage, origin: str | None) -> None:
        token = (await invite(stage, await stage.register("ada"))).access_token
        assert (await actor_of_bearer(stage.port, token, origin)).role == "GUEST"

    @pytest.mark.parametrize(
        "origin",
        ["null", "https://example.org", "https://my.example.org.evil.example", "https://my.example.org:8443", "x"],
    )
    async def test_is_not_let_in_on_others(self, stage: Stage, origin: str) -> None:
        ada = await stage.register("ada")
        token = (await invite(stage, ada)).access_token
        with pytest.raises(InvalidBearer):
            await actor_of_bearer(stage.port, token, origin)
        assert (await actor_of_bearer(stage.port, ada.access_token, origin)).role == "USER"

    async def test_is_forbidden_what_takes_a_user(self, stage: Stage) -> None:
        token = (await invite(stage, await stage.register("ada"))).access_token
        with pytest.raises(Forbidden):
            async with as_bearer(stage.port, f"Bearer {token}", None):
                """It does not come to this."""
