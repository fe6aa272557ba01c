"""Refresh rotation: every token once, with 30 s for who did not get the answer; used again later, the session ends."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from girok.context import CallContext, acting_as, use
from girok.db.database import StoreUnavailable
from girok.errors import RateLimited, Unavailable
from plugins.auth.errors import InvalidRefreshToken
from plugins.auth.ports import (
    ChangePasswordRequest,
    LogoutRequest,
    RefreshRequest,
    RefreshResponse,
    ValidateTokenRequest,
)
from plugins.auth.service import build
from tests.kernel.events.stage import FaultyDatabase
from tests.plugins.auth.forge import is_valid, parts
from tests.plugins.auth.stage import PASSWORD, Stage, actor_of, stage_on

AT_ONCE = 20
DAY = 86_400.0


async def refresh(stage: Stage, token: str, next_id: str | None = None) -> RefreshResponse:
    return await stage.port.refresh(RefreshRequest(token, next_id))


async def refused(stage: Stage, token: str, next_id: str | None = None) -> None:
    with pytest.raises(InvalidRefreshToken):
        await refresh(stage, token, next_id)


async def kinds(stage: Stage) -> list[str]:
    return await stage.column("auth_audit", "kind")


class TestRotation:
    async def test_gives_the_next_pair_of_the_same_session(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, access_token_minutes=15, refresh_token_days=14) as stage:
            first = await stage.register("ada")
            stage.clock.advance(600)
            second = await refresh(stage, first.refresh_token)
            assert await is_valid(stage, first.access_token)
            stage.clock.advance(600)
            assert not await is_valid(stage, first.access_token)
            found = await stage.port.validate_token(ValidateTokenRequest(second.access_token))
            assert (found.valid, found.session_id, found.expires_at) == (True, first.session_id, first.expires_at)
            old, new = (parts(each.refresh_token)[1] for each in (first, second))
            assert old["jti"] != new["jti"]
            assert {**old, "jti": "", "iat": 0, "exp": 0} == {**new, "jti": "", "iat": 0, "exp": 0}
            assert new["exp"] - new["iat"] == 14 * DAY

    async def test_goes_on_to_the_end_of_the_session_and_no_further(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, refresh_token_days=14, session_days=20) as stage:
            new = await stage.register("ada")
            stage.clock.advance(10 * DAY)
            await is_valid(stage, new.access_token)
            await stage.service.settle()
            last = await refresh(stage, new.refresh_token)
            for token in (last.access_token, last.refresh_token):
                assert parts(token)[1]["exp"] == int(new.expires_at.timestamp())
            stage.clock.advance(10 * DAY)
            await refused(stage, last.refresh_token)

    async def test_says_what_the_account_is_now(self, stage: Stage) -> None:
        new = await stage.register("ada")
        await stage.db.execute_script("UPDATE auth_user SET role = 'MANAGER'")
        assert parts((await refresh(stage, new.refresh_token)).access_token)[1]["role"] == "MANAGER"

    async def test_leaves_the_users_other_sessions_alone(self, stage: Stage) -> None:
        first, second = await stage.register("ada"), await stage.login("ada")
        await refresh(stage, first.refresh_token)
        await refresh(stage, second.refresh_token)
        stage.clock.advance(60)
        await refused(stage, first.refresh_token)
        assert await is_valid(stage, second.access_token)

    async def test_is_limited_by_address(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, limited=True) as stage:
            with use(CallContext(address="192.0.2.1")):
                for _ in range(600):
                    await refused(stage, "x")
                with pytest.raises(RateLimited):
                    await refresh(stage, "x")
            with use(CallContext(address="192.0.2.2")):
                await refused(stage, "x")


class TestParallel:
    async def test_every_pair_given_is_good(self, stage: Stage) -> None:
        new = await stage.register("ada")
        pairs = await asyncio.gather(*(refresh(stage, new.refresh_token) for _ in range(AT_ONCE)))
        assert len({each.refresh_token for each in pairs}) == AT_ONCE
        stage.clock.advance(3600)
        assert all([await is_valid(stage, each.access_token) for each in pairs])
        again = await asyncio.gather(*(refresh(stage, each.refresh_token) for each in pairs))
        assert all([await is_valid(stage, each.access_token) for each in again])

    async def test_two_tabs_keep_either_answer(self, stage: Stage) -> None:
        new = await stage.register("ada")
        left, right = await asyncio.gather(*(refresh(stage, new.refresh_token) for _ in range(2)))
        for _ in range(3):
            stage.clock.advance(900)
            left, right = await refresh(stage, left.refresh_token), await refresh(stage, right.refresh_token)
        assert await is_valid(stage, left.access_token)

    async def test_beside_an_end_of_the_session_nothing_goes_on(self, stage: Stage) -> None:
        new = await stage.register("ada")
        outcomes: list[Any] = await asyncio.gather(
            *(refresh(stage, new.refresh_token) for _ in range(AT_ONCE // 2)),
            stage.port.logout(LogoutRequest(new.refresh_token)),
            *(refresh(stage, new.refresh_token) for _ in range(AT_ONCE // 2)),
            return_exceptions=True,
        )
        given = [each for each in outcomes if isinstance(each, RefreshResponse)]
        assert {type(each) for each in outcomes if isinstance(each, Exception)} <= {InvalidRefreshToken}
        assert not any([await is_valid(stage, each.access_token) for each in given])
        for each in given:
            await refused(stage, each.refresh_token)


class TestReuse:
    async def test_within_30_seconds_gives_another_pair(self, stage: Stage) -> None:
        new = await stage.register("ada")
        first = await refresh(stage, new.refresh_token)
        stage.clock.advance(30)
        second = await refresh(stage, new.refresh_token)
        assert all([await is_valid(stage, each.access_token) for each in (new, first, second)])
        assert "refresh.reused" not in await kinds(stage)

    async def test_later_ends_the_whole_session_at_once(self, stage: Stage) -> None:
        new, other = await stage.register("ada"), await stage.login("ada")
        first = await refresh(stage, new.refresh_token)
        stage.clock.advance(30.000001)
        await refused(stage, new.refresh_token)
        assert not any([await is_valid(stage, each.access_token) for each in (new, first)])
        await refused(stage, first.refresh_token)
        assert await is_valid(stage, other.access_token)
        assert (await kinds(stage)).count("refresh.reused") == 1

    async def test_counts_from_the_first_use(self, stage: Stage) -> None:
        new = await stage.register("ada")
        await refresh(stage, new.refresh_token)
        for _ in range(3):
            stage.clock.advance(10)
            last = await refresh(stage, new.refresh_token)
        stage.clock.advance(1)
        await refused(stage, new.refresh_token)
        await refused(stage, last.refresh_token)

    async def test_of_one_from_long_ago_ends_it_too(self, stage: Stage) -> None:
        first = await stage.register("ada")
        token = first.refresh_token
        for _ in range(4):
            token = (await refresh(stage, token)).refresh_token
            stage.clock.advance(900)
        await refused(stage, first.refresh_token)
        await refused(stage, token)

    async def test_by_many_at_once_is_told_once(self, stage: Stage) -> None:
        new = await stage.register("ada")
        await refresh(stage, new.refresh_token)
        stage.clock.advance(31)
        await asyncio.gather(*(refused(stage, new.refresh_token) for _ in range(AT_ONCE)))
        assert (await kinds(stage)).count("refresh.reused") == 1

    async def test_leaves_no_pile_of_rows(self, stage: Stage) -> None:
        token = (await stage.register("ada")).refresh_token
        for _ in range(10):
            stage.clock.advance(900)
            token = (await refresh(stage, token)).refresh_token
        assert len(await stage.column("auth_refresh_token", "id")) == 2


class TestNextId:
    async def test_asked_again_the_answer_is_the_same_token(self, stage: Stage) -> None:
        new, name = await stage.register("ada"), str(uuid4())
        first = await refresh(stage, new.refresh_token, name)
        stage.clock.advance(3600)
        second = await refresh(stage, new.refresh_token, name)
        assert parts(second.refresh_token)[1]["jti"] == parts(first.refresh_token)[1]["jti"] == name
        assert await is_valid(stage, second.access_token)
        assert (await refresh(stage, first.refresh_token)).access_token

    async def test_at_once_it_is_one_token(self, stage: Stage) -> None:
        new, name = await stage.register("ada"), str(uuid4())
        pairs = await asyncio.gather(*(refresh(stage, new.refresh_token, name) for _ in range(AT_ONCE)))
        assert {parts(each.refresh_token)[1]["jti"] for each in pairs} == {name}
        assert len(await stage.column("auth_refresh_token", "id")) == 2

    async def test_once_that_was_used_it_is_a_reuse(self, stage: Stage) -> None:
        new, name = await stage.register("ada"), str(uuid4())
        first = await refresh(stage, new.refresh_token, name)
        await refresh(stage, first.refresh_token)
        stage.clock.advance(31)
        await refused(stage, new.refresh_token, name)
        assert not await is_valid(stage, first.access_token)

    async def test_a_token_is_not_its_own_next(self, stage: Stage) -> None:
        new = await stage.register("ada")
        await refused(stage, new.refresh_token, parts(new.refresh_token)[1]["jti"])
        assert (await refresh(stage, new.refresh_token)).access_token

    async def test_one_that_names_another_token_is_refused_and_nothing_is_used(self, stage: Stage) -> None:
        ada, ben = await stage.register("ada"), await stage.register("ben")
        await refused(stage, ada.refresh_token, parts(ben.refresh_token)[1]["jti"])
        assert set(await stage.column("auth_refresh_token", "used_at")) == {None}
        assert (await refresh(stage, ben.refresh_token)).access_token

    @pytest.mark.parametrize("bad", ["x", "\x00", "\ud800", "x" * 1_000_000, "00000000-0000-0000-0000-00000000000G"])
    async def test_is_the_id_that_an_account_could_have(self, stage: Stage, bad: str) -> None:
        new = await stage.register("ada")
        await refused(stage, new.refresh_token, bad)
        assert (await refresh(stage, new.refresh_token)).access_token


class TestOver:
    async def test_an_expired_one_is_refused_and_the_session_goes_on(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, refresh_token_days=3) as stage:
            new = await stage.register("ada")
            stage.clock.advance(3 * DAY)
            await refused(stage, new.refresh_token)
            assert "refresh.reused" not in await kinds(stage)
            assert await stage.column("auth_session", "ended_at") == [None]

    async def test_of_an_ended_session(self, stage: Stage) -> None:
        new = await stage.register("ada")
        await stage.port.logout(LogoutRequest(new.refresh_token))
        await refused(stage, new.refresh_token)

    async def test_of_a_session_that_lay_idle(self, stage: Stage) -> None:
        new = await stage.register("ada")
        stage.clock.advance(14 * DAY)
        await refused(stage, new.refresh_token)

    async def test_of_a_disabled_account(self, stage: Stage) -> None:
        new = await stage.register("ada")
        await stage.db.execute_script("UPDATE auth_user SET disabled_at = created_at")
        await refused(stage, new.refresh_token)
        assert not await is_valid(stage, new.access_token)

    async def test_of_an_erased_account(self, stage: Stage) -> None:
        new = await stage.register("ada")
        assert await stage.service.erasure.erase(new.user.id)
        await refused(stage, new.refresh_token)

    async def test_after_a_password_change_only_the_kept_sessions_goes_on(self, stage: Stage) -> None:
        kept, other = await stage.register("ada"), await stage.login("ada")
        with acting_as(actor_of(kept)):
            await stage.port.change_password(ChangePasswordRequest(PASSWORD, "An0ther!pass"))
        await refused(stage, other.refresh_token)
        assert await is_valid(stage, (await refresh(stage, kept.refresh_token)).access_token)


class TestFaults:
    async def test_a_store_that_cannot_write_uses_nothing_up(self, stage: Stage) -> None:
        new = await stage.register("ada")
        stage.cable.writable = False
        with pytest.raises(Unavailable):
            await refresh(stage, new.refresh_token)
        stage.cable.writable = True
        stage.clock.advance(3600)
        assert await is_valid(stage, (await refresh(stage, new.refresh_token)).access_token)

    async def test_killed_after_the_commit_it_is_asked_again_by_name(self, stage: Stage) -> None:
        new, name = await stage.register("ada"), str(uuid4())
        victim = build(replace(stage.kit, db=Silenced(stage.db)))
        with pytest.raises(Unavailable):
            await victim.refresh(RefreshRequest(new.refresh_token, name))
        await victim.aclose()
        stage.clock.advance(3600)
        assert await is_valid(stage, (await refresh(stage, new.refresh_token, name)).access_token)

    async def test_killed_after_the_commit_it_may_be_asked_again_for_30_seconds(self, stage: Stage) -> None:
        new = await stage.register("ada")
        victim = build(replace(stage.kit, db=Silenced(stage.db)))
        with pytest.raises(Unavailable):
            await victim.refresh(RefreshRequest(new.refresh_token))
        await victim.aclose()
        stage.clock.time += timedelta(seconds=30)
        assert await is_valid(stage, (await refresh(stage, new.refresh_token)).access_token)


class Silenced(FaultyDatabase):
    """A database that commits and never answers."""

    async def run(self, unit: Any) -> Any:
        await super().run(unit)
        raise StoreUnavailable
