"""Auth's published contract: accounts, sessions and the tokens that stand for them.

users = await users_by_id(context.ports[AuthService], [post.author_id for post in posts])
users[post.author_id].username
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

from girok.context import Actor, acting_as
from girok.errors import Forbidden, InvalidBearer, Unauthenticated
from girok.port import policy
from plugins.auth.messages import (
    ChangePasswordRequest,
    ChangePasswordResponse,
    CompleteSocialLoginRequest,
    CompleteSocialLoginResponse,
    Confidential,
    CreateDomainAccessRequest,
    CreateDomainAccessResponse,
    DeleteMeRequest,
    DeleteMeResponse,
    EndOtherSessionsRequest,
    EndOtherSessionsResponse,
    EndSessionRequest,
    EndSessionResponse,
    GetUserByUsernameRequest,
    GetUserRequest,
    GetUsersByIdsRequest,
    ListSessionsRequest,
    LoginRequest,
    LoginResponse,
    LogoutRequest,
    LogoutResponse,
    Provider,
    RefreshRequest,
    RefreshResponse,
    RegisterRequest,
    RegisterResponse,
    RequestEmailVerificationRequest,
    RequestEmailVerificationResponse,
    RequestPasswordResetRequest,
    RequestPasswordResetResponse,
    ResetPasswordRequest,
    ResetPasswordResponse,
    Session,
    SessionsResponse,
    SignedIn,
    UpdateMeRequest,
    User,
    UsersResponse,
    ValidateTokenRequest,
    ValidateTokenResponse,
    VerifyEmailRequest,
    VerifyEmailResponse,
)
from plugins.auth.social.cookies import browser_of, without_browser

__all__ = [
    "AuthService",
    "BrowserSessions",
    "ChangePasswordRequest",
    "ChangePasswordResponse",
    "CompleteSocialLoginRequest",
    "CompleteSocialLoginResponse",
    "Confidential",
    "CreateDomainAccessRequest",
    "CreateDomainAccessResponse",
    "DeleteMeRequest",
    "DeleteMeResponse",
    "EndOtherSessionsRequest",
    "EndOtherSessionsResponse",
    "EndSessionRequest",
    "EndSessionResponse",
    "GetUserByUsernameRequest",
    "GetUserRequest",
    "GetUsersByIdsRequest",
    "ListSessionsRequest",
    "LoginRequest",
    "LoginResponse",
    "LogoutRequest",
    "LogoutResponse",
    "Provider",
    "RefreshRequest",
    "RefreshResponse",
    "RegisterRequest",
    "RegisterResponse",
    "RequestEmailVerificationRequest",
    "RequestEmailVerificationResponse",
    "RequestPasswordResetRequest",
    "RequestPasswordResetResponse",
    "ResetPasswordRequest",
    "ResetPasswordResponse",
    "Session",
    "SessionsResponse",
    "SignedIn",
    "UpdateMeRequest",
    "User",
    "UsersResponse",
    "ValidateTokenRequest",
    "ValidateTokenResponse",
    "VerifyEmailRequest",
    "VerifyEmailResponse",
    "actor_of_bearer",
    "as_bearer",
    "browser_of",
    "users_by_id",
    "without_browser",
]

MOST_IDS = 1000


class AuthService(Protocol):
    """Accounts and sessions. Who acts comes with the call context."""

    @policy(deadline=2.0, idempotent=True)
    async def validate_token(self, request: ValidateTokenRequest) -> ValidateTokenResponse:
        """Whether a token is good at this instant: its session's row is read, never remembered."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def get_user(self, request: GetUserRequest) -> User:
        """Raises UserNotFound."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def get_user_by_username(self, request: GetUserByUsernameRequest) -> User:
        """Raises UserNotFound."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def get_users_by_ids(self, request: GetUsersByIdsRequest) -> UsersResponse:
        """Ids that do not exist are left out. Raises InvalidInput for more than 1,000."""
        ...

    @policy(deadline=15.0)
    async def register(self, request: RegisterRequest) -> RegisterResponse:
        """Raises EmailTaken or UsernameTaken; RateLimited; HashingBusy; InvalidEmail, InvalidUsername, InvalidPassword
        or InvalidName after the first field that is wrong, with every wrong one in its details.
        """
        ...

    @policy(deadline=15.0)
    async def login(self, request: LoginRequest) -> LoginResponse:
        """Raises InvalidCredentials (the same, in the same time, for an unknown email), RateLimited, HashingBusy."""
        ...

    @policy(deadline=5.0, idempotent=True)
    async def refresh(self, request: RefreshRequest) -> RefreshResponse:
        """Rotates the refresh token. Within 30 s of its first use it may be used again, and every pair given is good.

        Raises InvalidRefreshToken; used after that the whole session ends. RateLimited.
        """
        ...

    @policy(deadline=2.0, idempotent=True)
    async def logout(self, request: LogoutRequest) -> LogoutResponse:
        """Twice is no error, nor is it with nobody signed in or a token that is none."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def list_sessions(self, request: ListSessionsRequest) -> SessionsResponse:
        """Raises Unauthenticated."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def end_session(self, request: EndSessionRequest) -> EndSessionResponse:
        """One of one's own; twice is no error. Raises Unauthenticated; SessionNotFound, also for somebody else's."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def end_other_sessions(self, request: EndOtherSessionsRequest) -> EndOtherSessionsResponse:
        """Every session of who acts but the one that the call came with. Raises Unauthenticated."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def update_me(self, request: UpdateMeRequest) -> User:
        """Raises Unauthenticated; UsernameTaken; InvalidUsername, InvalidName, InvalidAvatar, InvalidBio."""
        ...

    @policy(deadline=15.0)
    async def change_password(self, request: ChangePasswordRequest) -> ChangePasswordResponse:
        """Ends every other session; this one goes on, its refresh token too.

        Raises Unauthenticated; InvalidPassword, for the current one too, or without one; HashingBusy, RateLimited.
        """
        ...

    @policy(deadline=5.0)
    async def request_password_reset(self, request: RequestPasswordResetRequest) -> RequestPasswordResetResponse:
        """Mails a link, where there is such an account: the answer and its time are the same without.

        Raises InvalidEmail, RateLimited.
        """
        ...

    @policy(deadline=15.0)
    async def reset_password(self, request: ResetPasswordRequest) -> ResetPasswordResponse:
        """Sets the password and ends every session. Raises InvalidTicket, InvalidPassword, HashingBusy."""
        ...

    @policy(deadline=5.0)
    async def request_email_verification(
        self, request: RequestEmailVerificationRequest
    ) -> RequestEmailVerificationResponse:
        """Mails a link to who acts, unless the email is verified already. Raises Unauthenticated, RateLimited."""
        ...

    @policy(deadline=5.0)
    async def verify_email(self, request: VerifyEmailRequest) -> VerifyEmailResponse:
        """Raises InvalidTicket."""
        ...

    @policy(deadline=15.0)
    async def delete_me(self, request: DeleteMeRequest) -> DeleteMeResponse:
        """Erases who acts, here and in every domain.

        Raises Unauthenticated, InvalidPassword, HashingBusy, RateLimited.
        """
        ...

    @policy(deadline=5.0)
    async def create_domain_access(self, request: CreateDomainAccessRequest) -> CreateDomainAccessResponse:
        """A guest token of who acts. Raises Unauthenticated, InvalidInput, RateLimited."""
        ...

    @policy(deadline=15.0)
    async def complete_social_login(self, request: CompleteSocialLoginRequest) -> CompleteSocialLoginResponse:
        """Ends a social login that began with `?return=bff`; the code stays good until it succeeds.

        Raises InvalidTicket; InvalidCredentials for a wrong password; RateLimited, HashingBusy.
        """
        ...


class BrowserSessions(Protocol):
    """Sessions of browsers, where the role that keeps them runs in this process: no other can be asked."""

    async def actor_of_cookie(self, header: str) -> Actor | None:
        """Who a Cookie header speaks for at this instant. A caller sees to it that no other site sends it along."""
        ...


async def users_by_id(auth: AuthService, ids: Iterable[str]) -> dict[str, User]:
    """Those of `ids` that exist, by their id: what a batched resolver needs. One call for each 1,000 of them."""
    distinct = tuple(dict.fromkeys(ids))
    found: dict[str, User] = {}
    for start in range(0, len(distinct), MOST_IDS):
        response = await auth.get_users_by_ids(GetUsersByIdsRequest(distinct[start : start + MOST_IDS]))
        found.update((each.id, each) for each in response.users)
    return found


async def actor_of_bearer(auth: AuthService, token: str, origin: str | None) -> Actor:
    """Who a bearer token speaks for at this instant. Raises InvalidBearer.

    `origin` is the request's header: a guest token is good on its own domain's pages, and where no page asks.
    """
    found = await auth.validate_token(ValidateTokenRequest(token))
    if not found.valid or (found.domain and origin and origin.partition("://")[2].lower() != found.domain):
        raise InvalidBearer
    return Actor(found.user_id, found.role, found.session_id)


@asynccontextmanager
async def as_bearer(
    auth: AuthService, authorization: str | None, origin: str | None, *, lenient: bool = False
) -> AsyncGenerator[None, None]:
    """The body runs as the user whose access token is in an Authorization header.

    Raises Unauthenticated without one, InvalidBearer for one that is not valid, Forbidden for a guest's; `lenient`
    runs it as nobody instead.
    """
    try:
        actor = await _caller(auth, authorization or "", origin)
    except (Unauthenticated, Forbidden):
        if not lenient:
            raise
        actor = None
    with acting_as(actor):
        yield


async def _caller(auth: AuthService, authorization: str, origin: str | None) -> Actor:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    actor = await actor_of_bearer(auth, token.strip(), origin)
    if actor.role == "GUEST":
        raise Forbidden
    return actor
