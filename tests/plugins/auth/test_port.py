"""What AuthService promises, whoever answers it: for every method first anonymous, then somebody else's, then valid."""

from datetime import timedelta

import pytest

from girok.context import Actor, CallContext, acting_as, use
from girok.errors import Forbidden, InvalidInput, Unauthenticated
from plugins.auth.errors import (
    EmailTaken,
    InvalidCredentials,
    InvalidDomain,
    InvalidEmail,
    InvalidName,
    InvalidPassword,
    InvalidRefreshToken,
    InvalidTicket,
    SessionNotFound,
    UsernameTaken,
    UserNotFound,
)
from plugins.auth.ports import (
    AuthService,
    ChangePasswordRequest,
    CompleteSocialLoginRequest,
    CompleteSocialLoginResponse,
    CreateDomainAccessRequest,
    DeleteMeRequest,
    EndOtherSessionsRequest,
    EndSessionRequest,
    GetUserByUsernameRequest,
    GetUserRequest,
    GetUsersByIdsRequest,
    ListSessionsRequest,
    LoginRequest,
    LogoutRequest,
    RefreshRequest,
    RegisterResponse,
    RequestEmailVerificationRequest,
    RequestPasswordResetRequest,
    ResetPasswordRequest,
    Session,
    UpdateMeRequest,
    ValidateTokenRequest,
    ValidateTokenResponse,
    VerifyEmailRequest,
    users_by_id,
)
from plugins.auth.social.profile import SocialProfile
from tests.plugins.auth.stage import PASSWORD, Stage, actor_of, registration

NOBODY = "00000000-0000-7000-8000-000000000000"
NO_IDS = ["", "none", NOBODY, "\x00", "\ud800", "x" * 1_000_000]
NO_TOKENS = ["", "x", "\x00", "\ud800", "x" * 1_000_000, "..", f"{'A' * 43}.{'A' * 43}.{'A' * 342}", "girok_at_x"]
INVALID = ValidateTokenResponse(valid=False)
NEW = "An0ther!pass"
BROWSER = "b" * 43

USERS_ONLY = [
    ("list_sessions", ListSessionsRequest()),
    ("end_session", EndSessionRequest(NOBODY)),
    ("end_other_sessions", EndOtherSessionsRequest()),
    ("update_me", UpdateMeRequest(name="Eve")),
    ("change_password", ChangePasswordRequest(PASSWORD, NEW)),
    ("request_email_verification", RequestEmailVerificationRequest()),
    ("delete_me", DeleteMeRequest(PASSWORD)),
    ("create_domain_access", CreateDomainAccessRequest(domain="my.example.org", expires_in_hours=1)),
]


async def is_valid(port: AuthService, token: str) -> bool:
    return (await port.validate_token(ValidateTokenRequest(token))).valid


async def sessions_of(port: AuthService, actor: Actor) -> tuple[Session, ...]:
    with acting_as(actor):
        return (await port.list_sessions(ListSessionsRequest())).sessions


def guest_of(signed_in: RegisterResponse) -> Actor:
    """Who comes with a guest token of this user."""
    return Actor(signed_in.user.id, "GUEST", signed_in.session_id)


class TestUsersOnly:
    @pytest.mark.parametrize(("method", "request_"), USERS_ONLY)
    async def test_nobody_and_no_guest_may_ask(self, port: AuthService, method: str, request_: object) -> None:
        ada = await port.register(registration("ada"))
        with pytest.raises(Unauthenticated):
            await getattr(port, method)(request_)
        with acting_as(guest_of(ada)), pytest.raises(Forbidden):
            await getattr(port, method)(request_)
        assert await is_valid(port, ada.access_token)


class TestRegister:
    async def test_gives_the_account_with_its_email_and_a_session(self, port: AuthService) -> None:
        new = await port.register(registration("ada", email=" Ada@Example.org ", name=" Ada L. "))
        assert (new.user.username, new.user.name, new.user.email) == ("ada", "Ada L.", "Ada@Example.org")
        assert (new.user.role, new.user.avatar, new.user.bio) == ("USER", None, None)
        assert new.expires_at - new.user.created_at == timedelta(days=90)
        found = await port.validate_token(ValidateTokenRequest(new.access_token))
        assert found == ValidateTokenResponse(
            valid=True, user_id=new.user.id, role="USER", session_id=new.session_id, expires_at=new.expires_at
        )

    async def test_email_is_taken_in_any_case(self, port: AuthService) -> None:
        await port.register(registration("ada"))
        with pytest.raises(EmailTaken) as refused:
            await port.register(registration("ben", email="ADA@example.ORG"))
        assert [each.path for each in refused.value.details] == ["email"]

    async def test_username_is_taken(self, port: AuthService) -> None:
        await port.register(registration("ada"))
        with pytest.raises(UsernameTaken) as refused:
            await port.register(registration("ada", email="ben@example.org"))
        assert [each.path for each in refused.value.details] == ["username"]

    async def test_both_are_told_when_both_are_taken(self, port: AuthService) -> None:
        await port.register(registration("ada"))
        await port.register(registration("ben"))
        with pytest.raises(EmailTaken) as refused:
            await port.register(registration("ben", email="ada@example.org"))
        assert [each.path for each in refused.value.details] == ["email", "username"]

    async def test_every_wrong_field_is_told_at_once(self, port: AuthService) -> None:
        with pytest.raises(InvalidEmail) as refused:
            await port.register(registration("a b", password="weak", name="x"))
        assert [each.path for each in refused.value.details] == ["email", "username", "password", "name"]
        assert refused.value.message == refused.value.details[0].text

    @pytest.mark.parametrize("bad", ["a\x00b", "a\ud800b", "x" * 1_000_000])
    async def test_text_that_no_store_keeps_is_refused(self, port: AuthService, bad: str) -> None:
        with pytest.raises(InvalidName):
            await port.register(registration("ada", name=bad))
        with pytest.raises(InvalidEmail) as refused:
            await port.register(registration(bad, email=bad, password=bad))
        assert len(refused.value.details) == 4


class TestLogin:
    async def test_unknown_email_and_wrong_password_are_answered_alike(self, port: AuthService) -> None:
        await port.register(registration("ada"))
        told: list[object] = []
        for email, password in (("eve@example.org", PASSWORD), ("ada@example.org", "Wr0ng!pass"), ("no email", "")):
            with pytest.raises(InvalidCredentials) as refused:
                await port.login(LoginRequest(email, password))
            told.append((refused.value.message, refused.value.reason, refused.value.details))
        assert told == [told[0]] * 3
        assert str(refused.value) == "Invalid credentials"

    @pytest.mark.parametrize("bad", ["", "a\x00b", "a\ud800b", "x" * 1_000_000])
    async def test_text_that_nobody_can_have_is_wrong(self, port: AuthService, bad: str) -> None:
        await port.register(registration("ada"))
        with pytest.raises(InvalidCredentials):
            await port.login(LoginRequest("ada@example.org", bad))
        with pytest.raises(InvalidCredentials):
            await port.login(LoginRequest(bad, PASSWORD))

    async def test_each_login_is_a_session_of_its_own(self, port: AuthService) -> None:
        first = await port.register(registration("ada"))
        second = await port.login(LoginRequest(" ADA@example.org", PASSWORD, "curl/8"))
        assert second.user == first.user
        assert second.session_id != first.session_id
        assert second.access_token != first.access_token
        assert await is_valid(port, first.access_token)
        assert await is_valid(port, second.access_token)


class TestValidateToken:
    @pytest.mark.parametrize("bad", NO_TOKENS)
    async def test_what_is_no_token_is_not_valid(self, port: AuthService, bad: str) -> None:
        await port.register(registration("ada"))
        assert await port.validate_token(ValidateTokenRequest(bad)) == INVALID

    async def test_what_stands_around_a_token_makes_it_another(self, port: AuthService) -> None:
        token = (await port.register(registration("ada"))).access_token
        for bad in (f" {token}", f"{token}\n", token.upper(), token[:-1], f"{token}A", f"{token}=", f"Bearer {token}"):
            assert await port.validate_token(ValidateTokenRequest(bad)) == INVALID

    async def test_nobody_needs_to_be_signed_in(self, port: AuthService) -> None:
        assert await is_valid(port, (await port.register(registration("ada"))).access_token)


class TestGetUser:
    async def test_anonymous_sees_no_email(self, port: AuthService) -> None:
        new = (await port.register(registration("ada"))).user
        found = await port.get_user(GetUserRequest(new.id))
        assert (found.id, found.username, found.email) == (new.id, "ada", None)

    async def test_somebody_else_sees_no_email(self, port: AuthService) -> None:
        ada = await port.register(registration("ada"))
        with acting_as(actor_of(await port.register(registration("ben")))):
            assert (await port.get_user(GetUserRequest(ada.user.id))).email is None

    async def test_a_guest_of_oneself_sees_no_email(self, port: AuthService) -> None:
        ada = await port.register(registration("ada"))
        with acting_as(guest_of(ada)):
            assert (await port.get_user(GetUserRequest(ada.user.id))).email is None

    async def test_one_sees_ones_own_email(self, port: AuthService) -> None:
        ada = await port.register(registration("ada"))
        with acting_as(actor_of(ada)):
            assert await port.get_user(GetUserRequest(ada.user.id)) == ada.user

    @pytest.mark.parametrize("no_id", NO_IDS)
    async def test_nobody_has_this_id(self, port: AuthService, no_id: str) -> None:
        with pytest.raises(UserNotFound):
            await port.get_user(GetUserRequest(no_id))


class TestGetUserByUsername:
    async def test_anonymous_sees_no_email(self, port: AuthService) -> None:
        new = (await port.register(registration("ada"))).user
        found = await port.get_user_by_username(GetUserByUsernameRequest("ada"))
        assert (found.id, found.email) == (new.id, None)

    async def test_somebody_else_sees_no_email(self, port: AuthService) -> None:
        await port.register(registration("ada"))
        with acting_as(actor_of(await port.register(registration("ben")))):
            assert (await port.get_user_by_username(GetUserByUsernameRequest("ada"))).email is None

    async def test_one_sees_ones_own_email(self, port: AuthService) -> None:
        ada = await port.register(registration("ada"))
        with acting_as(actor_of(ada)):
            assert await port.get_user_by_username(GetUserByUsernameRequest("ada")) == ada.user

    @pytest.mark.parametrize("nobody", ["eve", "Ada", "", "me", "\x00", "\ud800", "ada\n", "x" * 1_000_000])
    async def test_nobody_is_called_this(self, port: AuthService, nobody: str) -> None:
        await port.register(registration("ada"))
        with pytest.raises(UserNotFound):
            await port.get_user_by_username(GetUserByUsernameRequest(nobody))


class TestGetUsersByIds:
    async def test_anonymous_sees_no_email(self, port: AuthService) -> None:
        new = (await port.register(registration("ada"))).user
        (found,) = (await port.get_users_by_ids(GetUsersByIdsRequest((new.id,)))).users
        assert (found.id, found.email) == (new.id, None)

    async def test_one_sees_no_email_but_ones_own(self, port: AuthService) -> None:
        ada, ben = [await port.register(registration(each)) for each in ("ada", "ben")]
        with acting_as(actor_of(ben)):
            found = await users_by_id(port, [ada.user.id, ben.user.id])
        assert {each.username: each.email for each in found.values()} == {"ada": None, "ben": "ben@example.org"}

    async def test_ids_that_do_not_exist_are_left_out(self, port: AuthService) -> None:
        ada = (await port.register(registration("ada"))).user
        found = await port.get_users_by_ids(GetUsersByIdsRequest((*NO_IDS, ada.id, ada.id)))
        assert [each.id for each in found.users] == [ada.id]
        assert (await port.get_users_by_ids(GetUsersByIdsRequest(()))).users == ()

    async def test_more_than_a_thousand_are_refused_and_split_by_the_helper(self, port: AuthService) -> None:
        ada = (await port.register(registration("ada"))).user
        ids = [f"00000000-0000-7000-8000-{number:012x}" for number in range(1000)]
        with pytest.raises(InvalidInput):
            await port.get_users_by_ids(GetUsersByIdsRequest((*ids, ada.id)))
        assert list(await users_by_id(port, [*ids, ada.id])) == [ada.id]
        assert await users_by_id(port, []) == {}


class TestLogout:
    async def test_anonymous_is_no_error(self, port: AuthService) -> None:
        await port.logout(LogoutRequest())

    async def test_somebody_elses_session_goes_on(self, port: AuthService) -> None:
        ada, ben = [await port.register(registration(each)) for each in ("ada", "ben")]
        with acting_as(Actor(ben.user.id, "USER", ada.session_id)):
            await port.logout(LogoutRequest())
        assert await is_valid(port, ada.access_token)

    async def test_ends_this_session_alone_and_at_once(self, port: AuthService) -> None:
        first = await port.register(registration("ada"))
        second = await port.login(LoginRequest("ada@example.org", PASSWORD))
        with acting_as(actor_of(first)):
            await port.logout(LogoutRequest())
            assert not await is_valid(port, first.access_token)
            await port.logout(LogoutRequest())
        assert await is_valid(port, second.access_token)


class TestListSessions:
    async def test_somebody_elses_are_not_in_it(self, port: AuthService) -> None:
        ada, ben = [await port.register(registration(each)) for each in ("ada", "ben")]
        assert [each.id for each in await sessions_of(port, actor_of(ben))] == [ben.session_id]
        assert [each.id for each in await sessions_of(port, actor_of(ada))] == [ada.session_id]

    async def test_tells_device_and_address_and_which_is_current(self, port: AuthService) -> None:
        with use(CallContext(address="192.0.2.7")):
            first = await port.register(registration("ada", device="Firefox\x00\n 140 " + "x" * 1000))
        second = await port.login(LoginRequest("ada@example.org", PASSWORD))
        newest, oldest = await sessions_of(port, actor_of(first))
        assert (newest.id, newest.current, newest.device, newest.address) == (second.session_id, False, None, None)
        assert (oldest.id, oldest.current, oldest.address) == (first.session_id, True, "192.0.2.7")
        assert oldest.device is not None
        assert oldest.device.startswith("Firefox 140 xxx")
        assert len(oldest.device) <= 300

    async def test_ended_ones_are_not_in_it(self, port: AuthService) -> None:
        first = await port.register(registration("ada"))
        second = await port.login(LoginRequest("ada@example.org", PASSWORD))
        with acting_as(actor_of(second)):
            await port.logout(LogoutRequest())
        assert [each.id for each in await sessions_of(port, actor_of(first))] == [first.session_id]


class TestEndSession:
    async def test_anonymous_is_refused(self, port: AuthService) -> None:
        ada = await port.register(registration("ada"))
        with pytest.raises(Unauthenticated):
            await port.end_session(EndSessionRequest(ada.session_id))

    async def test_somebody_elses_is_not_found_and_goes_on(self, port: AuthService) -> None:
        ada, ben = [await port.register(registration(each)) for each in ("ada", "ben")]
        with acting_as(actor_of(ben)), pytest.raises(SessionNotFound):
            await port.end_session(EndSessionRequest(ada.session_id))
        assert await is_valid(port, ada.access_token)

    @pytest.mark.parametrize("no_id", NO_IDS)
    async def test_no_session_has_this_id(self, port: AuthService, no_id: str) -> None:
        with acting_as(actor_of(await port.register(registration("ada")))), pytest.raises(SessionNotFound):
            await port.end_session(EndSessionRequest(no_id))

    async def test_ends_it_at_once_and_twice_is_no_error(self, port: AuthService) -> None:
        first = await port.register(registration("ada"))
        second = await port.login(LoginRequest("ada@example.org", PASSWORD))
        with acting_as(actor_of(second)):
            await port.end_session(EndSessionRequest(first.session_id))
            assert not await is_valid(port, first.access_token)
            await port.end_session(EndSessionRequest(first.session_id))
        assert await is_valid(port, second.access_token)


class TestEndOtherSessions:
    async def test_ends_all_of_ones_own_but_this(self, port: AuthService) -> None:
        ada, ben = [await port.register(registration(each)) for each in ("ada", "ben")]
        others = [await port.login(LoginRequest("ada@example.org", PASSWORD)) for _ in range(3)]
        with acting_as(actor_of(ada)):
            assert (await port.end_other_sessions(EndOtherSessionsRequest())).ended == 3
            assert (await port.end_other_sessions(EndOtherSessionsRequest())).ended == 0
        assert [await is_valid(port, each.access_token) for each in (ada, ben, *others)] == [True, True, *[False] * 3]


class TestRefresh:
    async def test_the_token_is_all_it_takes_whoever_acts(self, port: AuthService) -> None:
        ada, ben = [await port.register(registration(each)) for each in ("ada", "ben")]
        for actor in (None, guest_of(ada), actor_of(ben)):
            with acting_as(actor):
                given = await port.refresh(RefreshRequest(ada.refresh_token))
            found = await port.validate_token(ValidateTokenRequest(given.access_token))
            assert (found.user_id, found.session_id) == (ada.user.id, ada.session_id)
            assert given.access_expires_at <= ada.expires_at

    @pytest.mark.parametrize("bad", NO_TOKENS)
    async def test_what_is_no_token_is_refused(self, port: AuthService, bad: str) -> None:
        ada = await port.register(registration("ada"))
        with acting_as(actor_of(ada)), pytest.raises(InvalidRefreshToken):
            await port.refresh(RefreshRequest(bad))

    async def test_of_a_named_next_one_the_answer_is_the_same(self, port: AuthService) -> None:
        ada = await port.register(registration("ada"))
        named = RefreshRequest(ada.refresh_token, NOBODY)
        assert (await port.refresh(named)).refresh_token == (await port.refresh(named)).refresh_token


class TestLogoutByToken:
    async def test_ends_its_session_whoever_acts_and_twice_is_no_error(self, port: AuthService) -> None:
        ada = await port.register(registration("ada"))
        for _ in range(2):
            await port.logout(LogoutRequest(ada.refresh_token))
            assert not await is_valid(port, ada.access_token)

    async def test_ends_the_actors_as_well(self, port: AuthService) -> None:
        ada, ben = [await port.register(registration(each)) for each in ("ada", "ben")]
        with acting_as(actor_of(ben)):
            await port.logout(LogoutRequest(ada.refresh_token))
        assert [await is_valid(port, each.access_token) for each in (ada, ben)] == [False, False]

    @pytest.mark.parametrize("bad", NO_TOKENS)
    async def test_what_is_no_token_is_no_error(self, port: AuthService, bad: str) -> None:
        await port.logout(LogoutRequest(bad))


class TestUpdateMe:
    async def test_changes_ones_own_and_keeps_what_is_absent(self, port: AuthService) -> None:
        ada, ben = [await port.register(registration(each)) for each in ("ada", "ben")]
        with acting_as(actor_of(ada)):
            changed = await port.update_me(UpdateMeRequest(bio="한글", avatar="https://a.example/1"))
            assert (changed.username, changed.bio, changed.email) == ("ada", "한글", "ada@example.org")
            assert (await port.update_me(UpdateMeRequest(bio=""))).avatar == "https://a.example/1"
            with pytest.raises(UsernameTaken):
                await port.update_me(UpdateMeRequest(username="ben"))
            with pytest.raises(InvalidName):
                await port.update_me(UpdateMeRequest(name="a\ud800"))
        assert (await port.get_user(GetUserRequest(ben.user.id))).username == "ben"


class TestChangePassword:
    async def test_somebody_elses_is_wrong(self, port: AuthService) -> None:
        await port.register(registration("ada"))
        ben = await port.register(registration("ben", password="Bens0wn!word"))
        with acting_as(actor_of(ben)), pytest.raises(InvalidInput, match="current password is wrong") as refused:
            await port.change_password(ChangePasswordRequest(PASSWORD, NEW))
        assert refused.value.reason == "INVALID_PASSWORD"

    async def test_changes_ones_own(self, port: AuthService) -> None:
        ada = await port.register(registration("ada"))
        with acting_as(actor_of(ada)):
            with pytest.raises(InvalidPassword):
                await port.change_password(ChangePasswordRequest(PASSWORD, "weak"))
            await port.change_password(ChangePasswordRequest(PASSWORD, NEW))
        assert await is_valid(port, (await port.login(LoginRequest("ada@example.org", NEW))).access_token)


class TestLinks:
    async def test_anybody_may_ask_for_a_reset_and_whoever_has_the_link_resets(
        self, port: AuthService, stage: Stage
    ) -> None:
        ada = await port.register(registration("ada"))
        for email in ("ada@example.org", "eve@example.org"):
            await port.request_password_reset(RequestPasswordResetRequest(email))
        await port.reset_password(ResetPasswordRequest(await stage.link("ada"), NEW))
        assert not await is_valid(port, ada.access_token)
        await port.login(LoginRequest("ada@example.org", NEW))

    @pytest.mark.parametrize("bad", NO_TOKENS)
    async def test_what_is_no_link_is_refused(self, port: AuthService, bad: str) -> None:
        with pytest.raises(InvalidTicket):
            await port.reset_password(ResetPasswordRequest(bad, NEW))
        with pytest.raises(InvalidTicket):
            await port.verify_email(VerifyEmailRequest(bad))

    async def test_verification_is_asked_for_by_a_user_and_whoever_has_the_link_verifies(
        self, port: AuthService, stage: Stage
    ) -> None:
        ada = await port.register(registration("ada"))
        with acting_as(actor_of(ada)):
            await port.request_email_verification(RequestEmailVerificationRequest())
        await port.verify_email(VerifyEmailRequest(await stage.link("ada")))
        with acting_as(actor_of(ada)):
            assert (await port.get_user(GetUserRequest(ada.user.id))).email_verified


class TestDeleteMe:
    async def test_erases_oneself_alone_once_the_password_was_shown(self, port: AuthService) -> None:
        ada, ben = [await port.register(registration(each)) for each in ("ada", "ben")]
        with acting_as(actor_of(ada)):
            with pytest.raises(InvalidInput, match="current password is wrong"):
                await port.delete_me(DeleteMeRequest())
            await port.delete_me(DeleteMeRequest(PASSWORD))
        assert [await is_valid(port, each.access_token) for each in (ada, ben)] == [False, True]
        with pytest.raises(UserNotFound):
            await port.get_user(GetUserRequest(ada.user.id))


class TestCreateDomainAccess:
    async def test_gives_a_guest_token(self, port: AuthService) -> None:
        ada = await port.register(registration("ada"))
        with acting_as(actor_of(ada)):
            with pytest.raises(InvalidDomain):
                await port.create_domain_access(CreateDomainAccessRequest(domain="\x00", expires_in_hours=1))
            given = await port.create_domain_access(
                CreateDomainAccessRequest(domain="my.example.org", expires_in_hours=1, recipient_email="b@example.org")
            )
        found = await port.validate_token(ValidateTokenRequest(given.access_token))
        assert (found.user_id, found.role, found.domain) == (ada.user.id, "GUEST", "my.example.org")
        assert found.expires_at == given.expires_at


class TestCompleteSocialLogin:
    async def test_the_code_and_the_browser_are_all_it_takes(self, port: AuthService, stage: Stage) -> None:
        profile = SocialProfile(provider="google", subject="1", email="ada@example.org", email_verified=True)
        code = await stage.service.social.hold(profile, BROWSER)
        with pytest.raises(InvalidTicket):
            await port.complete_social_login(CompleteSocialLoginRequest(code=code, browser="c" * 43))
        done = await port.complete_social_login(CompleteSocialLoginRequest(code=code, browser=BROWSER))
        assert (done.link_required, done.signed_in is not None) == (False, True)

    async def test_somebody_elses_email_asks_for_the_password(self, port: AuthService, stage: Stage) -> None:
        ada = await port.register(registration("ada"))
        profile = SocialProfile(provider="google", subject="1", email="ada@example.org", email_verified=True)
        code = await stage.service.social.hold(profile, BROWSER)
        asked = CompleteSocialLoginRequest(code=code, browser=BROWSER)
        assert await port.complete_social_login(asked) == CompleteSocialLoginResponse(link_required=True)
        done = await port.complete_social_login(
            CompleteSocialLoginRequest(code=code, browser=BROWSER, password=PASSWORD)
        )
        assert done.signed_in is not None
        assert done.signed_in.user.id == ada.user.id
