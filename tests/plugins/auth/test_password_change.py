"""Changing one's password: the others are signed out, this session goes on, and of many changes at once one holds."""

import asyncio
from pathlib import Path

import pytest

from girok.context import Actor, acting_as
from girok.errors import InvalidInput, RateLimited, Unauthenticated, Unavailable
from plugins.auth.errors import WRONG_PASSWORD, InvalidCredentials, InvalidPassword, InvalidTicket
from plugins.auth.ports import (
    ChangePasswordRequest,
    ChangePasswordResponse,
    CreateDomainAccessRequest,
    RefreshRequest,
    RegisterResponse,
    RequestPasswordResetRequest,
    ResetPasswordRequest,
)
from tests.plugins.auth.forge import is_valid
from tests.plugins.auth.stage import PASSWORD, Stage, actor_of, stage_on

NEW = "An0ther!pass"
WRONG = "Wr0ng!pass"
AT_ONCE = 10


async def change(stage: Stage, who: RegisterResponse, current: str, new: str) -> ChangePasswordResponse:
    with acting_as(actor_of(who)):
        return await stage.port.change_password(ChangePasswordRequest(current, new))


class TestChange:
    async def test_the_new_one_signs_in_and_the_old_one_does_not(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await change(stage, ada, PASSWORD, NEW)
        with pytest.raises(InvalidCredentials):
            await stage.login("ada")
        assert (await stage.login("ada", NEW)).user == ada.user

    async def test_every_other_session_ends_and_this_one_goes_on(self, stage: Stage) -> None:
        other = await stage.register("ada")
        ben = await stage.register("ben")
        ada = await stage.login("ada")
        with acting_as(actor_of(ada)):
            guest = await stage.port.create_domain_access(
                CreateDomainAccessRequest(domain="a.example", expires_in_hours=1)
            )
        await change(stage, ada, PASSWORD, NEW)
        assert not await is_valid(stage, other.access_token)
        assert not await is_valid(stage, guest.access_token)
        assert await is_valid(stage, ada.access_token)
        assert await is_valid(stage, ben.access_token)
        next_pair = await stage.port.refresh(RefreshRequest(ada.refresh_token))
        assert await is_valid(stage, next_pair.access_token)

    async def test_links_to_reset_it_are_good_no_more(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await stage.port.request_password_reset(RequestPasswordResetRequest("ada@example.org"))
        token = await stage.link("ada")
        await change(stage, ada, PASSWORD, NEW)
        with pytest.raises(InvalidTicket):
            await stage.port.reset_password(ResetPasswordRequest(token, "Th1rd!word-x"))

    async def test_of_many_at_once_one_holds(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        wanted = [f"Numb3r!{number}-word" for number in range(AT_ONCE)]
        outcomes = await asyncio.gather(
            *(change(stage, ada, PASSWORD, each) for each in wanted), return_exceptions=True
        )
        (winner,) = [number for number, each in enumerate(outcomes) if isinstance(each, ChangePasswordResponse)]
        losers = {(type(each), str(each)) for number, each in enumerate(outcomes) if number != winner}
        assert losers == {(InvalidPassword, WRONG_PASSWORD.en)}
        await stage.login("ada", wanted[winner])
        with pytest.raises(InvalidCredentials):
            await stage.login("ada", wanted[winner - 1])
        assert (await stage.column("auth_audit", "kind")).count("password.changed") == 1


class TestRefused:
    async def test_nobody_has_no_password(self, stage: Stage) -> None:
        with pytest.raises(Unauthenticated):
            await stage.port.change_password(ChangePasswordRequest(PASSWORD, NEW))

    @pytest.mark.parametrize(
        "current", [WRONG, "", PASSWORD.lower(), f"{PASSWORD} ", "a\x00b", "a\ud800b", "x" * 100_000]
    )
    async def test_a_wrong_one_is_wrong_input_and_nothing_ends(self, stage: Stage, current: str) -> None:
        ada, other = await stage.register("ada"), await stage.login("ada")
        with pytest.raises(InvalidPassword, match=WRONG_PASSWORD.en) as refused:
            await change(stage, ada, current, NEW)
        assert isinstance(refused.value, InvalidInput)
        assert (refused.value.reason, refused.value.category.http_status) == ("INVALID_PASSWORD", 400)
        assert await is_valid(stage, other.access_token)
        await stage.login("ada")

    async def test_an_account_without_one_has_no_current_one(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await stage.db.execute_script("UPDATE auth_user SET password_hash = NULL")
        for current in ("", PASSWORD):
            with pytest.raises(InvalidPassword, match=WRONG_PASSWORD.en):
                await change(stage, ada, current, NEW)
        assert await stage.column("auth_user", "password_hash") == [None]

    async def test_an_account_that_is_gone_is_refused(self, stage: Stage) -> None:
        with (
            acting_as(Actor("00000000-0000-7000-8000-000000000000")),
            pytest.raises(InvalidPassword, match=WRONG_PASSWORD.en),
        ):
            await stage.port.change_password(ChangePasswordRequest(PASSWORD, NEW))

    @pytest.mark.parametrize("new", ["", "weak", "Password1!", "Aa1!\ud800xxxx", "Aa1!" + "x" * 100_000])
    async def test_the_new_one_keeps_the_rule(self, stage: Stage, new: str) -> None:
        ada = await stage.register("ada")
        with pytest.raises(InvalidPassword) as refused:
            await change(stage, ada, PASSWORD, new)
        assert [each.path for each in refused.value.details] == ["newPassword"]
        await stage.login("ada")

    async def test_guesses_are_limited_by_account(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, limited=True) as stage:
            ada = await stage.register("ada")
            for _ in range(30):
                with pytest.raises(InvalidPassword, match=WRONG_PASSWORD.en):
                    await change(stage, ada, WRONG, NEW)
            with pytest.raises(RateLimited):
                await change(stage, ada, PASSWORD, NEW)

    async def test_a_store_that_cannot_write_changes_nothing(self, stage: Stage) -> None:
        ada, other = await stage.register("ada"), await stage.login("ada")
        stage.cable.writable = False
        with pytest.raises(Unavailable):
            await change(stage, ada, PASSWORD, NEW)
        stage.cable.writable = True
        await stage.login("ada")
        assert await is_valid(stage, other.access_token)
