"""What feed tells the others."""

from typing import ClassVar

from girok.events.event import Event

__all__ = ["PostCreated", "PostDeleted", "PostLiked", "UserFollowed"]


class PostCreated(Event, frozen=True):
    """A post is there."""

    subject: ClassVar[str] = "feed.post.created"
    post_id: str
    author_id: str


class PostDeleted(Event, frozen=True):
    """A post is gone."""

    subject: ClassVar[str] = "feed.post.deleted"
    post_id: str
    author_id: str


class PostLiked(Event, frozen=True):
    """Somebody likes a post who did not before."""

    subject: ClassVar[str] = "feed.post.liked"
    post_id: str
    author_id: str
    user_id: str


class UserFollowed(Event, frozen=True):
    """`follower_id` follows `followee_id` and did not before."""

    subject: ClassVar[str] = "feed.user.followed"
    follower_id: str
    followee_id: str
