"""The messages of AuthService: what its calls take and give. Others import them from ports.py."""

from datetime import datetime
from typing import Literal

import msgspec

from girok.context import Role

__all__ = [
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
]

Provider = Literal["LOCAL", "GOOGLE", "KAKAO", "NAVER", "APPLE", "OIDC"]
"""What an account was made with; OIDC is any other provider, by configuration."""


class Confidential(msgspec.Struct, frozen=True):
    """The base of what holds a password, a token or a hash of one: its values never show in a log or a traceback."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account. `email`, `provider` and `email_verified` are told only when who asks is the user."""

    id: str
    username: str
    name: str
    role: Role
    created_at: datetime
    avatar: str | None = None
    bio: str | None = None
    email: str | None = None
    provider: Provider | None = None
    email_verified: bool = False


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One login. `device` is its User-Agent, `current` whether the call came with it."""

    id: str
    created_at: datetime
    last_used_at: datetime
    current: bool
    device: str | None = None
    address: str | None = None


class ValidateTokenRequest(Confidential, frozen=True):
    """`token`: an access token as `Login` gave it, or a guest token."""

    token: str


class ValidateTokenResponse(msgspec.Struct, frozen=True):
    """`valid` is false, and all else empty, for a token that is unknown, malformed, expired or of an ended session.

    `expires_at` is when the session ends even in use. `domain` is what a guest token is limited to.
    """

    valid: bool
    user_id: str = ""
    role: Role = "GUEST"
    session_id: str = ""
    expires_at: datetime | None = None
    domain: str = ""


class GetUserRequest(msgspec.Struct, frozen=True):
    id: str


class GetUserByUsernameRequest(msgspec.Struct, frozen=True):
    username: str


class GetUsersByIdsRequest(msgspec.Struct, frozen=True):
    """At most 1,000 ids."""

    ids: tuple[str, ...]


class UsersResponse(msgspec.Struct, frozen=True):
    """Those that exist, in no order."""

    users: tuple[User, ...]


class RegisterRequest(Confidential, frozen=True):
    """Emails are unique in any case of their letters. `device` is the client's User-Agent."""

    email: str
    username: str
    password: str
    name: str
    device: str | None = None


class SignedIn(Confidential, frozen=True):
    """A session that begins. It ends at `expires_at` even in use, its access token at `access_expires_at`."""

    user: User
    session_id: str
    access_token: str
    refresh_token: str
    access_expires_at: datetime
    expires_at: datetime


class RegisterResponse(SignedIn, frozen=True):
    """A new account with its first session."""


class LoginRequest(Confidential, frozen=True):
    """`device` is the client's User-Agent."""

    email: str
    password: str
    device: str | None = None


class LoginResponse(SignedIn, frozen=True):
    """A new session."""


class RefreshRequest(Confidential, frozen=True):
    """`refresh_token` as it was given last.

    `next_id` is a random UUID that names the next one: asked again with the same, the answer is the same token, as long
    as nobody used that.
    """

    refresh_token: str
    next_id: str | None = None


class RefreshResponse(Confidential, frozen=True):
    """The next pair of the same session."""

    access_token: str
    refresh_token: str
    access_expires_at: datetime


class LogoutRequest(Confidential, frozen=True):
    """Ends the session of who acts, and the one of the refresh token."""

    refresh_token: str | None = None


class LogoutResponse(msgspec.Struct, frozen=True):
    pass


class ListSessionsRequest(msgspec.Struct, frozen=True):
    pass


class SessionsResponse(msgspec.Struct, frozen=True):
    """The living sessions of who acts, last used first, 1,000 at the most."""

    sessions: tuple[Session, ...]


class EndSessionRequest(msgspec.Struct, frozen=True):
    id: str


class EndSessionResponse(msgspec.Struct, frozen=True):
    pass


class EndOtherSessionsRequest(msgspec.Struct, frozen=True):
    pass


class EndOtherSessionsResponse(msgspec.Struct, frozen=True):
    ended: int


class UpdateMeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is None stays as it is; an empty `avatar` or `bio` is taken away."""

    name: str | None = None
    username: str | None = None
    avatar: str | None = None
    bio: str | None = None


class ChangePasswordRequest(Confidential, frozen=True):
    current_password: str
    new_password: str


class ChangePasswordResponse(msgspec.Struct, frozen=True):
    pass


class RequestPasswordResetRequest(Confidential, frozen=True):
    email: str


class RequestPasswordResetResponse(msgspec.Struct, frozen=True):
    pass


class ResetPasswordRequest(Confidential, frozen=True):
    """`token` as the mail's link has it."""

    token: str
    new_password: str


class ResetPasswordResponse(msgspec.Struct, frozen=True):
    pass


class RequestEmailVerificationRequest(msgspec.Struct, frozen=True):
    pass


class RequestEmailVerificationResponse(msgspec.Struct, frozen=True):
    pass


class VerifyEmailRequest(Confidential, frozen=True):
    """`token` as the mail's link has it."""

    token: str


class VerifyEmailResponse(msgspec.Struct, frozen=True):
    pass


class DeleteMeRequest(Confidential, frozen=True):
    """`password`: of an account that has one."""

    password: str | None = None


class DeleteMeResponse(msgspec.Struct, frozen=True):
    pass


class CreateDomainAccessRequest(Confidential, frozen=True, kw_only=True):
    """A guest token for `domain`, a host name, for 1 to 720 hours."""

    domain: str
    expires_in_hours: int
    recipient_email: str | None = None
    device: str | None = None


class CreateDomainAccessResponse(Confidential, frozen=True):
    access_token: str
    expires_at: datetime


class CompleteSocialLoginRequest(Confidential, frozen=True, kw_only=True):
    """`code` as the provider's callback gave it, `browser` the secret of the browser that began."""

    code: str
    browser: str
    password: str | None = None
    device: str | None = None


class CompleteSocialLoginResponse(Confidential, frozen=True, kw_only=True):
    """The session; None when the password of the account with this email must be shown first (`link_required`)."""

    link_required: bool
    signed_in: LoginResponse | None = None
