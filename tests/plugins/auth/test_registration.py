"""Registering and logging in: all or nothing, one winner, what is told, and how often it may be tried."""

import asyncio
from pathlib import Path

import pytest

from girok.context import CallContext, use
from girok.errors import GirokError, RateLimited, Unavailable
from plugins.auth.errors import EmailTaken, InvalidCredentials, InvalidEmail, UsernameTaken
from plugins.auth.events import UserLoggedIn, UserRegistered
from plugins.auth.ports import RegisterResponse
from tests.kernel.events.stage import Sql
from tests.plugins.auth.stage import Stage, stage_on

AT_ONCE = 20


def sort(outcomes: list[RegisterResponse | BaseException]) -> tuple[list[RegisterResponse], set[type[BaseException]]]:
    """The registrations that won, and what the others were told."""
    won = [each for each in outcomes if isinstance(each, RegisterResponse)]
    return won, {type(each) for each in outcomes if isinstance(each, BaseException)}


class TestConcurrentRegistration:
    async def test_one_email_has_one_winner(self, stage: Stage) -> None:
        emails = ["ada@example.org", "ADA@example.org", " Ada@Example.Org"]
        outcomes = await asyncio.gather(
            *(stage.register(f"ada{n}", email=emails[n % 3]) for n in range(AT_ONCE)), return_exceptions=True
        )
        (winner,), told = sort(outcomes)
        assert told == {EmailTaken}
        assert await stage.column("auth_user", "id") == [winner.user.id]
        assert await stage.column("auth_session", "id") == [winner.session_id]
        assert len(await stage.settle()) == 2

    async def test_one_username_has_one_winner(self, stage: Stage) -> None:
        outcomes = await asyncio.gather(
            *(stage.register("ada", email=f"ada{n}@example.org") for n in range(AT_ONCE)), return_exceptions=True
        )
        (winner,), told = sort(outcomes)
        assert told == {UsernameTaken}
        assert await stage.column("auth_user", "username") == ["ada"]
        assert await stage.column("auth_session", "id") == [winner.session_id]


class TestTaken:
    async def test_is_told_before_a_hash_is_made(self, stage: Stage) -> None:
        await stage.register("ada")
        stage.service.passwords.close()
        with pytest.raises(EmailTaken):
            await stage.register("ada")


class TestEvents:
    async def test_registration_is_told_with_its_login(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        assert sorted(await stage.settle(), key=lambda each: each.subject, reverse=True) == [
            UserRegistered(user_id=ada.user.id),
            UserLoggedIn(user_id=ada.user.id, session_id=ada.session_id),
        ]

    async def test_login_is_told(self, stage: Stage) -> None:
        await stage.register("ada")
        (await stage.settle()).clear()
        again = await stage.login("ada")
        assert await stage.settle() == [UserLoggedIn(user_id=again.user.id, session_id=again.session_id)]

    async def test_refused_ones_are_not_told(self, stage: Stage) -> None:
        await stage.register("ada")
        (await stage.settle()).clear()
        with pytest.raises(EmailTaken):
            await stage.register("ben", email="ada@example.org")
        with pytest.raises(InvalidCredentials):
            await stage.login("ada", "Wr0ng!pass")
        assert await stage.settle() == []

    async def test_no_email_is_in_what_is_told(self, stage: Stage) -> None:
        await stage.bus.drain()
        await stage.register("ada")
        envelopes = [row["envelope"] for row in await stage.db.fetch(Sql("SELECT envelope FROM event_outbox"))]
        assert len(envelopes) == 3
        assert "example.org" not in "".join(envelopes)


class TestStoreThatFails:
    async def test_nothing_of_a_registration_is_stored(self, stage: Stage) -> None:
        stage.cable.writable = False
        with pytest.raises(Unavailable):
            await stage.register("ada")
        stage.cable.writable = True
        assert (await stage.register("ada")).user.username == "ada"

    async def test_a_session_that_cannot_be_stored_undoes_the_account(self, stage: Stage) -> None:
        await stage.register("ben")
        told = list(await stage.settle())
        await stage.db.execute_script("CREATE UNIQUE INDEX one_at_a_time ON auth_session (created_at)")
        with pytest.raises(GirokError):
            await stage.register("ada")
        assert await stage.column("auth_user", "username") == ["ben"]
        assert await stage.settle() == told


class TestHashCost:
    async def test_is_that_of_the_settings_after_the_next_login(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path) as stage:
            await stage.register("ada")
        async with stage_on(tmp_path, argon2_memory_kib=128) as stage:
            with pytest.raises(InvalidCredentials):
                await stage.login("ada", "Wr0ng!pass")
            (before,) = await stage.column("auth_user", "password_hash")
            await stage.login("ada")
            (after,) = await stage.column("auth_user", "password_hash")
            await stage.login("ada")
            assert [each.split("$")[3] for each in (before, after)] == ["m=64,t=1,p=1", "m=128,t=1,p=1"]
            assert await stage.column("auth_user", "password_hash") == [after]

    async def test_account_without_a_password_cannot_log_in_with_one(self, stage: Stage) -> None:
        await stage.register("ada")
        await stage.db.execute_script("UPDATE auth_user SET password_hash = NULL")
        with pytest.raises(InvalidCredentials):
            await stage.login("ada")


class TestLimits:
    @pytest.mark.parametrize("username", ["ada", "nobody"])
    async def test_logins_by_account_whether_it_exists_or_not(self, tmp_path: Path, username: str) -> None:
        async with stage_on(tmp_path, limited=True) as stage:
            await stage.register("ada")
            for number in range(30):
                with use(CallContext(address=f"192.0.2.{number}")), pytest.raises(InvalidCredentials):
                    await stage.login(username, "Wr0ng!pass")
            with use(CallContext(address="192.0.2.99")), pytest.raises(RateLimited) as refused:
                await stage.login(username)
            assert 0 < (refused.value.retry_after or 0) <= 2

    async def test_logins_by_address(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, limited=True) as stage:
            await stage.register("ada")
            for number in range(30):
                with use(CallContext(address=f"2001:db8::{number}")), pytest.raises(InvalidCredentials):
                    await stage.login(f"eve{number}")
            with use(CallContext(address="2001:db8::ffff")), pytest.raises(RateLimited):
                await stage.login("ada")
            with use(CallContext(address="2001:db8:1::")):
                assert (await stage.login("ada")).user.username == "ada"

    async def test_registrations_by_address(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, limited=True) as stage:
            with use(CallContext(address="192.0.2.1")):
                with pytest.raises(InvalidEmail):
                    await stage.register("ada", email="")
                for number in range(60):
                    await stage.register(f"ada{number}")
                with pytest.raises(RateLimited):
                    await stage.register("eve")
            with use(CallContext(address="192.0.2.2")):
                assert (await stage.register("eve")).user.username == "eve"

    async def test_calls_without_an_address_share_no_limit(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, limited=True) as stage:
            for number in range(61):
                await stage.register(f"ada{number}")
