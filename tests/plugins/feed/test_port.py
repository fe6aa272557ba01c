"""FeedService: for every call first anonymous, then somebody else's, then valid."""

import pytest

from girok.errors import InvalidInput, Unauthenticated
from girok.paging import InvalidCursor
from girok.testing.box import TestBox
from plugins.auth.errors import UserNotFound
from plugins.feed.errors import CannotFollowOneself, InvalidClientId, InvalidText, NotYourPost, PostNotFound
from plugins.feed.ports import (
    CreatePostRequest,
    DeletePostRequest,
    FeedService,
    FollowRequest,
    GetPostRequest,
    GetRelationsRequest,
    GetTimelineRequest,
    GetUserPostsRequest,
    LikePostRequest,
    Relation,
    UnfollowRequest,
    UnlikePostRequest,
)
from tests.plugins.feed.people import Person, person
from tests.plugins.feed.stores import count_entries


@pytest.fixture
def feed(box: TestBox) -> FeedService:
    return box.kit.ports[FeedService]


@pytest.fixture
async def ada(box: TestBox) -> Person:
    return await person(box, "ada")


@pytest.fixture
async def ben(box: TestBox) -> Person:
    return await person(box, "ben")


class TestCreatePost:
    async def test_anonymous_is_refused(self, feed: FeedService) -> None:
        with pytest.raises(Unauthenticated):
            await feed.create_post(CreatePostRequest("hello"))

    @pytest.mark.parametrize("text", ["", " \n ", "a\x00b", "\ud800", "x" * 5001])
    async def test_text_that_is_none_is_refused(self, ada: Person, text: str) -> None:
        with pytest.raises(InvalidText):
            await ada.posts(text)

    @pytest.mark.parametrize("client_id", ["", "x" * 101, "a\x00"])
    async def test_odd_client_id_is_refused(self, ada: Person, client_id: str) -> None:
        with pytest.raises(InvalidClientId):
            await ada.posts("hello", client_id)

    async def test_post_can_be_read_by_anybody(self, ada: Person, feed: FeedService) -> None:
        post = await ada.posts("hello")
        assert await feed.get_post(GetPostRequest(post.id)) == post
        assert (post.author_id, post.like_count, post.liked) == (ada.actor.user_id, 0, False)

    async def test_same_client_id_twice_is_one_post(self, ada: Person) -> None:
        first = await ada.posts("hello", "one")
        assert await ada.posts("hello again", "one") == first
        assert await ada.sees() == ["hello"]

    async def test_same_client_id_of_another_author_is_another_post(self, ada: Person, ben: Person) -> None:
        assert (await ada.posts("hello", "one")).id != (await ben.posts("hello", "one")).id


class TestDeletePost:
    async def test_anonymous_is_refused(self, feed: FeedService) -> None:
        with pytest.raises(Unauthenticated):
            await feed.delete_post(DeletePostRequest("none"))

    async def test_somebody_elses_is_refused(self, ada: Person, ben: Person) -> None:
        post = await ada.posts("hello")
        with ben.acts(), pytest.raises(NotYourPost):
            await ben.feed.delete_post(DeletePostRequest(post.id))

    async def test_deleted_post_is_gone_everywhere(self, box: TestBox, ada: Person, ben: Person) -> None:
        with ben.acts():
            await ben.feed.follow(FollowRequest("ada"))
        post = await ada.posts("hello")
        await box.settle()
        with ada.acts():
            await ada.feed.delete_post(DeletePostRequest(post.id))
            with pytest.raises(PostNotFound):
                await ada.feed.delete_post(DeletePostRequest(post.id))
            with pytest.raises(PostNotFound):
                await ada.feed.get_post(GetPostRequest(post.id))
        assert await ben.sees() == []
        await box.settle()
        assert await count_entries(box) == 0


class TestLikePost:
    async def test_anonymous_is_refused(self, feed: FeedService) -> None:
        with pytest.raises(Unauthenticated):
            await feed.like_post(LikePostRequest("none"))

    async def test_post_that_is_not_there_is_not_found(self, ada: Person) -> None:
        with ada.acts(), pytest.raises(PostNotFound):
            await ada.feed.like_post(LikePostRequest("none"))

    async def test_like_twice_counts_once(self, ada: Person, ben: Person) -> None:
        post = await ada.posts("hello")
        with ben.acts():
            await ben.feed.like_post(LikePostRequest(post.id))
            liked = (await ben.feed.like_post(LikePostRequest(post.id))).post
        assert (liked.like_count, liked.liked) == (1, True)

    async def test_only_who_liked_sees_it_as_liked(self, ada: Person, ben: Person) -> None:
        post = await ada.posts("hello")
        with ben.acts():
            await ben.feed.like_post(LikePostRequest(post.id))
        with ada.acts():
            seen = await ada.feed.get_post(GetPostRequest(post.id))
        assert (seen.like_count, seen.liked) == (1, False)


class TestUnlikePost:
    async def test_anonymous_is_refused(self, feed: FeedService) -> None:
        with pytest.raises(Unauthenticated):
            await feed.unlike_post(UnlikePostRequest("none"))

    async def test_unlike_twice_is_no_error(self, ada: Person) -> None:
        post = await ada.posts("hello")
        with ada.acts():
            await ada.feed.like_post(LikePostRequest(post.id))
            await ada.feed.unlike_post(UnlikePostRequest(post.id))
            assert (await ada.feed.unlike_post(UnlikePostRequest(post.id))).post == post

    async def test_post_that_is_not_there_is_not_found(self, ada: Person) -> None:
        with ada.acts(), pytest.raises(PostNotFound):
            await ada.feed.unlike_post(UnlikePostRequest("none"))


class TestFollow:
    async def test_anonymous_is_refused(self, feed: FeedService) -> None:
        with pytest.raises(Unauthenticated):
            await feed.follow(FollowRequest("ada"))

    async def test_nobody_and_oneself_are_refused(self, ada: Person) -> None:
        with ada.acts():
            with pytest.raises(UserNotFound):
                await ada.feed.follow(FollowRequest("nobody"))
            with pytest.raises(CannotFollowOneself):
                await ada.feed.follow(FollowRequest("ada"))

    async def test_follow_twice_counts_once(self, ada: Person, ben: Person) -> None:
        with ben.acts():
            await ben.feed.follow(FollowRequest("ada"))
            await ben.feed.follow(FollowRequest("ada"))
            found = await ben.feed.get_relations(GetRelationsRequest((ada.actor.user_id, ben.actor.user_id)))
        assert found.relations == (
            Relation(ada.actor.user_id, 1, 0, is_following=True),
            Relation(ben.actor.user_id, 0, 1, is_following=False),
        )


class TestUnfollow:
    async def test_anonymous_is_refused(self, feed: FeedService) -> None:
        with pytest.raises(Unauthenticated):
            await feed.unfollow(UnfollowRequest("ada"))

    async def test_unfollow_twice_is_no_error_and_posts_are_gone(self, box: TestBox, ada: Person, ben: Person) -> None:
        await ada.posts("hello")
        with ben.acts():
            await ben.feed.follow(FollowRequest("ada"))
            await box.settle()
            assert await ben.sees() == ["hello"]
            await ben.feed.unfollow(UnfollowRequest("ada"))
            await ben.feed.unfollow(UnfollowRequest("ada"))
            assert await ben.sees() == []
            (relation,) = (await ben.feed.get_relations(GetRelationsRequest((ada.actor.user_id,)))).relations
        assert relation == Relation(ada.actor.user_id, 0, 0, is_following=False)


class TestLists:
    async def test_timeline_of_nobody_is_refused(self, feed: FeedService) -> None:
        with pytest.raises(Unauthenticated):
            await feed.get_timeline(GetTimelineRequest())

    @pytest.mark.parametrize("first", [0, -1, 101])
    async def test_page_size_outside_of_1_to_100_is_refused(self, ada: Person, first: int) -> None:
        with ada.acts(), pytest.raises(InvalidInput):
            await ada.feed.get_timeline(GetTimelineRequest(first))

    @pytest.mark.parametrize("after", ["", "x", "AAAA", "ÿ", "A" * 23, "\ud800"])
    async def test_foreign_cursor_is_refused(self, ada: Person, after: str) -> None:
        with ada.acts(), pytest.raises(InvalidCursor):
            await ada.feed.get_timeline(GetTimelineRequest(20, after))
        with pytest.raises(InvalidCursor):
            await ada.feed.get_user_posts(GetUserPostsRequest(ada.actor.user_id, 20, after))

    async def test_posts_of_somebody_are_for_anybody(self, ada: Person, ben: Person, feed: FeedService) -> None:
        await ada.posts("one")
        await ada.posts("two")
        await ben.posts("not hers")
        page = await feed.get_user_posts(GetUserPostsRequest(ada.actor.user_id, 1))
        assert [edge.node.text for edge in page.edges] == ["two"]
        assert page.page_info.has_next_page
        rest = await feed.get_user_posts(GetUserPostsRequest(ada.actor.user_id, 1, page.page_info.end_cursor))
        assert [edge.node.text for edge in rest.edges] == ["one"]
        assert not rest.page_info.has_next_page

    async def test_relations_of_unknown_people_are_zeros(self, feed: FeedService) -> None:
        found = await feed.get_relations(GetRelationsRequest(("nobody",)))
        assert found.relations == (Relation("nobody", 0, 0, is_following=False),)
