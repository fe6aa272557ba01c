"""The bff's part of the GraphQL schema: what touches the cookie."""

import msgspec

from girok.context import require_user
from girok.graphql.part import Context, Part
from plugins.auth.ports import (
    AuthService,
    ChangePasswordRequest,
    CompleteSocialLoginRequest,
    Confidential,
    DeleteMeRequest,
    GetUserRequest,
    LoginRequest,
    LogoutRequest,
    RegisterRequest,
    ResetPasswordRequest,
    User,
)
from plugins.bff.sessions import Visit

__all__ = ["PART"]

PART = Part("""
extend type Mutation {
  "Makes an account and signs in to it."
  register(input: RegisterInput!): AuthResponse!
  login(input: LoginInput!): AuthResponse!
  "Ends the session; no error when signed out."
  logout: AuthResponse!
  "Ends a social login begun with `?return=bff`; password when the account must be linked."
  completeSocialLogin(code: String!, password: String): SocialLoginResponse!
  "Every other session ends."
  changePassword(input: ChangePasswordInput!): AuthResponse!
  "Every session ends."
  resetPassword(token: String!, newPassword: String!): AuthResponse!
  "Erases the signed-in user everywhere; password where there is one."
  deleteMe(password: String): Boolean!
}

type AuthResponse { success: Boolean! user: User }
type SocialLoginResponse { success: Boolean! linkRequired: Boolean! user: User }

input RegisterInput { email: String! username: String! password: String! name: String! }
input LoginInput { email: String! password: String! }
input ChangePasswordInput { currentPassword: String! newPassword: String! }
""")


class RegisterInput(Confidential, frozen=True):
    """The input of register."""

    email: str
    username: str
    password: str
    name: str


class LoginInput(Confidential, frozen=True):
    """The input of login."""

    email: str
    password: str


class ChangePasswordInput(Confidential, frozen=True, rename="camel"):
    """The input of changePassword."""

    current_password: str
    new_password: str


class SocialLoginResponse(msgspec.Struct, frozen=True):
    """The end of a social login; `link_required`: the account's password is missing."""

    success: bool
    link_required: bool
    user: User | None = None


class AuthResponse(msgspec.Struct, frozen=True):
    """What signing in and out gives; `user` is who is signed in now."""

    success: bool
    user: User | None = None


@PART.mutation("register")
async def register(context: Context, *, input: RegisterInput) -> AuthResponse:  # noqa: A002 - as the schema has it
    visit = context.of(Visit)
    visit.check_transport()
    request = RegisterRequest(input.email, input.username, input.password, input.name, visit.device)
    registered = await context.ports[AuthService].register(request)
    await visit.begin(registered)
    return AuthResponse(success=True, user=registered.user)


@PART.mutation("login")
async def login(context: Context, *, input: LoginInput) -> AuthResponse:  # noqa: A002 - as above
    visit = context.of(Visit)
    visit.check_transport()
    logged_in = await context.ports[AuthService].login(LoginRequest(input.email, input.password, visit.device))
    await visit.begin(logged_in)
    return AuthResponse(success=True, user=logged_in.user)


@PART.mutation("logout")
async def logout(context: Context) -> AuthResponse:
    await context.ports[AuthService].logout(LogoutRequest())  # of who acts: a bearer comes without a cookie
    await context.of(Visit).end()
    return AuthResponse(success=True)


@PART.mutation("completeSocialLogin")
async def complete_social_login(context: Context, *, code: str, password: str | None = None) -> SocialLoginResponse:
    visit = context.of(Visit)
    visit.check_transport()
    completed = await context.ports[AuthService].complete_social_login(
        CompleteSocialLoginRequest(code=code, browser=visit.browser, password=password, device=visit.device)
    )
    if completed.signed_in is None:
        return SocialLoginResponse(success=False, link_required=True)
    await visit.begin(completed.signed_in)
    visit.ended_social_login = True
    return SocialLoginResponse(success=True, link_required=False, user=completed.signed_in.user)


@PART.mutation("changePassword")
async def change_password(context: Context, *, input: ChangePasswordInput) -> AuthResponse:  # noqa: A002 - as above
    context.of(Visit).check_transport()
    auth = context.ports[AuthService]
    await auth.change_password(ChangePasswordRequest(input.current_password, input.new_password))
    return AuthResponse(success=True, user=await auth.get_user(GetUserRequest(require_user().user_id)))


@PART.mutation("resetPassword")
async def reset_password(context: Context, *, token: str, new_password: str) -> AuthResponse:
    context.of(Visit).check_transport()
    await context.ports[AuthService].reset_password(ResetPasswordRequest(token, new_password))
    return AuthResponse(success=True)


@PART.mutation("deleteMe")
async def delete_me(context: Context, *, password: str | None = None) -> bool:
    await context.ports[AuthService].delete_me(DeleteMeRequest(password))
    await context.of(Visit).end()
    return True
