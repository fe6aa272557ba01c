"""From an identity at a provider to an account: whose it is, when a password must be shown, and codes of one use."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from girok.context import Actor, CallContext, acting_as, use
from girok.errors import RateLimited
from plugins.auth.errors import AccountDisabled, EmailTaken, InvalidCredentials, InvalidTicket, SocialEmailMissing
from plugins.auth.events import UserLoggedIn, UserRegistered
from plugins.auth.ports import (
    CompleteSocialLoginRequest,
    CompleteSocialLoginResponse,
    GetUserRequest,
    User,
    ValidateTokenRequest,
)
from plugins.auth.rules import is_username
from plugins.auth.social.profile import SocialProfile
from tests.plugins.auth.forge import is_valid
from tests.plugins.auth.stage import PASSWORD, Stage, stage_on

BROWSER = "b" * 43
AT_ONCE = 10


def profile(subject: str = "1815", **fields: Any) -> SocialProfile:
    """Ada at Google, her email verified there."""
    ada = {"provider": "google", "email": "ada@example.org", "email_verified": True, "name": "Ada Lovelace"}
    return SocialProfile(subject=subject, **{**ada, **fields})


async def sign_in(stage: Stage, who: SocialProfile) -> User:
    """Who is signed in then, as they see themselves."""
    token = await stage.service.social.sign_in(who, "Firefox")
    found = await stage.port.validate_token(ValidateTokenRequest(token))
    with acting_as(Actor(found.user_id, found.role, found.session_id)):
        return await stage.port.get_user(GetUserRequest(found.user_id))


async def complete(
    stage: Stage, code: str, password: str | None = None, browser: str = BROWSER
) -> CompleteSocialLoginResponse:
    return await stage.port.complete_social_login(
        CompleteSocialLoginRequest(code=code, browser=browser, password=password, device="Firefox")
    )


class TestNewIdentity:
    async def test_makes_an_account(self, stage: Stage) -> None:
        user = await sign_in(stage, profile(avatar="https://a.example/1.png"))
        assert (user.email, user.name, user.avatar) == ("ada@example.org", "Ada Lovelace", "https://a.example/1.png")
        assert (user.provider, user.email_verified, user.role) == ("GOOGLE", True, "USER")
        assert re.fullmatch(r"ada[a-z0-9]{6}", user.username)
        told = await stage.settle()
        assert {type(each) for each in told} == {UserRegistered, UserLoggedIn}

    async def test_without_a_verified_email_gets_a_mail_that_asks_for_it(self, stage: Stage) -> None:
        user = await sign_in(stage, profile(provider="naver", email_verified=False))
        assert (user.provider, user.email_verified) == ("NAVER", False)
        assert "confirm" in (await stage.mails("ada"))[0]

    @pytest.mark.parametrize(
        ("email", "name"),
        [
            ("a@example.org", None),
            ("#!$@example.org", "x"),
            ("me@example.org", "\u3164"),
            (f"{'long' * 16}@example.org", "한글 이름"),
            ("Ada.Lovelace+1@example.org", "a\u202eb"),
        ],
    )
    async def test_has_a_username_and_a_name_whatever_the_provider_says(
        self, stage: Stage, email: str, name: str | None
    ) -> None:
        user = await sign_in(stage, profile(email=email, name=name))
        assert is_username(user.username)
        assert len(user.name) >= 2
        assert user.email == email

    @pytest.mark.parametrize("email", [None, "", "no email", "a b@example.org"])
    async def test_without_an_email_makes_none(self, stage: Stage, email: str | None) -> None:
        with pytest.raises(SocialEmailMissing):
            await sign_in(stage, profile(email=email))
        assert await stage.column("auth_user", "id") == []

    async def test_of_another_provider_is_another_one(self, stage: Stage) -> None:
        first = await sign_in(stage, profile("1"))
        second = await sign_in(stage, profile("1", provider="kakao", email="a@kakao.example"))
        assert first.id != second.id

    async def test_by_a_provider_of_the_settings(self, stage: Stage) -> None:
        assert (await sign_in(stage, profile(provider="oidc:work"))).provider == "OIDC"


class TestKnownIdentity:
    async def test_signs_in_to_its_account_though_the_email_is_another_now(self, stage: Stage) -> None:
        first = await sign_in(stage, profile())
        await stage.register("ben")
        for email in ("new@example.org", "ben@example.org", None):
            again = await sign_in(stage, profile(email=email, email_verified=email is not None))
            assert (again.id, again.email) == (first.id, "ada@example.org")

    async def test_of_a_disabled_account_signs_in_to_nothing(self, stage: Stage) -> None:
        await sign_in(stage, profile())
        await stage.db.execute_script("UPDATE auth_user SET disabled_at = created_at")
        with pytest.raises(AccountDisabled):
            await sign_in(stage, profile())
        code = await stage.service.social.hold(profile(), BROWSER)
        with pytest.raises(AccountDisabled):
            await complete(stage, code)

    async def test_has_no_password_to_log_in_with(self, stage: Stage) -> None:
        await sign_in(stage, profile())
        for password in ("", PASSWORD):
            with pytest.raises(InvalidCredentials):
                await stage.login("ada", password)


class TestEmailOfAnAccount:
    async def test_is_not_enough_where_no_password_can_be_shown(self, stage: Stage) -> None:
        await stage.register("ada", email="ADA@example.org")
        with pytest.raises(EmailTaken):
            await sign_in(stage, profile())
        assert await stage.column("auth_session", "device") == [None]

    async def test_joins_the_account_once_its_password_was_shown(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        code = await stage.service.social.hold(profile(), BROWSER)
        assert await complete(stage, code) == CompleteSocialLoginResponse(link_required=True)
        assert await complete(stage, code) == CompleteSocialLoginResponse(link_required=True)
        done = await complete(stage, code, PASSWORD)
        assert done.signed_in is not None
        assert (done.link_required, done.signed_in.user.id) == (False, ada.user.id)
        assert await is_valid(stage, done.signed_in.access_token)
        assert (await sign_in(stage, profile())).id == ada.user.id
        assert "identity.linked" in await stage.column("auth_audit", "kind")

    async def test_a_wrong_password_joins_nothing_and_leaves_the_code_good(self, stage: Stage) -> None:
        await stage.register("ada")
        code = await stage.service.social.hold(profile(), BROWSER)
        for wrong in ("Wr0ng!pass", "", "a\x00b", "a\ud800b"):
            with pytest.raises(InvalidCredentials):
                await complete(stage, code, wrong)
        with pytest.raises(EmailTaken):
            await sign_in(stage, profile())
        assert (await complete(stage, code, PASSWORD)).signed_in

    @pytest.mark.parametrize("password", [None, PASSWORD])
    async def test_that_the_provider_did_not_verify_never_joins(self, stage: Stage, password: str | None) -> None:
        await stage.register("ada")
        unverified = profile(email_verified=False)
        with pytest.raises(EmailTaken):
            await sign_in(stage, unverified)
        code = await stage.service.social.hold(unverified, BROWSER)
        with pytest.raises(EmailTaken):
            await complete(stage, code, password)
        assert (await stage.dump())["auth_identity"] == []

    async def test_of_an_account_without_a_password_is_refused(self, stage: Stage) -> None:
        await sign_in(stage, profile())
        code = await stage.service.social.hold(profile("7", provider="kakao"), BROWSER)
        assert (await complete(stage, code)).link_required
        with pytest.raises(InvalidCredentials):
            await complete(stage, code, PASSWORD)

    async def test_has_guesses_limited_as_a_login_has(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, limited=True) as stage:
            await stage.register("ada")
            code = await stage.service.social.hold(profile(), BROWSER)
            for number in range(30):
                with use(CallContext(address=f"192.0.2.{number}")), pytest.raises(InvalidCredentials):
                    await complete(stage, code, "Wr0ng!pass")
            with pytest.raises(RateLimited):
                await complete(stage, code, PASSWORD)
            with pytest.raises(RateLimited):
                await stage.login("ada")

    async def test_joins_as_many_identities_as_there_are(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        for provider in ("google", "kakao"):
            code = await stage.service.social.hold(profile(provider=provider), BROWSER)
            assert (await complete(stage, code, PASSWORD)).signed_in
        assert {(await sign_in(stage, profile(provider=each))).id for each in ("google", "kakao")} == {ada.user.id}


class TestCode:
    async def test_signs_in_once(self, stage: Stage) -> None:
        code = await stage.service.social.hold(profile(), BROWSER)
        assert (await complete(stage, code)).signed_in
        with pytest.raises(InvalidTicket):
            await complete(stage, code)

    async def test_is_good_in_its_own_browser_only(self, stage: Stage) -> None:
        code = await stage.service.social.hold(profile(), BROWSER)
        for browser in ("", "c" * 43, BROWSER[:-1], BROWSER.upper(), "\x00", "가"):
            with pytest.raises(InvalidTicket):
                await complete(stage, code, browser=browser)
        assert (await complete(stage, code)).signed_in

    async def test_of_somebody_else_is_worth_nothing_in_ones_own_browser(self, stage: Stage) -> None:
        mine = await stage.service.social.hold(profile(), BROWSER)
        theirs = await stage.service.social.hold(profile("2", email="eve@example.org"), "e" * 43)
        with pytest.raises(InvalidTicket):
            await complete(stage, theirs)
        assert (await complete(stage, mine)).signed_in

    async def test_is_good_for_60_seconds(self, stage: Stage) -> None:
        code = await stage.service.social.hold(profile(), BROWSER)
        stage.clock.advance(60)
        with pytest.raises(InvalidTicket):
            await complete(stage, code)
        stage.clock.advance(-0.001)
        assert (await complete(stage, code)).signed_in

    @pytest.mark.parametrize("code", ["", "x", "A" * 43, f"{'A' * 43}\n", "\x00", "\ud800", "x" * 1_000_000])
    async def test_what_is_none_is_refused(self, stage: Stage, code: str) -> None:
        with pytest.raises(InvalidTicket):
            await complete(stage, code)

    async def test_at_once_signs_in_once(self, stage: Stage) -> None:
        await sign_in(stage, profile())
        code = await stage.service.social.hold(profile(), BROWSER)
        outcomes = await asyncio.gather(*(complete(stage, code) for _ in range(AT_ONCE)), return_exceptions=True)
        assert len([each for each in outcomes if isinstance(each, CompleteSocialLoginResponse)]) == 1
        assert {type(each) for each in outcomes if isinstance(each, Exception)} == {InvalidTicket}

    async def test_and_profile_are_not_stored_as_they_are(self, stage: Stage) -> None:
        code = await stage.service.social.hold(profile(), BROWSER)
        stored = repr(await stage.dump())
        assert "SOCIAL_LOGIN" in stored
        assert [each for each in (code, BROWSER, "ada@", "Lovelace", "1815") if each in stored] == []


class TestAtOnce:
    async def test_two_new_identities_with_one_email_are_one_account(self, stage: Stage) -> None:
        people = [profile(str(number), provider="google") for number in range(AT_ONCE)]
        outcomes = await asyncio.gather(*(sign_in(stage, each) for each in people), return_exceptions=True)
        assert len([each for each in outcomes if isinstance(each, User)]) == 1
        assert {type(each) for each in outcomes if isinstance(each, Exception)} == {EmailTaken}
        assert len(await stage.column("auth_user", "id")) == 1
        assert len((await stage.dump())["auth_identity"]) == 1

    async def test_one_new_identity_in_many_tabs_signs_in_in_each(self, stage: Stage) -> None:
        found = await asyncio.gather(*(sign_in(stage, profile()) for _ in range(AT_ONCE)))
        assert len({each.id for each in found}) == 1
        assert len(await stage.column("auth_session", "id")) == AT_ONCE

    async def test_one_new_identity_with_an_email_of_its_own_in_each_tab_is_one_account(self, stage: Stage) -> None:
        """The first one has it, whatever the others say their email is, and all of them sign in to that one."""
        tabs = [profile(email=f"ada{number}@example.org") for number in range(AT_ONCE)]
        found = await asyncio.gather(*(sign_in(stage, each) for each in tabs))
        assert {each.id for each in found} == set(await stage.column("auth_user", "id"))
        assert len({each.id for each in found}) == len((await stage.dump())["auth_identity"]) == 1
        registered = [each for each in await stage.settle() if isinstance(each, UserRegistered)]
        assert (len(registered), len(await stage.column("auth_session", "id"))) == (1, AT_ONCE)

    async def test_one_new_identity_is_never_taken_from_the_account_that_has_it(self, stage: Stage) -> None:
        """One tab joins it to Ada's account by her password, the others make an account of it."""
        await stage.register("ada")
        code = await stage.service.social.hold(profile(), BROWSER)
        tabs = [profile(email=f"ben{number}@example.org") for number in range(AT_ONCE)]
        joined, *made = await asyncio.gather(complete(stage, code, PASSWORD), *(sign_in(stage, each) for each in tabs))
        assert joined.signed_in is not None
        (identity,) = (await stage.dump())["auth_identity"]
        assert {joined.signed_in.user.id, *(each.id for each in made)} == {identity["user_id"]}

    async def test_a_registration_and_an_identity_with_one_email_are_one_account(self, stage: Stage) -> None:
        outcomes = await asyncio.gather(stage.register("ada"), sign_in(stage, profile()), return_exceptions=True)
        assert [type(each) for each in outcomes if isinstance(each, Exception)] == [EmailTaken]
        assert len(await stage.column("auth_user", "id")) == 1
