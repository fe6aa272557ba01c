"""What MongoDB's repository has to make up for without transactions: many at once, and the same event again.

On nx-27017, which runs one command at a time, these show that no order of commands leaves anything behind; that the
commands are atomic each is MongoDB's own promise (GIROK_TEST_MONGO_URL runs them there).
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from girok.clock import SystemClock, Uuid7Factory
from girok.events.delivery import LocalDelivery
from girok.events.event import Envelope
from girok.mongo import EVENTS, Mongo, open_mongo
from girok.testing.mongo import new_database
from plugins.feed.documents import COLLECTIONS, Crowds
from plugins.feed.events import PostCreated, PostDeleted, PostLiked, UserFollowed
from plugins.feed.ports import Post
from plugins.feed.repository_mongo import MongoFeedRepository

CLOCK = SystemClock()
IDS = Uuid7Factory(CLOCK)
MANY = 40
AGAIN = LocalDelivery(Envelope("again", "", datetime.now(UTC), None, "", msgspec.Raw(b"{}")), 1, "feed.test")


@pytest.fixture
async def mongo(mongo_url: str) -> AsyncIterator[Mongo]:
    async with new_database(mongo_url) as url, open_mongo(url, COLLECTIONS, CLOCK, IDS) as opened:
        yield opened


@pytest.fixture
async def feed(mongo: Mongo) -> MongoFeedRepository:
    return MongoFeedRepository(mongo, chunk=3)


async def documents(mongo: Mongo) -> dict[str, list[dict[str, Any]]]:
    """All that is stored, events on their way left out."""
    found = {each.name: await mongo.collection(each.name).find().sort("_id", 1).to_list() for each in COLLECTIONS}
    return {
        name: [{key: value for key, value in each.items() if not key.startswith(EVENTS)} for each in rows]
        for name, rows in found.items()
    }


async def events(mongo: Mongo, name: str) -> list[str]:
    """The subjects of the events that documents of a collection carry."""
    return [
        event["subject"] for each in await mongo.collection(name).find().to_list() for event in each.get(EVENTS, ())
    ]


async def post_of(feed: MongoFeedRepository, author_id: str, client_id: str | None = None) -> Post:
    post = Post(id=IDS.new(), text="hello", author_id=author_id, like_count=0, liked=False, created_at=CLOCK.now())
    return await feed.create_post(post, client_id, PostCreated(post.id, author_id))


async def like(feed: MongoFeedRepository, post: Post, user_id: str) -> Post | None:
    return await feed.like(post.id, user_id, CLOCK.now(), PostLiked(post.id, post.author_id, user_id))


async def follow(feed: MongoFeedRepository, follower_id: str, followee_id: str) -> None:
    await feed.follow(follower_id, followee_id, CLOCK.now(), UserFollowed(follower_id, followee_id))


async def delete(feed: MongoFeedRepository, post: Post) -> None:
    await feed.delete_post(post.id, PostDeleted(post.id, post.author_id))


class TestManyAtOnce:
    async def test_likes_of_many_all_count(self, mongo: Mongo, feed: MongoFeedRepository) -> None:
        post = await post_of(feed, "author")
        await asyncio.gather(*(like(feed, post, IDS.new()) for _ in range(MANY)))
        seen = await feed.post(post.id, "")
        assert seen is not None
        assert seen.like_count == MANY
        assert await events(mongo, "feed_like") == ["feed.post.liked"] * MANY

    async def test_likes_of_one_count_once(self, mongo: Mongo, feed: MongoFeedRepository) -> None:
        post = await post_of(feed, "author")
        counts = await asyncio.gather(*(like(feed, post, "reader") for _ in range(MANY)))
        assert {each.like_count for each in counts if each} == {1}
        assert await events(mongo, "feed_like") == ["feed.post.liked"]

    async def test_a_like_beside_others_takings_back_is_counted(self, feed: MongoFeedRepository) -> None:
        post, users = await post_of(feed, "author"), [IDS.new() for _ in range(MANY)]
        await asyncio.gather(*(like(feed, post, each) for each in users))
        await asyncio.gather(
            *(feed.unlike(post.id, each) for each in users[::2]), *(like(feed, post, IDS.new()) for _ in range(MANY))
        )
        seen = await feed.post(post.id, users[1])
        assert seen is not None
        assert (seen.like_count, seen.liked) == (MANY // 2 + MANY, True)

    async def test_followers_all_count(self, mongo: Mongo, feed: MongoFeedRepository) -> None:
        users = [IDS.new() for _ in range(MANY)]
        await asyncio.gather(*(follow(feed, each, "author") for each in users * 2))
        author, first = await feed.relations(["author", users[0]], users[0])
        assert (author.follower_count, author.is_following, first.following_count) == (MANY, True, 1)
        assert await events(mongo, "feed_follow") == ["feed.user.followed"] * MANY

    async def test_one_client_id_is_one_post(self, mongo: Mongo, feed: MongoFeedRepository) -> None:
        posts = await asyncio.gather(*(post_of(feed, "author", "one") for _ in range(MANY)))
        assert len({each.id for each in posts}) == 1
        assert await events(mongo, "feed_post") == ["feed.post.created"]

    async def test_a_client_id_is_free_again_after_the_post_is_deleted(self, feed: MongoFeedRepository) -> None:
        first = await post_of(feed, "author", "one")
        await delete(feed, first)
        assert (await post_of(feed, "author", "one")).id != first.id


class TestAgain:
    async def test_fan_out_and_back_fill_of_the_same_event_change_nothing(
        self, mongo: Mongo, feed: MongoFeedRepository
    ) -> None:
        users = [IDS.new() for _ in range(10)]
        await asyncio.gather(*(follow(feed, each, "author") for each in users))
        post = await post_of(feed, "author")
        await feed.push_to_followers(post.id, "author", AGAIN)
        await feed.backfill(users[0], "author", 5, AGAIN)
        before = await documents(mongo)
        assert len(before["feed_timeline"]) == len(users)
        await feed.push_to_followers(post.id, "author", AGAIN)
        await feed.backfill(users[0], "author", 5, AGAIN)
        assert await documents(mongo) == before

    async def test_fan_out_that_comes_after_the_deletion_leaves_nothing(
        self, mongo: Mongo, feed: MongoFeedRepository
    ) -> None:
        await follow(feed, "reader", "author")
        post = await post_of(feed, "author")
        await feed.push_to_followers(post.id, "author", AGAIN)
        await delete(feed, post)
        await feed.finish_deletion(post.id, AGAIN)
        await feed.push_to_followers(post.id, "author", AGAIN)
        assert (await documents(mongo))["feed_timeline"] == []

    async def test_back_fill_that_comes_after_the_unfollow_leaves_nothing(
        self, mongo: Mongo, feed: MongoFeedRepository
    ) -> None:
        await follow(feed, "reader", "author")
        await post_of(feed, "author")
        await feed.unfollow("reader", "author")
        await feed.backfill("reader", "author", 5, AGAIN)
        assert (await documents(mongo))["feed_timeline"] == []

    async def test_a_deletion_beside_likes_leaves_only_their_events(
        self, mongo: Mongo, feed: MongoFeedRepository
    ) -> None:
        post = await post_of(feed, "author")
        await asyncio.gather(*(like(feed, post, IDS.new()) for _ in range(MANY)), delete(feed, post))
        await feed.finish_deletion(post.id, AGAIN)
        assert await like(feed, post, "late") is None
        likes = (await documents(mongo))["feed_like"]
        assert {(each["size"], len(each["users"]), each["gone"]) for each in likes} <= {(0, 0, True)}


class TestTimeline:
    async def test_shows_nothing_of_an_unfollow_that_was_cut_off(self, mongo: Mongo, feed: MongoFeedRepository) -> None:
        await follow(feed, "reader", "author")
        post = await post_of(feed, "author")
        await feed.push_to_followers(post.id, "author", AGAIN)
        await Crowds(mongo, "feed_follow").remove("author", "reader")
        assert await feed.timeline("reader", None, 5) == []
        await feed.unfollow("reader", "author")
        assert (await documents(mongo))["feed_timeline"] == []

    async def test_is_full_though_its_newest_entries_do_not_show(self, feed: MongoFeedRepository) -> None:
        await asyncio.gather(*(follow(feed, "reader", each) for each in ("one", "two")))
        posts = [await post_of(feed, author) for author in ("one", "two") for _ in range(7)]
        for each in posts:
            await feed.push_to_followers(each.id, each.author_id, AGAIN)
        for each in posts[10:]:
            await delete(feed, each)
        page = await feed.timeline("reader", None, 5)
        assert [each.id for each in page] == [each.id for each in reversed(posts[5:10])]
        rest = await feed.timeline("reader", page[-1].id, 10)
        assert [each.id for each in rest] == [each.id for each in reversed(posts[:5])]
