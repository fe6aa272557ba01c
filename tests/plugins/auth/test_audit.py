"""The audit log: who did what to which account, from where; written with the change, and without personal data."""

from collections.abc import Sequence
from typing import Any

import pytest

from girok.context import CallContext, acting_as, use
from girok.errors import GirokError
from plugins.auth.errors import WRONG_PASSWORD, InvalidCredentials, InvalidPassword, InvalidRefreshToken
from plugins.auth.ports import (
    ChangePasswordRequest,
    CreateDomainAccessRequest,
    DeleteMeRequest,
    EndOtherSessionsRequest,
    EndSessionRequest,
    LogoutRequest,
    RefreshRequest,
    RequestPasswordResetRequest,
    ResetPasswordRequest,
    VerifyEmailRequest,
)
from plugins.auth.social.profile import SocialProfile
from tests.plugins.auth.stage import PASSWORD, Stage, actor_of

NEW = "An0ther!pass"
WRONG = "Wr0ng!pass"


async def entries(stage: Stage) -> list[Any]:
    return sorted((await stage.dump())["auth_audit"], key=lambda row: row["id"])


async def kinds(stage: Stage) -> Sequence[str]:
    return [row["kind"] for row in await entries(stage)]


class TestEntry:
    async def test_says_who_when_and_from_where(self, stage: Stage) -> None:
        with use(CallContext(address="192.0.2.7")):
            ada = await stage.register("ada", device="Firefox\x00\n 140")
        (entry,) = await entries(stage)
        assert {name: value for name, value in entry.items() if name != "id"} == {
            "kind": "account.registered",
            "user_id": ada.user.id,
            "actor": "",
            "session_id": ada.session_id,
            "address": "192.0.2.7",
            "device": "Firefox 140",
            "detail": "",
            "created_at": stage.clock.now(),
        }

    async def test_of_a_session_s_end_names_the_one_that_ended_and_the_one_that_ended_it(self, stage: Stage) -> None:
        ada, other = await stage.register("ada"), await stage.login("ada")
        with acting_as(actor_of(ada)):
            await stage.port.end_session(EndSessionRequest(other.session_id))
        entry = (await entries(stage))[-1]
        assert (entry["kind"], entry["detail"]) == ("session.ended", other.session_id)
        assert (entry["actor"], entry["session_id"]) == (ada.user.id, ada.session_id)

    async def test_of_a_failed_login_names_the_account_where_there_is_one(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        for username in ("ada", "eve"):
            with use(CallContext(address="192.0.2.9")), pytest.raises(InvalidCredentials):
                await stage.login(username, WRONG, "curl")
        failed = (await entries(stage))[-2:]
        assert [(each["kind"], each["user_id"]) for each in failed] == [
            ("login.failed", ada.user.id),
            ("login.failed", None),
        ]
        assert [(each["address"], each["device"]) for each in failed] == [("192.0.2.9", "curl")] * 2


class TestLog:
    async def test_has_every_change_of_an_account_in_its_order(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await stage.port.verify_email(VerifyEmailRequest(await stage.link("ada")))
        other = await stage.login("ada")
        with acting_as(actor_of(ada)):
            await stage.port.end_session(EndSessionRequest(other.session_id))
            await stage.login("ada")
            await stage.port.end_other_sessions(EndOtherSessionsRequest())
            await stage.port.create_domain_access(CreateDomainAccessRequest(domain="a.example", expires_in_hours=1))
            await stage.port.change_password(ChangePasswordRequest(PASSWORD, NEW))
        await stage.port.refresh(RefreshRequest(ada.refresh_token))
        stage.clock.advance(31)
        with pytest.raises(InvalidRefreshToken):
            await stage.port.refresh(RefreshRequest(ada.refresh_token))
        await stage.port.request_password_reset(RequestPasswordResetRequest("ada@example.org"))
        await stage.port.reset_password(ResetPasswordRequest(await stage.link("ada"), PASSWORD))
        last = await stage.login("ada")
        await stage.port.logout(LogoutRequest(last.refresh_token))
        with acting_as(actor_of(last)):
            await stage.port.delete_me(DeleteMeRequest(PASSWORD))
        assert await kinds(stage) == [
            "account.registered",
            "email.verified",
            "login",
            "session.ended",
            "login",
            "session.others_ended",
            "guest.invited",
            "password.changed",
            "refresh.reused",
            "password.reset_requested",
            "password.reset",
            "login",
            "session.ended",
            "account.erased",
        ]
        assert {each["user_id"] for each in await entries(stage)} == {ada.user.id}

    async def test_has_social_logins(self, stage: Stage) -> None:
        profile = SocialProfile(provider="google", subject="1", email="ada@example.org", email_verified=True)
        await stage.service.social.sign_in(profile, None)
        assert await kinds(stage) == ["account.registered", "login"]
        assert (await entries(stage))[0]["detail"] == "google"

    async def test_has_nothing_of_what_changed_nothing(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        with acting_as(actor_of(ada)):
            await stage.port.end_other_sessions(EndOtherSessionsRequest())
            with pytest.raises(InvalidPassword, match=WRONG_PASSWORD.en):
                await stage.port.change_password(ChangePasswordRequest(WRONG, NEW))
            await stage.port.logout(LogoutRequest())
            await stage.port.logout(LogoutRequest())
        assert await kinds(stage) == ["account.registered", "session.ended"]

    async def test_has_nothing_of_a_change_that_was_undone(self, stage: Stage) -> None:
        await stage.register("ada")
        before = await entries(stage)
        await stage.db.execute_script("CREATE UNIQUE INDEX one_at_a_time ON auth_session (created_at)")
        with pytest.raises(GirokError):
            await stage.login("ada")
        assert await entries(stage) == before

    async def test_a_change_that_cannot_be_told_is_undone(self, stage: Stage) -> None:
        await stage.register("ada")
        await stage.db.execute_script("CREATE UNIQUE INDEX one_at_a_time ON auth_audit (created_at)")
        with pytest.raises(GirokError):
            await stage.login("ada")
        assert len(await stage.column("auth_session", "id")) == 1

    async def test_holds_no_email_no_name_and_no_secret(self, stage: Stage) -> None:
        ada = await stage.register("lovelace", email="countess@example.org", name="Byron")
        with acting_as(actor_of(ada)):
            request = CreateDomainAccessRequest(
                domain="a.example", expires_in_hours=1, recipient_email="ben@example.org"
            )
            guest = await stage.port.create_domain_access(request)
            with pytest.raises(InvalidPassword, match=WRONG_PASSWORD.en):
                await stage.port.delete_me(DeleteMeRequest(WRONG))
        for email in ("countess", "nobody"):
            with pytest.raises(InvalidCredentials):
                await stage.login(email, WRONG)
        text = repr(await entries(stage))
        assert "guest.invited" in text
        secrets = (PASSWORD, WRONG, ada.access_token, ada.refresh_token, guest.access_token)
        people = ("countess", "lovelace", "Byron", "ben@", "nobody", "@")
        assert [each for each in (*secrets, *people) if each in text] == []
