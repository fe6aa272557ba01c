"""What feed does when something happened: timelines are written here, after the request that caused it is answered."""

from collections.abc import Sequence

from girok.events.consumer import Consumer, Delivery
from girok.kit import Kit
from plugins.auth.events import UserErased
from plugins.feed.events import PostCreated, PostDeleted, UserFollowed
from plugins.feed.plugin import FeedSettings
from plugins.feed.service import repository

__all__ = ["consumers"]

_LONG = 3600.0
"""Seconds for what goes in pieces, 1,000 rows in 20 ms. What is longer goes on at the next delivery, where it was."""


def consumers(kit: Kit) -> Sequence[Consumer]:
    """Fan-out, removal, back-fill and erasure. Each may come in any order and more than once.

    An erasure keeps no list of who is erased: auth has the only one, and the id is to be nowhere else. So a call of the
    user that was let in just before and ends after it (a post, a like, a follow) leaves something behind, as a backup
    does that is played back. The next `auth.user.erased` takes that: auth tells it again after 30 to 90 minutes, then
    each day for a month. Events that come late find no post and no follow, and do nothing.
    """
    posts = repository(kit)
    newest = kit.settings.get(FeedSettings).backfill

    async def fan_out(event: PostCreated, delivery: Delivery) -> None:
        await posts.push_to_followers(event.post_id, event.author_id, delivery)

    async def remove(event: PostDeleted, delivery: Delivery) -> None:
        await posts.finish_deletion(event.post_id, delivery)

    async def backfill(event: UserFollowed, delivery: Delivery) -> None:
        await posts.backfill(event.follower_id, event.followee_id, newest, delivery)

    async def erase(event: UserErased, delivery: Delivery) -> None:
        await posts.erase(event.user_id, delivery)

    return [
        Consumer("feed.fan-out", PostCreated, fan_out),
        Consumer("feed.removal", PostDeleted, remove, timeout=_LONG),
        Consumer("feed.back-fill", UserFollowed, backfill),
        Consumer("feed.erasure", UserErased, erase, in_flight=2, timeout=_LONG),
    ]
