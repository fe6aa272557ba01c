"""Feed's use cases. Who acts comes with the call context; everything stored goes through the repository."""

from girok.clock import Clock, IdFactory
from girok.context import current, require_user
from girok.kit import Kit
from girok.paging import PageInfo, check_first
from plugins.auth.ports import AuthService, GetUserByUsernameRequest
from plugins.feed import cursor
from plugins.feed.errors import CannotFollowOneself, NotYourPost, PostNotFound
from plugins.feed.events import PostCreated, PostDeleted, PostLiked, UserFollowed
from plugins.feed.plugin import FeedSettings
from plugins.feed.ports import (
    CreatePostRequest,
    DeletePostRequest,
    DeletePostResponse,
    FollowRequest,
    FollowResponse,
    GetPostRequest,
    GetRelationsRequest,
    GetTimelineRequest,
    GetUserPostsRequest,
    LikePostRequest,
    LikeResponse,
    Post,
    PostEdge,
    RelationsResponse,
    TimelineResponse,
    UnfollowRequest,
    UnfollowResponse,
    UnlikePostRequest,
)
from plugins.feed.repository import FeedRepository
from plugins.feed.repository_sql import SqlFeedRepository
from plugins.feed.rules import check_client_id, check_text

__all__ = ["Feed", "build", "repository"]


def repository(kit: Kit) -> FeedRepository:
    """The storage of this process."""
    settings = kit.settings.get(FeedSettings)
    if kit.mongo is None or settings.store == "sql":
        return SqlFeedRepository(kit.db, settings.fan_out_chunk)
    from plugins.feed.repository_mongo import MongoFeedRepository

    return MongoFeedRepository(kit.mongo, settings.fan_out_chunk)


def build(kit: Kit) -> "Feed":
    """The service of this process."""
    return Feed(
        repository(kit), kit.ports[AuthService], kit.clock, kit.ids, max_text=kit.settings.get(FeedSettings).max_text
    )


class Feed:
    """See FeedService in ports.py."""

    def __init__(
        self, posts: FeedRepository, auth: AuthService, clock: Clock, ids: IdFactory, *, max_text: int
    ) -> None:
        self._posts = posts
        self._auth = auth
        self._clock = clock
        self._ids = ids
        self._max_text = max_text

    async def get_timeline(self, request: GetTimelineRequest) -> TimelineResponse:
        user_id = require_user().user_id
        before = cursor.decode(request.after) if request.after is not None else None
        limit = check_first(request.first)
        return _page(await self._posts.timeline(user_id, before, limit + 1), limit)

    async def get_user_posts(self, request: GetUserPostsRequest) -> TimelineResponse:
        before = cursor.decode(request.after) if request.after is not None else None
        limit = check_first(request.first)
        return _page(await self._posts.posts_of(request.user_id, _viewer(), before, limit + 1), limit)

    async def get_post(self, request: GetPostRequest) -> Post:
        found = await self._posts.post(request.id, _viewer())
        if found is None:
            raise PostNotFound
        return found

    async def create_post(self, request: CreatePostRequest) -> Post:
        actor = require_user()
        post = Post(
            id=self._ids.new(),
            text=check_text(request.text, self._max_text),
            author_id=actor.user_id,
            like_count=0,
            liked=False,
            created_at=self._clock.now(),
        )
        event = PostCreated(post_id=post.id, author_id=post.author_id)
        return await self._posts.create_post(post, check_client_id(request.client_id), event)

    async def delete_post(self, request: DeletePostRequest) -> DeletePostResponse:
        actor = require_user()
        post = await self.get_post(GetPostRequest(request.id))
        if post.author_id != actor.user_id:
            raise NotYourPost
        await self._posts.delete_post(post.id, PostDeleted(post_id=post.id, author_id=post.author_id))
        return DeletePostResponse()

    async def like_post(self, request: LikePostRequest) -> LikeResponse:
        actor = require_user()
        post = await self.get_post(GetPostRequest(request.id))
        event = PostLiked(post_id=post.id, author_id=post.author_id, user_id=actor.user_id)
        liked = await self._posts.like(post.id, actor.user_id, self._clock.now(), event)
        if liked is None:
            raise PostNotFound
        return LikeResponse(liked)

    async def unlike_post(self, request: UnlikePostRequest) -> LikeResponse:
        post = await self._posts.unlike(request.id, require_user().user_id)
        if post is None:
            raise PostNotFound
        return LikeResponse(post)

    async def follow(self, request: FollowRequest) -> FollowResponse:
        follower_id = require_user().user_id
        followee_id = await self._user_id(request.username)
        if follower_id == followee_id:
            raise CannotFollowOneself
        event = UserFollowed(follower_id=follower_id, followee_id=followee_id)
        await self._posts.follow(follower_id, followee_id, self._clock.now(), event)
        return FollowResponse(followee_id)

    async def unfollow(self, request: UnfollowRequest) -> UnfollowResponse:
        follower_id = require_user().user_id
        followee_id = await self._user_id(request.username)
        await self._posts.unfollow(follower_id, followee_id)
        return UnfollowResponse(followee_id)

    async def get_relations(self, request: GetRelationsRequest) -> RelationsResponse:
        return RelationsResponse(tuple(await self._posts.relations(request.user_ids, _viewer())))

    async def _user_id(self, username: str) -> str:
        return (await self._auth.get_user_by_username(GetUserByUsernameRequest(username))).id


def _viewer() -> str:
    actor = current().actor
    return actor.user_id if actor else ""


def _page(found: list[Post], limit: int) -> TimelineResponse:
    """One row more than `limit` was asked for: whether it came says if there is a next page."""
    edges = tuple(PostEdge(cursor.encode(post.id), post) for post in found[:limit])
    return TimelineResponse(
        edges,
        PageInfo(
            has_next_page=len(found) > limit,
            end_cursor=edges[-1].cursor if edges else None,
            start_cursor=edges[0].cursor if edges else None,
        ),
    )
