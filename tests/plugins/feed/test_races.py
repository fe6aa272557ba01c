"""What a person does while an event of another is delivered: no order of the two leaves anything behind."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from girok.clock import SystemClock, Uuid7Factory
from girok.db.migrations import migrate
from girok.events.outbox import Outbox
from girok.mongo import open_mongo
from girok.testing.mongo import new_database
from plugins.feed.documents import COLLECTIONS
from plugins.feed.events import PostCreated, PostLiked, UserFollowed
from plugins.feed.ports import Post
from plugins.feed.repository import FeedRepository
from plugins.feed.repository_mongo import MongoFeedRepository
from plugins.feed.repository_sql import SqlFeedRepository
from tests.kernel.db.engines import ENGINES, Opening
from tests.plugins.feed.stores import FirstDelivery

ROUNDS = 30
CLOCK = SystemClock()
IDS = Uuid7Factory(CLOCK)


@asynccontextmanager
async def on_sql(opening: Opening) -> AsyncGenerator[FeedRepository, None]:
    async with opening as db:
        await migrate(db, ["girok", "feed"])
        db.outbox = Outbox(CLOCK, IDS, ())
        yield SqlFeedRepository(db, chunk=500)


@asynccontextmanager
async def on_mongo(server: str) -> AsyncGenerator[FeedRepository, None]:
    async with new_database(server) as url, open_mongo(url, COLLECTIONS, CLOCK, IDS) as mongo:
        yield MongoFeedRepository(mongo, chunk=500)


@pytest.fixture(params=[*ENGINES, "mongo"])
def opening(request: pytest.FixtureRequest) -> AbstractAsyncContextManager[FeedRepository]:
    """Feed's storage on each store in turn."""
    if request.param == "mongo":
        return on_mongo(request.getfixturevalue("mongo_url"))
    return on_sql(ENGINES[request.param](request))


@pytest.fixture
async def feed(opening: AbstractAsyncContextManager[FeedRepository]) -> AsyncIterator[FeedRepository]:
    """Feed's storage, empty."""
    async with opening as repository:
        yield repository


async def post_for_a_follower(feed: FeedRepository) -> tuple[str, str, str]:
    """A new post: its id, its author and somebody who follows them."""
    post_id, author, reader = IDS.new(), IDS.new(), IDS.new()
    await feed.follow(reader, author, CLOCK.now(), UserFollowed(reader, author))
    post = Post(id=post_id, text="hello", author_id=author, like_count=0, liked=False, created_at=CLOCK.now())
    await feed.create_post(post, None, PostCreated(post_id, author))
    return post_id, author, reader


class TestPush:
    async def test_beside_an_unfollow_leaves_nothing_in_the_timeline(self, feed: FeedRepository) -> None:
        for _ in range(ROUNDS):
            post_id, author, reader = await post_for_a_follower(feed)
            await asyncio.gather(
                feed.push_to_followers(post_id, author, FirstDelivery()), feed.unfollow(reader, author)
            )
            assert await feed.timeline(reader, None, 10) == []


class TestErase:
    async def test_beside_calls_and_fan_out_all_is_gone_once_it_is_told_again(self, feed: FeedRepository) -> None:
        for _ in range(ROUNDS):
            post_id, author, reader = await post_for_a_follower(feed)
            kept, writer, other = await post_for_a_follower(feed)
            now = CLOCK.now()
            await asyncio.gather(
                feed.erase(author, FirstDelivery()),
                feed.push_to_followers(post_id, author, FirstDelivery()),
                feed.like(post_id, reader, now, PostLiked(post_id, author, reader)),
                feed.like(kept, author, now, PostLiked(kept, writer, author)),
                feed.follow(author, reader, now, UserFollowed(author, reader)),
                feed.follow(other, author, now, UserFollowed(other, author)),
                feed.backfill(other, author, 10, FirstDelivery()),
            )
            await feed.erase(author, FirstDelivery())
            assert await feed.timeline(reader, None, 10) == await feed.timeline(author, None, 10) == []
            assert await feed.posts_of(author, "", None, 10) == []
            left = await feed.post(kept, author)
            assert left is not None
            assert (left.like_count, left.liked) == (0, False)
            found = await feed.relations([reader, author, other], author)
            assert [(each.follower_count, each.following_count) for each in found] == [(0, 0), (0, 0), (0, 1)]
