"""Erasing an account: at once, whole, and nothing is left of a person but their id."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from girok.context import CallContext, acting_as, use
from girok.errors import GirokError, RateLimited, Unauthenticated, Unavailable
from girok.events.event import Event
from plugins.auth.errors import WRONG_PASSWORD, InvalidCredentials, InvalidPassword, InvalidRefreshToken
from plugins.auth.events import UserErased
from plugins.auth.ports import (
    CreateDomainAccessRequest,
    DeleteMeRequest,
    DeleteMeResponse,
    GetUsersByIdsRequest,
    LoginRequest,
    LoginResponse,
    RefreshRequest,
    RegisterResponse,
    RequestPasswordResetRequest,
    UpdateMeRequest,
)
from plugins.auth.social.profile import SocialProfile
from tests.plugins.auth.forge import is_valid
from tests.plugins.auth.stage import PASSWORD, Stage, actor_of, stage_on

ADDRESS, DEVICE = "203.0.113.77", "Firefox on a fridge"
KEEPS_THE_ID = {"auth_audit", "auth_erasure"}


async def delete(stage: Stage, who: RegisterResponse | LoginResponse, password: str | None = PASSWORD) -> None:
    with acting_as(actor_of(who)):
        assert await stage.port.delete_me(DeleteMeRequest(password)) == DeleteMeResponse()


async def live_a_life(stage: Stage) -> tuple[RegisterResponse, list[str]]:
    """An account with everything that auth can store of one; the words that give the person away."""
    ada = await stage.register("lovelace", email="Ada.L@example.org", name="Ada Byron", device=DEVICE)
    key = "ada.l@example.org"
    profile = SocialProfile(provider="google", subject="sub-1815", email=key, email_verified=True, name="Byron")
    with acting_as(actor_of(ada)):
        await stage.port.update_me(UpdateMeRequest(bio="Countess", avatar="https://cdn.example.org/ada.png"))
        request = CreateDomainAccessRequest(domain="a.example", expires_in_hours=9, recipient_email="guest@example.org")
        await stage.port.create_domain_access(request)
    await stage.port.request_password_reset(RequestPasswordResetRequest("Ada.L@example.org"))
    await stage.port.refresh(RefreshRequest(ada.refresh_token))
    await stage.db.execute_script(
        "INSERT INTO auth_identity (provider, subject, user_id, created_at) "
        "SELECT 'google', 'sub-1815', id, created_at FROM auth_user"
    )
    assert await stage.service.social.sign_in(profile, DEVICE)
    with pytest.raises(InvalidCredentials):
        await stage.port.login(LoginRequest("Ada.L@example.org", "Wr0ng!pass", DEVICE))
    await stage.settle()
    words = ["Ada.L", key, "lovelace", "Byron", "Countess", "ada.png", "sub-1815", "guest@", ADDRESS, DEVICE]
    return ada, words


async def told_after(stage: Stage, time: timedelta) -> list[Event]:
    """What upkeep tells when that time has passed."""
    (await stage.settle()).clear()
    stage.clock.advance(time.total_seconds())
    await stage.service.upkeep.once()
    return list(await stage.settle())


class TestErasure:
    async def test_leaves_the_id_alone_in_two_tables(self, stage: Stage) -> None:
        with use(CallContext(address=ADDRESS)):
            ada, words = await live_a_life(stage)
            await stage.register("ben")
            before = await stage.dump()
            await delete(stage, ada)
        after = await stage.dump()
        assert {each for each in ("lovelace", "Countess", "sub-1815", ADDRESS) if each not in repr(before)} == set()
        assert len(before["auth_ticket"]) > 1
        assert {name for name, rows in after.items() if ada.user.id in repr(rows)} == KEEPS_THE_ID
        theirs = [row for rows in after.values() for row in rows if ada.user.id in repr(row)]
        assert [each for each in words if each in repr(theirs)] == []
        assert [each for each in words if each != ADDRESS and each in repr(after)] == []
        assert [row["user_id"] for row in after["auth_erasure"]] == [ada.user.id]
        assert len(after["auth_audit"]) == len(before["auth_audit"]) + 1

    async def test_is_seen_by_the_next_call(self, stage: Stage) -> None:
        ada, other = await stage.register("ada"), await stage.login("ada")
        assert await is_valid(stage, other.access_token)
        await delete(stage, ada)
        for each in (ada, other):
            assert not await is_valid(stage, each.access_token)
            with pytest.raises(InvalidRefreshToken):
                await stage.port.refresh(RefreshRequest(each.refresh_token))
        assert (await stage.port.get_users_by_ids(GetUsersByIdsRequest((ada.user.id,)))).users == ()
        with pytest.raises(InvalidCredentials):
            await stage.login("ada")

    async def test_is_told_once(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        (await stage.settle()).clear()
        assert [await stage.service.erasure.erase(ada.user.id) for _ in range(2)] == [True, False]
        assert await stage.settle() == [UserErased(user_id=ada.user.id)]

    async def test_is_told_again_after_half_an_hour_then_each_day_for_a_month(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await delete(stage, ada)
        told = [await told_after(stage, timedelta(minutes=each)) for each in (29, 1, 29, 60)]
        assert told == [[], [UserErased(user_id=ada.user.id)], [], []]
        days = [len(await told_after(stage, timedelta(days=1))) for _ in range(40)]
        assert days == [1] * 30 + [0] * 10

    async def test_frees_the_email_and_the_username_for_somebody_new(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await delete(stage, ada)
        again = await stage.register("ada")
        assert again.user.id != ada.user.id
        assert not await is_valid(stage, ada.access_token)

    async def test_leaves_everybody_else_alone(self, stage: Stage) -> None:
        ada, ben = await stage.register("ada"), await stage.register("ben")
        before = await stage.dump()
        await delete(stage, ada)
        after = await stage.dump()
        bens = [[row for row in each["auth_session"] if row["user_id"] == ben.user.id] for each in (before, after)]
        assert bens[0] == bens[1] != []
        assert await is_valid(stage, ben.access_token)

    async def test_beside_logins_leaves_no_session(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        outcomes = await asyncio.gather(
            *(stage.login("ada") for _ in range(10)),
            stage.service.erasure.erase(ada.user.id),
            *(stage.port.refresh(RefreshRequest(ada.refresh_token)) for _ in range(10)),
            return_exceptions=True,
        )
        assert [each for each in outcomes if isinstance(each, Exception) and not isinstance(each, GirokError)] == []
        assert {getattr(each, "reason", "") for each in outcomes} <= {
            "", "USER_NOT_FOUND", "INVALID_CREDENTIALS", "INVALID_REFRESH_TOKEN"
        }  # fmt: skip
        assert await stage.column("auth_session", "id") == await stage.column("auth_refresh_token", "id") == []


class TestProof:
    async def test_nobody_has_no_account_to_erase(self, stage: Stage) -> None:
        with pytest.raises(Unauthenticated):
            await stage.port.delete_me(DeleteMeRequest(PASSWORD))

    @pytest.mark.parametrize("password", [None, "", "Wr0ng!pass", "a\x00b", "a\ud800b", "x" * 100_000])
    async def test_of_an_account_with_a_password_is_the_password(self, stage: Stage, password: str | None) -> None:
        ada = await stage.register("ada")
        with pytest.raises(InvalidPassword, match=WRONG_PASSWORD.en):
            await delete(stage, ada, password)
        assert await is_valid(stage, ada.access_token)

    @pytest.mark.parametrize("password", [None, "whatever"])
    async def test_of_an_account_without_one_is_the_session(self, stage: Stage, password: str | None) -> None:
        ada = await stage.register("ada")
        await stage.db.execute_script("UPDATE auth_user SET password_hash = NULL")
        await delete(stage, ada, password)
        assert await stage.column("auth_user", "id") == []

    async def test_is_limited_by_account(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, limited=True) as stage:
            ada = await stage.register("ada")
            for _ in range(30):
                with pytest.raises(InvalidPassword, match=WRONG_PASSWORD.en):
                    await delete(stage, ada, "Wr0ng!pass")
            with pytest.raises(RateLimited):
                await delete(stage, ada)

    async def test_twice_is_no_error(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await delete(stage, ada)
        await delete(stage, ada)
        assert (await stage.column("auth_audit", "kind")).count("account.erased") == 1

    async def test_a_store_that_cannot_write_erases_nothing(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        stage.cable.writable = False
        with pytest.raises(Unavailable):
            await delete(stage, ada)
        stage.cable.writable = True
        assert await is_valid(stage, ada.access_token)
        await stage.login("ada")
