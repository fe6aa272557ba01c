"""Auth's part of the GraphQL schema. Signing in and out is the edge's: it sets the cookie."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from girok.context import Role, current
from girok.graphql.part import Context, Part
from plugins.auth.errors import UserNotFound
from plugins.auth.ports import (
    AuthService,
    EndOtherSessionsRequest,
    EndSessionRequest,
    GetUserByUsernameRequest,
    GetUserRequest,
    ListSessionsRequest,
    RequestEmailVerificationRequest,
    RequestPasswordResetRequest,
    Session,
    UpdateMeRequest,
    User,
    VerifyEmailRequest,
)

__all__ = ["PART"]

PART = Part("""
extend type Query {
  "The signed-in user; null when signed out."
  me: User
  "Null when there is none, without an error."
  user(username: String!): User
  sessions: [Session!]!
}

extend type Mutation {
  "What is absent stays; null takes an avatar or a bio away."
  updateMe(input: UpdateMeInput!): User!
  "Mails a link; the answer does not tell whether there is an account."
  requestPasswordReset(email: String!): Boolean!
  "Mails the link that verifies the email again."
  requestEmailVerification: Boolean!
  verifyEmail(token: String!): Boolean!
  endSession(id: ID!): Boolean!
  endOtherSessions: Int!
}

type User {
  id: ID!
  username: String!
  name: String!
  avatar: String
  bio: String
  "Only on oneself."
  email: String
  "Only on oneself."
  role: Role
  createdAt: DateTime!
}
input UpdateMeInput { name: String username: String avatar: String bio: String }
enum Role { GUEST USER MANAGER MASTER }

type Session { id: ID! device: String address: String createdAt: DateTime! lastUsedAt: DateTime! current: Boolean! }
""")


@PART.query("me")
async def me(context: Context) -> User | None:
    actor = current().actor
    if actor is None:
        return None
    try:
        return await context.ports[AuthService].get_user(GetUserRequest(actor.user_id))
    except UserNotFound:
        return None


@PART.query("user")
async def user(context: Context, *, username: str) -> User | None:
    try:
        return await context.ports[AuthService].get_user_by_username(GetUserByUsernameRequest(username))
    except UserNotFound:
        return None


@PART.query("sessions")
async def sessions(context: Context) -> Sequence[Session]:
    return (await context.ports[AuthService].list_sessions(ListSessionsRequest())).sessions


class UpdateMeInput(msgspec.Struct, frozen=True):
    """The input of updateMe."""

    name: str | UnsetType | None = UNSET
    username: str | UnsetType | None = UNSET
    avatar: str | UnsetType | None = UNSET
    bio: str | UnsetType | None = UNSET


@PART.mutation("updateMe")
async def update_me(context: Context, *, input: UpdateMeInput) -> User:  # noqa: A002 - the argument's name in the schema
    given = msgspec.structs.asdict(input)
    changes = {field: value or "" for field, value in given.items() if value is not UNSET}
    return await context.ports[AuthService].update_me(UpdateMeRequest(**changes))


@PART.mutation("requestPasswordReset")
async def request_password_reset(context: Context, *, email: str) -> bool:
    await context.ports[AuthService].request_password_reset(RequestPasswordResetRequest(email))
    return True


@PART.mutation("requestEmailVerification")
async def request_email_verification(context: Context) -> bool:
    await context.ports[AuthService].request_email_verification(RequestEmailVerificationRequest())
    return True


@PART.mutation("verifyEmail")
async def verify_email(context: Context, *, token: str) -> bool:
    await context.ports[AuthService].verify_email(VerifyEmailRequest(token))
    return True


@PART.mutation("endSession")
async def end_session(context: Context, *, id: str) -> bool:  # noqa: A002 - the argument's name in the schema
    await context.ports[AuthService].end_session(EndSessionRequest(id))
    return True


@PART.mutation("endOtherSessions")
async def end_other_sessions(context: Context) -> int:
    return (await context.ports[AuthService].end_other_sessions(EndOtherSessionsRequest())).ended


@PART.field("User", "role")
async def role(context: Context, users: Sequence[User]) -> Sequence[Role | None]:  # noqa: ARG001 - a resolver's first
    """The service gives a user's email to that user alone; the role is shown with it."""
    return [each.role if each.email is not None else None for each in users]
