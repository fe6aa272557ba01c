"""What feed does when something happened: timelines are written here, after the request that caused it is answered."""

from collections.abc import Sequence

from girok.events.consumer import Consumer, Delivery
from girok.kit import Kit
from plugins.feed.events import PostCreated, PostDeleted, UserFollowed
from plugins.feed.plugin import FeedSettings
from plugins.feed.service import repository

__all__ = ["consumers"]


def consumers(kit: Kit) -> Sequence[Consumer]:
    """Fan-out, removal and back-fill. Each may come in any order and more than once."""
    posts = repository(kit)
    newest = kit.settings.get(FeedSettings).backfill

    async def fan_out(event: PostCreated, delivery: Delivery) -> None:
        await posts.push_to_followers(event.post_id, event.author_id, delivery)

    async def remove(event: PostDeleted, delivery: Delivery) -> None:
        await posts.remove_from_timelines(event.post_id, delivery)

    async def backfill(event: UserFollowed, delivery: Delivery) -> None:
        await posts.backfill(event.follower_id, event.followee_id, newest, delivery)

    return [
        Consumer("feed.fan-out", PostCreated, fan_out),
        Consumer("feed.removal", PostDeleted, remove),
        Consumer("feed.back-fill", UserFollowed, backfill),
    ]
