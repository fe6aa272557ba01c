"""Links in mails: they work once, for one purpose, in time; and asking for one tells nobody who has an account."""

import asyncio
from pathlib import Path

import pytest

from girok.context import Actor, CallContext, acting_as, use
from girok.errors import RateLimited, Unauthenticated, Unavailable
from plugins.auth.errors import InvalidCredentials, InvalidEmail, InvalidPassword, InvalidTicket
from plugins.auth.ports import (
    GetUserRequest,
    RefreshRequest,
    RegisterResponse,
    RequestEmailVerificationRequest,
    RequestPasswordResetRequest,
    RequestPasswordResetResponse,
    ResetPasswordRequest,
    ResetPasswordResponse,
    User,
    VerifyEmailRequest,
    VerifyEmailResponse,
)
from plugins.auth.rules import email_key
from plugins.auth.service.links import RESET_LENGTH, VERIFY_LENGTH
from tests.plugins.auth.forge import is_valid
from tests.plugins.auth.stage import Stage, actor_of, stage_on

NEW = "An0ther!pass"
AT_ONCE = 10
NO_TOKENS = ["", "x", "A" * 43, "A" * 42, f"{'A' * 43}\n", "\x00", "\ud800", "가" * 43, "A" * 1_000_000]


async def ask(stage: Stage, email: str = "ada@example.org") -> RequestPasswordResetResponse:
    return await stage.port.request_password_reset(RequestPasswordResetRequest(email))


async def reset(stage: Stage, token: str, new: str = NEW) -> ResetPasswordResponse:
    return await stage.port.reset_password(ResetPasswordRequest(token, new))


async def reset_link(stage: Stage) -> str:
    await ask(stage)
    return await stage.link("ada")


async def verify(stage: Stage, token: str) -> VerifyEmailResponse:
    return await stage.port.verify_email(VerifyEmailRequest(token))


async def verify_link(stage: Stage, who: RegisterResponse) -> str:
    with acting_as(actor_of(who)):
        await stage.port.request_email_verification(RequestEmailVerificationRequest())
    return await stage.link("ada")


async def seen_by_oneself(stage: Stage, who: RegisterResponse) -> User:
    with acting_as(actor_of(who)):
        return await stage.port.get_user(GetUserRequest(who.user.id))


async def refused(stage: Stage, token: str) -> None:
    with pytest.raises(InvalidTicket):
        await reset(stage, token)


class TestReset:
    async def test_sets_the_password_and_ends_every_session(self, stage: Stage) -> None:
        ada, other = await stage.register("ada"), await stage.login("ada")
        ben = await stage.register("ben")
        await reset(stage, await reset_link(stage))
        for each in (ada, other):
            assert not await is_valid(stage, each.access_token)
            with pytest.raises(Exception, match="refresh token"):
                await stage.port.refresh(RefreshRequest(each.refresh_token))
        assert await is_valid(stage, ben.access_token)
        with pytest.raises(InvalidCredentials):
            await stage.login("ada")
        assert (await stage.login("ada", NEW)).user.id == ada.user.id

    async def test_tells_the_owner_and_verifies_the_email(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await reset(stage, await reset_link(stage))
        assert (await seen_by_oneself(stage, ada)).email_verified
        assert "The password of your girok account was changed" in (await stage.mails("ada"))[-1]

    async def test_gives_a_password_to_an_account_without_one(self, stage: Stage) -> None:
        await stage.register("ada")
        await stage.db.execute_script("UPDATE auth_user SET password_hash = NULL")
        await reset(stage, await reset_link(stage))
        await stage.login("ada", NEW)

    async def test_is_for_any_spelling_of_the_email(self, stage: Stage) -> None:
        await stage.register("ada")
        await ask(stage, " ADA@Example.ORG ")
        await reset(stage, await stage.link("ada"))

    async def test_works_once_and_takes_the_other_links_along(self, stage: Stage) -> None:
        await stage.register("ada")
        links = [await reset_link(stage) for _ in range(3)]
        assert len(set(links)) == 3
        await reset(stage, links[1])
        for each in links:
            await refused(stage, each)

    async def test_of_many_at_once_one_works(self, stage: Stage) -> None:
        await stage.register("ada")
        token = await reset_link(stage)
        wanted = [f"Numb3r!{number}-word" for number in range(AT_ONCE)]
        outcomes = await asyncio.gather(*(reset(stage, token, each) for each in wanted), return_exceptions=True)
        (winner,) = [number for number, each in enumerate(outcomes) if isinstance(each, ResetPasswordResponse)]
        assert {type(each) for number, each in enumerate(outcomes) if number != winner} == {InvalidTicket}
        await stage.login("ada", wanted[winner])

    async def test_is_good_for_an_hour(self, stage: Stage) -> None:
        await stage.register("ada")
        early, late = await reset_link(stage), await reset_link(stage)
        stage.clock.advance(RESET_LENGTH.total_seconds())
        await refused(stage, late)
        stage.clock.advance(-0.001)
        await reset(stage, early)

    @pytest.mark.parametrize("token", NO_TOKENS)
    async def test_what_is_no_link_is_refused(self, stage: Stage, token: str) -> None:
        await stage.register("ada")
        await refused(stage, token)
        with pytest.raises(InvalidTicket):
            await verify(stage, token)

    async def test_a_password_against_the_rule_leaves_the_link_good(self, stage: Stage) -> None:
        await stage.register("ada")
        token = await reset_link(stage)
        for bad in ("weak", "Password1!", ""):
            with pytest.raises(InvalidPassword):
                await reset(stage, token, bad)
        await reset(stage, token)

    async def test_a_store_that_cannot_write_leaves_the_link_good(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        token = await reset_link(stage)
        stage.cable.writable = False
        with pytest.raises(Unavailable):
            await reset(stage, token)
        stage.cable.writable = True
        assert await is_valid(stage, ada.access_token)
        await reset(stage, token)

    async def test_is_nothing_for_an_account_that_was_erased_meanwhile(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        token = await reset_link(stage)
        await stage.service.erasure.erase(ada.user.id)
        await refused(stage, token)


class TestAsking:
    async def test_the_answer_is_the_same_for_whom_there_is_not_and_no_mail_goes(self, stage: Stage) -> None:
        await stage.register("ada")
        before = len(await stage.mails("ada"))
        assert await ask(stage) == await ask(stage, "eve@example.org")
        assert (len(await stage.mails("ada")), await stage.mails("eve")) == (before + 1, [])

    async def test_reads_and_writes_the_same_for_whom_there_is_not(self, stage: Stage) -> None:
        await stage.register("ada")
        await stage.settle()
        await stage.bus.drain()
        costs: list[tuple[int, int]] = []
        for email in ("ada@example.org", "eve@example.org"):
            reads, units = stage.cable.reads, stage.db.units
            await ask(stage, email)
            costs.append((stage.cable.reads - reads, stage.db.units - units))
        assert costs == [(1, 1), (1, 1)]

    async def test_a_disabled_account_gets_no_mail(self, stage: Stage) -> None:
        await stage.register("ada")
        await stage.db.execute_script("UPDATE auth_user SET disabled_at = created_at")
        mails = await stage.mails("ada")
        await ask(stage)
        assert await stage.mails("ada") == mails

    @pytest.mark.parametrize("bad", ["", "ada", "ada@", "a\x00@example.org", "a\ud800@example.org", "x" * 1_000_000])
    async def test_what_is_no_email_is_refused(self, stage: Stage, bad: str) -> None:
        assert email_key(bad) is None
        with pytest.raises(InvalidEmail):
            await ask(stage, bad)

    async def test_is_limited_by_account_whether_it_exists_or_not(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, limited=True) as stage:
            await stage.register("ada")
            for email in ("ada@example.org", "eve@example.org"):
                for number in range(10):
                    with use(CallContext(address=f"192.0.2.{number}")):
                        await ask(stage, email)
                with use(CallContext(address="198.51.100.1")), pytest.raises(RateLimited):
                    await ask(stage, email.upper())

    async def test_is_limited_by_address_and_so_is_trying_links(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, limited=True) as stage:
            with use(CallContext(address="192.0.2.1")):
                for number in range(5):
                    await ask(stage, f"eve{number}@example.org")
                    await refused(stage, "A" * 43)
                with pytest.raises(RateLimited):
                    await ask(stage)
                with pytest.raises(RateLimited):
                    await reset(stage, "A" * 43)


class TestVerify:
    async def test_the_first_link_comes_with_the_registration(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await verify(stage, await stage.link("ada"))
        assert (await seen_by_oneself(stage, ada)).email_verified

    async def test_the_email_is_verified_from_then_on(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        assert not (await seen_by_oneself(stage, ada)).email_verified
        token = await verify_link(stage, ada)
        await verify(stage, token)
        assert (await seen_by_oneself(stage, ada)).email_verified
        assert await is_valid(stage, ada.access_token)
        with pytest.raises(InvalidTicket):
            await verify(stage, token)

    async def test_nobody_else_sees_it(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await verify(stage, await verify_link(stage, ada))
        assert not (await stage.port.get_user(GetUserRequest(ada.user.id))).email_verified

    async def test_once_verified_no_more_mail_goes(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await verify(stage, await verify_link(stage, ada))
        mails = len(await stage.mails("ada"))
        await verify_link(stage, ada)
        assert len(await stage.mails("ada")) == mails

    async def test_is_good_for_three_days(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        token = await verify_link(stage, ada)
        stage.clock.advance(VERIFY_LENGTH.total_seconds())
        with pytest.raises(InvalidTicket):
            await verify(stage, token)
        stage.clock.advance(-0.001)
        await verify(stage, token)

    async def test_the_first_time_is_kept(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        links = [await verify_link(stage, ada) for _ in range(2)]
        for each in links:
            await verify(stage, each)
            stage.clock.advance(60)
        (verified_at,) = await stage.column("auth_user", "email_verified_at")
        assert (stage.clock.now() - verified_at).total_seconds() == 120

    async def test_nobody_can_ask_and_it_is_limited_by_account(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, limited=True) as stage:
            with pytest.raises(Unauthenticated):
                await stage.port.request_email_verification(RequestEmailVerificationRequest())
            ada = await stage.register("ada")
            for _ in range(5):
                await verify_link(stage, ada)
            with pytest.raises(RateLimited):
                await verify_link(stage, ada)

    async def test_an_account_that_is_gone_asks_for_nothing(self, stage: Stage) -> None:
        with acting_as(Actor("00000000-0000-7000-8000-000000000000")):
            await stage.port.request_email_verification(RequestEmailVerificationRequest())


class TestLink:
    async def test_is_for_one_purpose(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        for_email, for_password = await verify_link(stage, ada), await reset_link(stage)
        await refused(stage, for_email)
        with pytest.raises(InvalidTicket):
            await verify(stage, for_password)
        await verify(stage, for_email)
        await reset(stage, for_password)

    async def test_is_stored_as_a_hash_and_stands_in_no_event(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        links = [await verify_link(stage, ada), await reset_link(stage)]
        stored = repr((await stage.dump(), await stage.kit.db.execute_script("SELECT * FROM event_outbox")))
        assert "RESET_PASSWORD" in stored
        assert [each for each in links if each in stored] == []

    async def test_that_is_over_is_swept(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await verify_link(stage, ada)
        stage.clock.advance(VERIFY_LENGTH.total_seconds())
        await stage.service.upkeep.once()
        assert (await stage.dump())["auth_ticket"] == []
