"""What feed tells of a user: all that is theirs, nothing of others, on both stores."""

from girok.testing.box import TestBox
from plugins.feed.export import export
from plugins.feed.ports import FollowRequest, LikePostRequest
from plugins.feed.service import repository
from tests.plugins.feed.people import person


async def told(box: TestBox, user_id: str) -> list[tuple[str, str]]:
    """Kind and id of what is told."""
    return [(each.kind, each.data["id"]) async for each in export(box.kit, user_id)]


class TestExport:
    async def test_is_ones_own_posts_likes_and_follows(self, box: TestBox) -> None:
        ada, ben, cyd = [await person(box, name) for name in ("ada", "ben", "cyd")]
        first, second = await ada.posts("one"), await ada.posts("two")
        bens = await ben.posts("from ben")
        for each in (ben, cyd):
            with each.acts():
                await each.feed.like_post(LikePostRequest(first.id))
                await each.feed.follow(FollowRequest("ada"))
        with ada.acts():
            await ada.feed.like_post(LikePostRequest(bens.id))
            await ada.feed.follow(FollowRequest("ben"))
        assert await told(box, ada.actor.user_id) == [
            ("post", second.id),
            ("post", first.id),
            ("like", bens.id),
            ("follow", ben.actor.user_id),
        ]
        (_, post, *_) = [each.data async for each in export(box.kit, ada.actor.user_id)]
        assert (post["text"], post["like_count"], post["created_at"]) == ("one", 2, first.created_at)

    async def test_of_nobody_is_nothing(self, box: TestBox) -> None:
        await (await person(box, "ada")).posts("one")
        assert await told(box, "01a20e74-a92f-77ca-b756-15d5a012d09a") == []

    async def test_pages_end_where_the_next_begin(self, box: TestBox) -> None:
        ada = await person(box, "ada")
        others = [await person(box, name) for name in ("ben", "cyd", "dan")]
        posts = [await each.posts("hello") for each in others]
        with ada.acts():
            for other, post in zip(others, posts, strict=True):
                await ada.feed.follow(FollowRequest(other.username))
                await ada.feed.like_post(LikePostRequest(post.id))
        feed = repository(box.kit)
        for pages, expected in (
            (feed.likes_of, [each.id for each in posts]),
            (feed.follows_of, [each.actor.user_id for each in others]),
        ):
            first = await pages(ada.actor.user_id, "", 2)
            rest = await pages(ada.actor.user_id, first[-1].id, 2)
            assert [each.id for each in (*first, *rest)] == expected
