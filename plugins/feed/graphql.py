"""Feed's part of the GraphQL schema."""

from collections.abc import Sequence

import msgspec

from girok.errors import NotFound
from girok.graphql.part import Context, Part
from girok.paging import PageInfo
from plugins.auth.ports import AuthService, GetUserByUsernameRequest, GetUserRequest, User, users_by_id
from plugins.feed.errors import PostNotFound
from plugins.feed.ports import (
    CreatePostRequest,
    DeletePostRequest,
    FeedService,
    FollowRequest,
    GetPostRequest,
    GetRelationsRequest,
    GetTimelineRequest,
    GetUserPostsRequest,
    LikePostRequest,
    Post,
    Relation,
    TimelineResponse,
    UnfollowRequest,
    UnlikePostRequest,
)

__all__ = ["PART"]

PART = Part("""
extend type Query {
  timeline(first: Int = 20, after: String): PostConnection!
  "Null when there is none, without an error."
  post(id: ID!): Post
  userPosts(username: String!, first: Int = 20, after: String): PostConnection!
}

extend type Mutation {
  createPost(input: CreatePostInput!): Post!
  deletePost(id: ID!): Boolean!
  likePost(id: ID!): Post!
  unlikePost(id: ID!): Post!
  follow(username: String!): User!
  unfollow(username: String!): User!
}

extend type User {
  followerCount: Int!
  followingCount: Int!
  isFollowing: Boolean!
}

type Post {
  id: ID!
  text: String!
  author: User!
  likeCount: Int!
  liked: Boolean!
  createdAt: DateTime!
}

type PageInfo { endCursor: String hasNextPage: Boolean! startCursor: String hasPreviousPage: Boolean! }
type PostConnection { edges: [PostEdge!]! pageInfo: PageInfo! }
type PostEdge { cursor: String! node: Post! }

"`clientId` makes it idempotent: the same one twice is one post."
input CreatePostInput { text: String! clientId: String }
""")


class CreatePostInput(msgspec.Struct, frozen=True, rename="camel"):
    """The input of createPost."""

    text: str
    client_id: str | None = None


@PART.query("timeline")
async def timeline(context: Context, *, first: int, after: str | None = None) -> TimelineResponse:
    return await context.ports[FeedService].get_timeline(GetTimelineRequest(first, after))


@PART.query("post")
async def post(context: Context, *, id: str) -> Post | None:  # noqa: A002 - the argument's name in the schema
    try:
        return await context.ports[FeedService].get_post(GetPostRequest(id))
    except PostNotFound:
        return None


@PART.query("userPosts")
async def user_posts(context: Context, *, username: str, first: int, after: str | None = None) -> TimelineResponse:
    try:
        user = await context.ports[AuthService].get_user_by_username(GetUserByUsernameRequest(username))
    except NotFound:
        return TimelineResponse((), PageInfo(has_next_page=False))
    return await context.ports[FeedService].get_user_posts(GetUserPostsRequest(user.id, first, after))


@PART.mutation("createPost")
async def create_post(context: Context, *, input: CreatePostInput) -> Post:  # noqa: A002 - as above
    return await context.ports[FeedService].create_post(CreatePostRequest(input.text, input.client_id))


@PART.mutation("deletePost")
async def delete_post(context: Context, *, id: str) -> bool:  # noqa: A002 - as above
    await context.ports[FeedService].delete_post(DeletePostRequest(id))
    return True


@PART.mutation("likePost")
async def like_post(context: Context, *, id: str) -> Post:  # noqa: A002 - as above
    return (await context.ports[FeedService].like_post(LikePostRequest(id))).post


@PART.mutation("unlikePost")
async def unlike_post(context: Context, *, id: str) -> Post:  # noqa: A002 - as above
    return (await context.ports[FeedService].unlike_post(UnlikePostRequest(id))).post


@PART.mutation("follow")
async def follow(context: Context, *, username: str) -> User:
    followed = await context.ports[FeedService].follow(FollowRequest(username))
    return await context.ports[AuthService].get_user(GetUserRequest(followed.user_id))


@PART.mutation("unfollow")
async def unfollow(context: Context, *, username: str) -> User:
    unfollowed = await context.ports[FeedService].unfollow(UnfollowRequest(username))
    return await context.ports[AuthService].get_user(GetUserRequest(unfollowed.user_id))


@PART.field("Post", "author")
async def author(context: Context, posts: Sequence[Post]) -> Sequence[User]:
    """Whoever was just erased has no name: their posts go a moment later, and no timeline is to fail meanwhile."""
    users = await users_by_id(context.ports[AuthService], [each.author_id for each in posts])
    return [users.get(each.author_id) or _erased(each) for each in posts]


@PART.field("User", "followerCount")
async def follower_count(context: Context, users: Sequence[User]) -> Sequence[int]:
    return [each.follower_count for each in await _relations(context, users)]


@PART.field("User", "followingCount")
async def following_count(context: Context, users: Sequence[User]) -> Sequence[int]:
    return [each.following_count for each in await _relations(context, users)]


@PART.field("User", "isFollowing")
async def is_following(context: Context, users: Sequence[User]) -> Sequence[bool]:
    return [each.is_following for each in await _relations(context, users)]


def _erased(post: Post) -> User:
    return User(id=post.author_id, username="", name="", role="GUEST", created_at=post.created_at)


async def _relations(context: Context, users: Sequence[User]) -> Sequence[Relation]:
    ids = tuple(each.id for each in users)
    return (await context.ports[FeedService].get_relations(GetRelationsRequest(ids))).relations
