"""Feed's manifest."""

from typing import Annotated, ClassVar

from msgspec import Meta

from girok.manifest import Manifest
from girok.sections_cluster import StoreChoice

__all__ = ["MANIFEST", "FeedSettings"]


class FeedSettings(StoreChoice, frozen=True):
    """Posts and timelines."""

    section: ClassVar[str] = "feed"

    max_text: Annotated[int, Meta(ge=1, le=100_000, description="The longest text of a post, in characters.")] = 5_000
    backfill: Annotated[
        int, Meta(ge=0, le=10_000, description="Newest posts of somebody that a new follower gets into the timeline.")
    ] = 500
    fan_out_chunk: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="Timelines, or rows of an erased user, that one unit of work writes at the most.",
        ),
    ] = 1_000


MANIFEST = Manifest(
    name="feed",
    summary="posts, likes, follows and timelines",
    requires=("auth",),
    provides=("FeedService",),
    consumes=("feed.post.created", "feed.post.deleted", "feed.user.followed", "auth.user.erased"),
    events_days=30,
    settings=FeedSettings,
    http_port=3004,
    grpc_port=50053,
)
