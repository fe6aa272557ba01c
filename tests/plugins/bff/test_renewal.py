"""The tokens behind a cookie are replaced in time: once, by whoever is first, and whatever is killed meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from girok.db.database import Database, StoreUnavailable
from girok.errors import GirokError
from girok.port import local_port
from girok.testing.client import Browser
from plugins.auth.plugin import MANIFEST
from plugins.auth.ports import AuthService
from plugins.auth.service import build
from plugins.bff.repository_sql import SqlSessionRepository
from plugins.bff.sessions import Sessions
from tests.kernel.events.stage import FaultyDatabase
from tests.plugins.bff.stage import Stage, stage_on
from tests.scenarios.story import register

ME = "{ me { username } }"
ADA = {"me": {"username": "ada"}}
MINUTE, DAY = 60.0, 86_400.0
AT_ONCE = 20


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Access tokens of 15 minutes, refresh tokens of 14 days."""
    async with stage_on(tmp_path, auth={"access_token_minutes": 15, "refresh_token_days": 14}) as opened:
        yield opened


@pytest.fixture
async def process(stage: Stage) -> AsyncIterator[Callable[[Database], Sessions]]:
    """Makes the sessions of one more process, which has its own auth, on a database."""
    async with AsyncExitStack() as stack:

        def make(db: Database) -> Sessions:
            kit = replace(stage.kit, db=db)
            auth = build(kit)
            stack.push_async_callback(auth.aclose)
            return Sessions(SqlSessionRepository(db), local_port(AuthService, auth), kit.clock, kit.keys)

        yield make


async def used(stage: Stage) -> list[bool]:
    """Of each refresh token that may be used, whether it was."""
    return sorted(each is not None for each in await stage.auth.column("auth_refresh_token", "used_at"))


async def tokens(stage: Stage) -> bytes:
    (row,) = await stage.rows()
    return bytes(row["tokens"])


async def sees(browser: Browser) -> object:
    answer = await browser.graphql(ME)
    assert answer.set_cookies == []
    return answer.data


class TestRenewal:
    async def test_comes_a_minute_before_the_end_and_not_sooner(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            first = await tokens(stage)
            stage.auth.clock.advance(14 * MINUTE - 1)
            assert (await sees(ada), await tokens(stage), await used(stage)) == (ADA, first, [False])
            stage.auth.clock.advance(1)
            assert await sees(ada) == ADA
            second = await tokens(stage)
            assert (second == first, b"eyJ" in second, await used(stage)) == (False, False, [False, True])
            assert (await sees(ada), await tokens(stage)) == (ADA, second)

    async def test_is_of_the_same_session(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            handle = ada.cookies["session_id"]
            stage.auth.clock.advance(DAY)
            assert await sees(ada) == ADA
            assert ada.cookies["session_id"] == handle
            assert len(await stage.auth.column("auth_session", "id")) == 1
            assert (await ada.graphql("{ sessions { current } }")).data == {"sessions": [{"current": True}]}

    async def test_goes_on_to_the_end_of_the_session(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            for _ in range(8):
                stage.auth.clock.advance(11 * DAY)
                assert await sees(ada) == ADA
                await stage.auth.service.settle()
            stage.auth.clock.advance(2 * DAY - 1)
            assert await sees(ada) == ADA
            stage.auth.clock.advance(1)
            assert (await ada.graphql(ME)).data == {"me": None}

    async def test_is_asked_for_once_by_many_requests(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            stage.auth.clock.advance(DAY)
            assert await asyncio.gather(*(sees(ada) for _ in range(AT_ONCE))) == [ADA] * AT_ONCE
            assert await used(stage) == [False, True]

    async def test_is_one_pair_for_processes_that_ask_at_once(
        self, stage: Stage, process: Callable[[Database], Sessions]
    ) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            processes = [process(stage.kit.db) for _ in range(4)]
            for _ in range(3):
                stage.auth.clock.advance(DAY)
                asked = [each.actor_of_handle(ada.cookies["session_id"]) for each in processes for _ in range(5)]
                assert {each.user_id for each in await asyncio.gather(*asked) if each} == {
                    *await stage.auth.column("auth_user", "id")
                }
                assert (await used(stage)).count(False) == 1
            stage.auth.clock.advance(DAY)
            assert await sees(ada) == ADA


class TestOver:
    @pytest.mark.parametrize(
        "end",
        [
            "UPDATE auth_session SET ended_at = created_at",
            "UPDATE auth_user SET disabled_at = created_at",
            "DELETE FROM auth_refresh_token",
        ],
    )
    async def test_what_auth_does_not_refresh_is_over_and_the_cookie_cleared(self, stage: Stage, end: str) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            await stage.kit.db.execute_script(end)
            stage.auth.clock.advance(DAY)
            assert (await ada.graphql(ME)).data == {"me": None}
            assert ada.cookies == {}


class TestFaults:
    async def test_early_the_present_token_counts_though_nothing_can_be_written(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            stage.auth.clock.advance(14.5 * MINUTE)
            stage.auth.cable.writable = False
            assert await sees(ada) == ADA
            stage.auth.clock.advance(MINUTE)
            answer = await ada.graphql(ME)
            assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
            stage.auth.cable.writable = True
            assert await sees(ada) == ADA

    async def test_an_address_that_refreshes_too_often_stays_signed_in(self, tmp_path: Path) -> None:
        auth = {"access_token_minutes": 15, "limited": True}
        async with stage_on(tmp_path, auth=auth) as stage, stage.browser() as ada:
            await register(ada, "ada")
            stage.auth.clock.advance(14.5 * MINUTE)
            for _ in range(MANIFEST.limits["refresh"].count):
                await stage.kit.limiter.spend("refresh", "address:127.0.0.1")
            assert (await sees(ada), await used(stage)) == (ADA, [False])
            stage.auth.clock.advance(MINUTE)
            for _ in range(MANIFEST.limits["refresh"].count):
                await stage.kit.limiter.spend("refresh", "address:127.0.0.1")
            answer = await ada.graphql(ME)
            assert (answer.status, answer.error["code"], answer.set_cookies) == (429, "RATE_LIMITED", [])
            stage.auth.clock.advance(MINUTE)
            assert (await sees(ada), await used(stage)) == (ADA, [False, True])

    @pytest.mark.parametrize("committed", [False, True])
    @pytest.mark.parametrize("step", ["reserve", "rotate", "renew"])
    async def test_killed_at_any_step_the_session_goes_on(
        self, stage: Stage, process: Callable[[Database], Sessions], step: str, committed: bool
    ) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            stage.auth.clock.advance(14.5 * MINUTE)
            dying = Dying(stage.auth.db, ["reserve", "rotate", "renew"].index(step), committed=committed)
            with suppress(GirokError):
                await process(dying).actor_of_handle(ada.cookies["session_id"])
            assert dying.is_dead
            for _ in range(3):
                stage.auth.clock.advance(DAY)
                assert await sees(ada) == ADA
                await stage.auth.service.settle()
            assert "refresh.reused" not in await stage.auth.column("auth_audit", "kind")

    async def test_a_caller_that_leaves_takes_nobody_along(self, stage: Stage) -> None:
        async with stage.browser() as ada:
            await register(ada, "ada")
            stage.auth.clock.advance(DAY)
            first, *others = [asyncio.create_task(sees(ada)) for _ in range(5)]
            await asyncio.sleep(0)
            first.cancel()
            assert await asyncio.gather(*others) == [ADA] * 4


class Dying(FaultyDatabase):
    """The database of a process that is killed at its unit number `last`, before or after it is committed."""

    def __init__(self, db: Any, last: int, *, committed: bool) -> None:
        super().__init__(db)
        self.is_dead = False
        self._left = last
        self._committed = committed

    async def run(self, unit: Any) -> Any:
        if self._left == 0 and self._committed and not self.is_dead:
            await super().run(unit)
        if self._left == 0:
            self.is_dead = True
            raise StoreUnavailable
        self._left -= 1
        return await super().run(unit)
