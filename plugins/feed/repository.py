"""Feed's storage port. Each method is one unit of work; events given to it commit with the change, or not at all."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from girok.events.consumer import Delivery
from plugins.feed.events import PostCreated, PostDeleted, PostLiked, UserFollowed
from plugins.feed.ports import Post, Relation

__all__ = ["FeedRepository", "Since"]


class Since(NamedTuple):
    """A post that somebody likes, or a user whom they follow; None where the store does not keep since when."""

    id: str
    since: datetime | None


class FeedRepository(Protocol):
    """`viewer` is the id of who asks, "" for nobody: it decides `liked` and `is_following`, never what is shown."""

    async def create_post(self, post: Post, client_id: str | None, event: PostCreated) -> Post:
        """Store the post, in its author's timeline too. The stored one when the author used `client_id` before."""
        ...

    async def delete_post(self, post_id: str, event: PostDeleted) -> None:
        """Remove the post, for all who look; no error when it is gone. The rest is `finish_deletion`'s."""
        ...

    async def post(self, post_id: str, viewer: str) -> Post | None:
        """One post."""
        ...

    async def like(self, post_id: str, user_id: str, now: datetime, event: PostLiked) -> Post | None:
        """The post with its new count; None when there is none. `event` only at the first like."""
        ...

    async def unlike(self, post_id: str, user_id: str) -> Post | None:
        """The post with its new count; None when there is none."""
        ...

    async def timeline(self, user_id: str, before: str | None, limit: int) -> list[Post]:
        """Posts of the timeline older than the post id `before`, newest first."""
        ...

    async def posts_of(self, author_id: str, viewer: str, before: str | None, limit: int) -> list[Post]:
        """Posts of one author older than the post id `before`, newest first."""
        ...

    async def follow(self, follower_id: str, followee_id: str, now: datetime, event: UserFollowed) -> None:
        """Store the follow and both counts; nothing, and no event, when it is there."""
        ...

    async def unfollow(self, follower_id: str, followee_id: str) -> None:
        """Remove the follow, its counts and the followee's posts from the timeline."""
        ...

    async def relations(self, user_ids: Sequence[str], viewer: str) -> list[Relation]:
        """One for each id, in order."""
        ...

    async def likes_of(self, user_id: str, after: str, limit: int) -> list[Since]:
        """The posts that a user likes and whose id follows `after`, by id."""
        ...

    async def follows_of(self, user_id: str, after: str, limit: int) -> list[Since]:
        """The users whom a user follows and whose id follows `after`, by id."""
        ...

    async def push_to_followers(self, post_id: str, author_id: str, delivery: Delivery) -> None:
        """Fan-out on write: put the post into every follower's timeline, unless it is gone."""
        ...

    async def finish_deletion(self, post_id: str, delivery: Delivery) -> None:
        """Remove the likes of a deleted post, and take it out of every timeline: in pieces, any number of times."""
        ...

    async def backfill(self, follower_id: str, followee_id: str, limit: int, delivery: Delivery) -> None:
        """Put the newest posts of `followee_id` into the timeline, if the follow still stands."""
        ...

    async def erase(self, user_id: str, delivery: Delivery) -> None:
        """Remove the user's posts with all that hangs on them, their likes, follows both ways and their timeline.

        Piece by piece, each a unit that leaves every count right; cut off anywhere, it is whole once it is run again.
        """
        ...
