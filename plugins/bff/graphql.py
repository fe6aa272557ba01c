"""The bff's part of the GraphQL schema: what touches the cookie."""

import msgspec

from girok.graphql.part import Context, Part
from plugins.auth.ports import AuthService, Confidential, LoginRequest, LogoutRequest, RegisterRequest, User
from plugins.bff.sessions import Visit

__all__ = ["PART"]

PART = Part("""
extend type Mutation {
  "Makes an account and signs in to it."
  register(input: RegisterInput!): AuthResponse!
  login(input: LoginInput!): AuthResponse!
  "Ends the session; no error when signed out."
  logout: AuthResponse!
}

type AuthResponse { success: Boolean! user: User }

input RegisterInput { email: String! username: String! password: String! name: String! }
input LoginInput { email: String! password: String! }
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
