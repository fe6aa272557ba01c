"""Auth's part of the GraphQL schema. Signing in and out is the edge's: it sets the cookie."""

from collections.abc import Sequence

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
    Session,
    User,
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
