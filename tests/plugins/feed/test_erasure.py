"""Erasing a user: nothing of them remains here, and everybody else's is as it was, whatever comes between."""

from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from girok.clock import SystemClock, Uuid7Factory
from girok.events.consumer import Batched
from girok.events.event import Event
from girok.testing.box import TestBox
from plugins.auth.events import UserErased
from plugins.auth.ports import AuthService, DeleteMeRequest
from plugins.feed.consumers import consumers
from plugins.feed.events import PostCreated, PostLiked, UserFollowed
from plugins.feed.ports import FollowRequest, GetRelationsRequest, LikePostRequest, Post, Relation
from plugins.feed.service import repository
from tests.plugins.feed.people import Person, person
from tests.plugins.feed.stores import (
    FeedBox,
    FirstDelivery,
    Killed,
    check_whole,
    remains,
    repository_that_dies,
)
from tests.scenarios.story import PASSWORD

LOGIN = "mutation($input: LoginInput!) { login(input: $input) { success } }"
NAMES = ("ada", "ben", "cyd", "dan", "eve")
CLOCK = SystemClock()
IDS = Uuid7Factory(CLOCK)


async def town(box: TestBox) -> list[Person]:
    """Everybody has two posts, follows all others and likes all posts; the first one is who is erased."""
    people = [await person(box, name) for name in NAMES]
    for each in people:
        with each.acts():
            for name in set(NAMES) - {each.username}:
                await each.feed.follow(FollowRequest(name))
    posts = [await each.posts(f"{each.username} wrote {number}", str(number)) for each in people for number in (1, 2)]
    for each in people:
        with each.acts():
            for post in posts:
                await each.feed.like_post(LikePostRequest(post.id))
    await box.settle()
    return people


async def posts_of(box: TestBox, who: Person) -> list[Post]:
    """Their posts, newest first."""
    found = await repository(box.kit).posts_of(who.actor.user_id, "", None, 10)
    assert len(found) == 2
    return found


async def words_of(box: TestBox, who: Person) -> list[str]:
    """What says that something is theirs: their id, their texts, and the ids of their posts, on which likes hang."""
    return [who.actor.user_id, f"{who.username} wrote", *(each.id for each in await posts_of(box, who))]


async def delete(who: Person, box: TestBox) -> None:
    """What the user does; the rest comes by the event."""
    with who.acts():
        await box.kit.ports[AuthService].delete_me(DeleteMeRequest(PASSWORD))


async def hear(box: TestBox, *events: Event) -> None:
    """Feed hears of these."""
    handlers = {each.event: each.handler for each in consumers(box.kit)}
    for each in events:
        handler = handlers[type(each)]
        assert not isinstance(handler, Batched)
        await handler(each, FirstDelivery())
    await box.settle()


async def late_calls(box: TestBox, user_id: str, other: Post) -> None:
    """What the user's calls and those of others store that were let in before the erasure, and end after it."""
    feed, now = repository(box.kit), CLOCK.now()
    post = Post(id=IDS.new(), text="ada wrote late", author_id=user_id, like_count=0, liked=False, created_at=now)
    await feed.create_post(post, None, PostCreated(post.id, user_id))
    await feed.like(post.id, other.author_id, now, PostLiked(post.id, user_id, other.author_id))
    await feed.like(other.id, user_id, now, PostLiked(other.id, other.author_id, user_id))
    await feed.follow(user_id, other.author_id, now, UserFollowed(user_id, other.author_id))
    await feed.follow(other.author_id, user_id, now, UserFollowed(other.author_id, user_id))
    await box.settle()


async def check_others(box: TestBox, others: list[Person]) -> None:
    """They have all that is theirs, and the counts without the one who is gone."""
    await check_whole(box)
    texts = [f"{each.username} wrote {number}" for each in reversed(others) for number in (2, 1)]
    for each in others:
        assert await each.sees() == texts
    found = await others[0].feed.get_relations(GetRelationsRequest(tuple(each.actor.user_id for each in others)))
    rest = len(others) - 1
    assert found.relations == tuple(Relation(each.actor.user_id, rest, rest, is_following=False) for each in others)
    page = await repository(box.kit).timeline(others[0].actor.user_id, None, 100)
    assert {post.like_count for post in page} == {len(others)}


class TestErase:
    @pytest.mark.parametrize("chunk", ["1", "3", "1000"])
    async def test_nothing_of_the_user_remains_and_others_keep_theirs(
        self, feed_box: FeedBox, tmp_path: Path, chunk: str
    ) -> None:
        async with feed_box(tmp_path / "data", GIROK_FEED_FAN_OUT_CHUNK=chunk) as box:
            ada, *others = await town(box)
            words = await words_of(box, ada)
            assert len(await remains(box, *words)) >= 4
            await delete(ada, box)
            await box.settle()
            assert await remains(box, *words) == {}
            await check_others(box, others)

    async def test_killed_at_any_step_it_is_finished_later(self, feed_box: FeedBox, tmp_path: Path) -> None:
        async with feed_box(tmp_path / "data") as box:
            ada, *others = await town(box)
            words = await words_of(box, ada)
            kills = 0
            for steps in count():
                with suppress(Killed):
                    await repository_that_dies(box, steps, chunk=1).erase(ada.actor.user_id, FirstDelivery())
                    break
                kills += 1
                await check_whole(box)
            assert kills > 10
            await box.settle()
            assert await remains(box, *words) == {}
            await check_others(box, others)

    async def test_told_again_it_changes_nothing(self, box: TestBox) -> None:
        ada, *others = await town(box)
        await delete(ada, box)
        await box.settle()
        await hear(box, UserErased(ada.actor.user_id))
        assert await remains(box, ada.actor.user_id) == {}
        await check_others(box, others)

    async def test_somebody_of_whom_there_is_nothing_is_no_error(self, box: TestBox) -> None:
        await hear(box, UserErased(IDS.new()))

    async def test_events_of_before_that_come_after_leave_nothing(self, box: TestBox) -> None:
        ada, *others = await town(box)
        post = await ada.posts("ada wrote more")
        await delete(ada, box)
        await box.settle()
        erased, other = ada.actor.user_id, others[0].actor.user_id
        await hear(box, PostCreated(post.id, erased), UserFollowed(erased, other), UserFollowed(other, erased))
        assert await remains(box, erased, "ada wrote") == {}
        await check_others(box, others)

    async def test_what_late_calls_leave_behind_goes_at_the_next_telling(self, box: TestBox) -> None:
        ada, *others = await town(box)
        other = (await posts_of(box, others[0]))[0]
        await delete(ada, box)
        await box.settle()
        await late_calls(box, ada.actor.user_id, other)
        assert await remains(box, ada.actor.user_id, "ada wrote") != {}
        await hear(box, UserErased(ada.actor.user_id))
        assert await remains(box, ada.actor.user_id, "ada wrote") == {}
        await check_others(box, others)


class TestAuthor:
    async def test_a_post_of_somebody_erased_shows_without_a_name_until_it_goes(self, box: TestBox) -> None:
        ada, ben, *_ = await town(box)
        await delete(ada, box)
        await box.settle()
        await late_calls(box, ada.actor.user_id, (await posts_of(box, ben))[0])
        async with box.browser() as browser:
            await browser.graphql(LOGIN, {"input": {"email": "ben@example.org", "password": PASSWORD}})
            found = (await browser.graphql("{ timeline { edges { node { text author { username name } } } } }")).data
        assert found["timeline"]["edges"][0]["node"] == {
            "text": "ada wrote late",
            "author": {"username": "", "name": ""},
        }
