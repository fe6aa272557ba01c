"""Deleting a post that many like and have in their timelines: gone at once, its rest in pieces, whatever is killed."""

from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from girok.testing.box import TestBox
from plugins.feed.errors import PostNotFound
from plugins.feed.events import PostDeleted
from plugins.feed.ports import DeletePostRequest, FollowRequest, GetPostRequest, LikePostRequest, Post
from plugins.feed.service import repository
from tests.plugins.feed.people import Person, person
from tests.plugins.feed.stores import FeedBox, FirstDelivery, Killed, check_whole, remains, repository_that_dies

CROWD = ("ben", "cyd", "dan", "eve")


async def liked_by_all(box: TestBox) -> tuple[Person, Post]:
    """A post that is in everybody's timeline, and that everybody likes."""
    ada, *others = [await person(box, name) for name in ("ada", *CROWD)]
    for each in others:
        with each.acts():
            await each.feed.follow(FollowRequest("ada"))
    await box.settle()
    post = await ada.posts("hello")
    await box.settle()
    for each in others:
        with each.acts():
            await each.feed.like_post(LikePostRequest(post.id))
            assert await each.sees() == ["hello"]
    await box.settle()
    return ada, post


class TestDelete:
    async def test_nothing_of_the_post_remains(self, box: TestBox) -> None:
        ada, post = await liked_by_all(box)
        with ada.acts():
            await ada.feed.delete_post(DeletePostRequest(post.id))
            with pytest.raises(PostNotFound):
                await ada.feed.get_post(GetPostRequest(post.id))
        await box.settle()
        assert await remains(box, post.id, "hello") == {}
        await check_whole(box)

    async def test_killed_at_any_step_it_is_finished_later(self, feed_box: FeedBox, tmp_path: Path) -> None:
        async with feed_box(tmp_path / "data") as box:
            ada, post = await liked_by_all(box)
            for part in box.box.parts:
                await part.drain(1.0)
            await repository(box.kit).delete_post(post.id, PostDeleted(post.id, ada.actor.user_id))
            assert (await remains(box, post.id)).keys() >= {"feed_like", "feed_timeline"}
            assert await ada.sees() == []
            kills = 0
            for steps in count():
                with suppress(Killed):
                    await repository_that_dies(box, steps, chunk=1).finish_deletion(post.id, FirstDelivery())
                    break
                kills += 1
            assert sum(range(kills)) >= 2 * len(CROWD)
            left = await remains(box, post.id)
            assert left.keys() & {"feed_like", "feed_timeline"} == set()
