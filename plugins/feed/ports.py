"""Feed's published contract: posts, likes, follows and timelines."""

from datetime import datetime
from typing import Protocol

import msgspec

from girok.paging import PageInfo
from girok.port import policy

__all__ = [
    "CreatePostRequest",
    "DeletePostRequest",
    "DeletePostResponse",
    "FeedService",
    "FollowRequest",
    "FollowResponse",
    "GetPostRequest",
    "GetRelationsRequest",
    "GetTimelineRequest",
    "GetUserPostsRequest",
    "LikePostRequest",
    "LikeResponse",
    "Post",
    "PostEdge",
    "Relation",
    "RelationsResponse",
    "TimelineResponse",
    "UnfollowRequest",
    "UnfollowResponse",
    "UnlikePostRequest",
]


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A post as who asks sees it: `liked` is theirs."""

    id: str
    text: str
    author_id: str
    like_count: int
    liked: bool
    created_at: datetime


class PostEdge(msgspec.Struct, frozen=True):
    """`cursor` continues the list after this post."""

    cursor: str
    node: Post


class TimelineResponse(msgspec.Struct, frozen=True):
    """A page of posts, newest first."""

    edges: tuple[PostEdge, ...]
    page_info: PageInfo


class GetTimelineRequest(msgspec.Struct, frozen=True):
    """`first` is 1 to 100; `after` is a cursor of an earlier page."""

    first: int = 20
    after: str | None = None


class GetUserPostsRequest(msgspec.Struct, frozen=True):
    user_id: str
    first: int = 20
    after: str | None = None


class GetPostRequest(msgspec.Struct, frozen=True):
    id: str


class CreatePostRequest(msgspec.Struct, frozen=True):
    """`client_id` makes it idempotent: the same one of the same author twice is one post."""

    text: str
    client_id: str | None = None


class DeletePostRequest(msgspec.Struct, frozen=True):
    id: str


class DeletePostResponse(msgspec.Struct, frozen=True):
    pass


class LikePostRequest(msgspec.Struct, frozen=True):
    id: str


class UnlikePostRequest(msgspec.Struct, frozen=True):
    id: str


class LikeResponse(msgspec.Struct, frozen=True):
    """The post with its new count."""

    post: Post


class FollowRequest(msgspec.Struct, frozen=True):
    username: str


class FollowResponse(msgspec.Struct, frozen=True):
    """Who is followed now."""

    user_id: str


class UnfollowRequest(msgspec.Struct, frozen=True):
    username: str


class UnfollowResponse(msgspec.Struct, frozen=True):
    """Who is not followed any more."""

    user_id: str


class GetRelationsRequest(msgspec.Struct, frozen=True):
    """At most 1,000 ids."""

    user_ids: tuple[str, ...]


class Relation(msgspec.Struct, frozen=True):
    """A user's counts, and whether who asks follows them (false when nobody is signed in)."""

    user_id: str
    follower_count: int
    following_count: int
    is_following: bool


class RelationsResponse(msgspec.Struct, frozen=True):
    """One for each id asked, in that order, unknown ones with zeros."""

    relations: tuple[Relation, ...]


class FeedService(Protocol):
    """Posts, likes, follows and timelines. Who acts comes with the call context."""

    @policy(deadline=2.0, idempotent=True)
    async def get_timeline(self, request: GetTimelineRequest) -> TimelineResponse:
        """Posts of who acts and of those they follow. Raises Unauthenticated, InvalidInput, InvalidCursor."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def get_user_posts(self, request: GetUserPostsRequest) -> TimelineResponse:
        """Anybody may ask. Raises InvalidInput, InvalidCursor."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def get_post(self, request: GetPostRequest) -> Post:
        """Anybody may ask. Raises PostNotFound."""
        ...

    @policy(deadline=5.0)
    async def create_post(self, request: CreatePostRequest) -> Post:
        """Raises Unauthenticated, InvalidText."""
        ...

    @policy(deadline=5.0, idempotent=True)
    async def delete_post(self, request: DeletePostRequest) -> DeletePostResponse:
        """One's own. Raises PostNotFound, NotYourPost."""
        ...

    @policy(deadline=5.0, idempotent=True)
    async def like_post(self, request: LikePostRequest) -> LikeResponse:
        """Twice counts once. Raises PostNotFound."""
        ...

    @policy(deadline=5.0, idempotent=True)
    async def unlike_post(self, request: UnlikePostRequest) -> LikeResponse:
        """Twice is no error. Raises PostNotFound."""
        ...

    @policy(deadline=5.0, idempotent=True)
    async def follow(self, request: FollowRequest) -> FollowResponse:
        """Twice is no error. Raises UserNotFound, CannotFollowOneself."""
        ...

    @policy(deadline=5.0, idempotent=True)
    async def unfollow(self, request: UnfollowRequest) -> UnfollowResponse:
        """Twice is no error. Raises UserNotFound."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def get_relations(self, request: GetRelationsRequest) -> RelationsResponse:
        """Counts of many users at once, and whether who asks follows them."""
        ...
