"""Timelines against brute force: whatever happens in whatever order, a timeline is what the rules say."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.feed.ports import DeletePostRequest, FollowRequest, GetUserPostsRequest, UnfollowRequest
from tests.plugins.feed.people import Person, person
from tests.plugins.feed.stores import FeedBox

PEOPLE = ("ada", "ben", "cyd")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.sampled_from(PEOPLE)),
        st.tuples(st.just("delete"), st.sampled_from(PEOPLE)),
        st.tuples(st.sampled_from(["follow", "unfollow"]), st.permutations(PEOPLE).map(lambda names: names[:2])),
    ),
    max_size=30,
)


class Model:
    """The rules, without a store: everybody's posts in order, and who follows whom."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, str]] = []
        self.follows: set[tuple[str, str]] = set()

    def timeline(self, name: str) -> list[str]:
        authors = {name, *(followee for follower, followee in self.follows if follower == name)}
        return [text for author, text in reversed(self.posts) if author in authors]


async def _play(people: dict[str, Person], model: Model, kind: str, who: object, number: int) -> None:
    match kind, who:
        case "post", str(name):
            await people[name].posts(f"post {number}")
            model.posts.append((name, f"post {number}"))
        case "delete", str(name):
            await _delete_newest(people[name], model)
        case "follow", [str(follower), str(followee)]:
            with people[follower].acts():
                await people[follower].feed.follow(FollowRequest(followee))
            model.follows.add((follower, followee))
        case "unfollow", [str(follower), str(followee)]:
            with people[follower].acts():
                await people[follower].feed.unfollow(UnfollowRequest(followee))
            model.follows.discard((follower, followee))
        case other:
            raise AssertionError(other)


async def _delete_newest(author: Person, model: Model) -> None:
    page = await author.feed.get_user_posts(GetUserPostsRequest(author.actor.user_id, 1))
    for edge in page.edges:
        with author.acts():
            await author.feed.delete_post(DeletePostRequest(edge.node.id))
        model.posts.remove((author.username, edge.node.text))


class TestTimeline:
    @given(story=steps)
    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    async def test_is_what_the_rules_say(self, feed_box: FeedBox, story: list[tuple[str, object]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with feed_box(Path(folder) / "data", GIROK_FEED_FAN_OUT_CHUNK="1") as box:
                people = {name: await person(box, name) for name in PEOPLE}
                model = Model()
                for number, (kind, who) in enumerate(story):
                    await _play(people, model, kind, who, number)
                await box.settle()
                for name in PEOPLE:
                    assert await people[name].sees() == model.timeline(name)


class TestFanOut:
    @pytest.mark.parametrize("followers", [1, 2, 3, 4])
    async def test_reaches_every_follower_whatever_the_chunk(
        self, feed_box: FeedBox, tmp_path: Path, followers: int
    ) -> None:
        async with feed_box(tmp_path / "data", GIROK_FEED_FAN_OUT_CHUNK="2") as box:
            author = await person(box, "author")
            readers = [await person(box, f"reader{number}") for number in range(followers)]
            for reader in readers:
                with reader.acts():
                    await reader.feed.follow(FollowRequest("author"))
            await author.posts("hello")
            await box.settle()
            assert [await reader.sees() for reader in readers] == [["hello"]] * followers

    async def test_backfill_takes_the_newest(self, feed_box: FeedBox, tmp_path: Path) -> None:
        async with feed_box(tmp_path / "data", GIROK_FEED_BACKFILL="2") as box:
            author, reader = await person(box, "author"), await person(box, "reader")
            for number in range(4):
                await author.posts(f"post {number}")
            await box.settle()  # what fan-out finds a follower for comes besides
            with reader.acts():
                await reader.feed.follow(FollowRequest("author"))
            await box.settle()
            assert await reader.sees() == ["post 3", "post 2"]
