"""Auth's REST (rest.md): accounts at /v1/auth and /v1/users, the key set at /.well-known/jwks.json.

Who may call is said with each route: anyone, or a bearer. A guest's bearer is no user (403).
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

from litestar import Request, delete, get, patch, post
from litestar.datastructures import CacheControlHeader
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from girok.clock import timestamp
from girok.context import current, require_user
from girok.errors import Forbidden, RateLimited, Text
from girok.http.openapi import answers
from girok.kit import Kit
from plugins.auth.errors import (
    AccountDisabled,
    EmailTaken,
    HashingBusy,
    InvalidAvatar,
    InvalidBio,
    InvalidCredentials,
    InvalidDomain,
    InvalidDuration,
    InvalidEmail,
    InvalidName,
    InvalidPassword,
    InvalidRefreshToken,
    InvalidTicket,
    InvalidUsername,
    SessionNotFound,
    UsernameTaken,
    UserNotFound,
)
from plugins.auth.ports import (
    AuthService,
    ChangePasswordRequest,
    CreateDomainAccessRequest,
    DeleteMeRequest,
    EndOtherSessionsRequest,
    EndSessionRequest,
    GetUserByUsernameRequest,
    GetUserRequest,
    ListSessionsRequest,
    LoginRequest,
    LogoutRequest,
    RefreshRequest,
    RegisterRequest,
    RequestEmailVerificationRequest,
    RequestPasswordResetRequest,
    ResetPasswordRequest,
    UpdateMeRequest,
    VerifyEmailRequest,
    as_bearer,
)
from plugins.auth.signing import SigningKeys
from plugins.auth.social.accounts import SocialAccounts
from plugins.auth.social.http import routes as social_routes
from plugins.auth.wire import (
    AuthPayload,
    DomainAccess,
    DomainAccessBody,
    EmailBody,
    LoginBody,
    LogoutBody,
    Me,
    Message,
    PasswordBody,
    PasswordChangeBody,
    PasswordResetBody,
    Person,
    ProfileBody,
    RefreshBody,
    RegisterBody,
    SessionView,
    TokenBody,
    TokenPair,
)

__all__ = ["routes"]

AnyRequest: TypeAlias = Request[Any, Any, Any]
Bearer: TypeAlias = Callable[[AnyRequest], AbstractAsyncContextManager[object]]

_REGISTRATION = (InvalidEmail, InvalidUsername, InvalidPassword, InvalidName)
_PROFILE = (InvalidUsername, InvalidName, InvalidAvatar, InvalidBio)
_PRIVATE = CacheControlHeader(no_store=True)
_PUBLIC = CacheControlHeader(public=True, max_age=300)
_CHANGED = Text("The password was changed.", "비밀번호가 변경되었습니다.")
_SENT = Text("If there is such an account, a link is on its way.", "해당 계정이 있으면 링크를 보내 드립니다.")
_VERIFIED = Text("The email is verified.", "이메일이 인증되었습니다.")


def routes(kit: Kit) -> Sequence[HTTPRouteHandler]:
    """Every route of auth."""
    auth = kit.ports[AuthService]

    def bearer(request: AnyRequest) -> AbstractAsyncContextManager[object]:
        return as_bearer(auth, request.headers.get("authorization"), request.headers.get("origin"))

    return [
        *_signing_in(auth),
        *_with_bearer(auth, bearer),
        *_me(auth, bearer),
        *_links(auth, bearer),
        *_public(kit),
        *social_routes(kit, kit.ports[SocialAccounts]),
    ]


def _signing_in(auth: AuthService) -> Sequence[HTTPRouteHandler]:
    @post("/v1/auth/register", cache_control=_PRIVATE)
    @answers(
        EmailTaken, UsernameTaken, InvalidEmail, InvalidUsername, InvalidPassword, InvalidName, RateLimited, HashingBusy
    )
    async def register(request: AnyRequest, data: JSONBody[RegisterBody]) -> AuthPayload:
        """Make an account and sign in to it. Anyone."""
        return AuthPayload.of(
            await auth.register(RegisterRequest(data.email, data.username, data.password, data.name, _device(request)))
        )

    @post("/v1/auth/login", status_code=200, cache_control=_PRIVATE)
    @answers(InvalidCredentials, AccountDisabled, RateLimited, HashingBusy)
    async def login(request: AnyRequest, data: JSONBody[LoginBody]) -> AuthPayload:
        """Sign in. Anyone."""
        return AuthPayload.of(await auth.login(LoginRequest(data.email, data.password, _device(request))))

    @post("/v1/auth/refresh", status_code=200, cache_control=_PRIVATE)
    @answers(InvalidRefreshToken, RateLimited)
    async def refresh(data: JSONBody[RefreshBody]) -> TokenPair:
        """The next pair of tokens, for whoever has the refresh token."""
        given = await auth.refresh(RefreshRequest(data.refresh_token))
        return TokenPair(given.access_token, given.refresh_token)

    @post("/v1/auth/logout", status_code=204)
    @answers(bearer="optional")
    async def logout(request: AnyRequest, data: JSONBody[LogoutBody]) -> None:
        """End the session of the refresh token, and of the bearer if there is one. Anyone; twice is no error."""
        async with as_bearer(auth, request.headers.get("authorization"), None, lenient=True):
            await auth.logout(LogoutRequest(data.refresh_token))

    return register, login, refresh, logout


def _with_bearer(auth: AuthService, bearer: Bearer) -> Sequence[HTTPRouteHandler]:
    @post("/v1/auth/domain-access", cache_control=_PRIVATE)
    @answers(InvalidDomain, InvalidDuration, InvalidEmail, Forbidden, RateLimited, bearer="required")
    async def domain_access(request: AnyRequest, data: JSONBody[DomainAccessBody]) -> DomainAccess:
        """A guest token for one domain. Bearer."""
        async with bearer(request):
            given = await auth.create_domain_access(
                CreateDomainAccessRequest(
                    domain=data.domain,
                    expires_in_hours=data.expires_in_hours,
                    recipient_email=data.recipient_email,
                    device=_device(request),
                )
            )
        scheme = "http" if data.domain.partition(":")[0] == "localhost" else "https"
        url = f"{scheme}://{data.domain.lower()}/?token={given.access_token}"
        return DomainAccess(given.access_token, timestamp(given.expires_at), url)

    @get("/v1/auth/sessions", cache_control=_PRIVATE)
    @answers(Forbidden, bearer="required")
    async def sessions(request: AnyRequest) -> list[SessionView]:
        """One's living sessions, last used first. Bearer."""
        async with bearer(request):
            return [SessionView.of(each) for each in (await auth.list_sessions(ListSessionsRequest())).sessions]

    @delete("/v1/auth/sessions")
    @answers(Forbidden, bearer="required")
    async def end_others(request: AnyRequest) -> None:
        """End all of one's sessions but this one. Bearer."""
        async with bearer(request):
            await auth.end_other_sessions(EndOtherSessionsRequest())

    @delete("/v1/auth/sessions/{session_id:str}")
    @answers(SessionNotFound, Forbidden, bearer="required")
    async def end_one(request: AnyRequest, session_id: FromPath[str]) -> None:
        """End one of one's sessions. Bearer."""
        async with bearer(request):
            await auth.end_session(EndSessionRequest(session_id))

    return domain_access, sessions, end_others, end_one


def _me(auth: AuthService, bearer: Bearer) -> Sequence[HTTPRouteHandler]:
    @get("/v1/users/me", cache_control=_PRIVATE)
    @answers(UserNotFound, Forbidden, bearer="required")
    async def me(request: AnyRequest) -> Me:
        """One's own account. Bearer."""
        async with bearer(request):
            return Me.of(await auth.get_user(GetUserRequest(require_user().user_id)))

    @patch("/v1/users/me", cache_control=_PRIVATE)
    @answers(
        UsernameTaken,
        UserNotFound,
        InvalidUsername,
        InvalidName,
        InvalidAvatar,
        InvalidBio,
        Forbidden,
        bearer="required",
    )
    async def update(request: AnyRequest, data: JSONBody[ProfileBody]) -> Me:
        """Change it. Bearer."""
        changes = {
            field: value or ""
            for field in ("name", "username", "avatar", "bio")
            if (value := getattr(data, field)) is not UNSET
        }
        async with bearer(request):
            return Me.of(await auth.update_me(UpdateMeRequest(**changes)))

    @delete("/v1/users/me")
    @answers(InvalidPassword, Forbidden, RateLimited, HashingBusy, bearer="required")
    async def erase(request: AnyRequest, data: JSONBody[PasswordBody]) -> None:
        """Erase it, here and in every domain. Bearer, and the password where there is one."""
        async with bearer(request):
            await auth.delete_me(DeleteMeRequest(data.password))

    @post("/v1/users/me/change-password", status_code=200)
    @answers(InvalidPassword, Forbidden, RateLimited, HashingBusy, bearer="required")
    async def change_password(request: AnyRequest, data: JSONBody[PasswordChangeBody]) -> Message:
        """Another password; every other session ends. Bearer."""
        async with bearer(request):
            await auth.change_password(ChangePasswordRequest(data.current_password, data.new_password))
        return _message(_CHANGED)

    return me, update, erase, change_password


def _links(auth: AuthService, bearer: Bearer) -> Sequence[HTTPRouteHandler]:
    @post("/v1/auth/verify-email", status_code=200)
    @answers(InvalidTicket)
    async def verify(data: JSONBody[TokenBody]) -> Message:
        """The email is one's own, for whoever has the link's token."""
        await auth.verify_email(VerifyEmailRequest(data.token))
        return _message(_VERIFIED)

    @post("/v1/auth/verify-email/request", status_code=202)
    @answers(Forbidden, RateLimited, bearer="required")
    async def ask_verification(request: AnyRequest) -> Message:
        """Mail the link again. Bearer."""
        async with bearer(request):
            await auth.request_email_verification(RequestEmailVerificationRequest())
        return _message(_SENT)

    @post("/v1/auth/password-reset/request", status_code=202)
    @answers(InvalidEmail, RateLimited)
    async def ask_reset(data: JSONBody[EmailBody]) -> Message:
        """Mail a link to set another password. Anyone; the answer does not tell whether there is an account."""
        await auth.request_password_reset(RequestPasswordResetRequest(data.email))
        return _message(_SENT)

    @post("/v1/auth/password-reset", status_code=200)
    @answers(InvalidTicket, InvalidPassword, RateLimited, HashingBusy)
    async def reset(data: JSONBody[PasswordResetBody]) -> Message:
        """Set another password, for whoever has the link's token; every session ends."""
        await auth.reset_password(ResetPasswordRequest(data.token, data.new_password))
        return _message(_CHANGED)

    return verify, ask_verification, ask_reset, reset


def _public(kit: Kit) -> Sequence[HTTPRouteHandler]:
    auth = kit.ports[AuthService]
    keys = kit.ports[SigningKeys]

    @get("/v1/users/by-username/{username:str}")
    @answers(UserNotFound)
    async def by_username(username: FromPath[str]) -> Person:
        """The public part of an account. Anyone."""
        return Person.of(await auth.get_user_by_username(GetUserByUsernameRequest(username)))

    @get("/.well-known/jwks.json", cache_control=_PUBLIC)
    @answers()
    async def key_set() -> dict[str, Any]:
        """The keys that sign tokens (RFC 7517). Anyone."""
        return await keys.published()

    return by_username, key_set


def _device(request: AnyRequest) -> str | None:
    return request.headers.get("user-agent")


def _message(text: Text) -> Message:
    return Message(text.of(current().locale))
