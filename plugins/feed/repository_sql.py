"""Feed's storage on SQL: SQLite and PostgreSQL run the same statements."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from girok.db.database import Database
from girok.db.statement import Row
from girok.db.unit import Unit, emit, execute, first, rows
from girok.events.consumer import Delivery
from plugins.feed import statements as sql
from plugins.feed.events import PostCreated, PostDeleted, PostLiked, UserFollowed
from plugins.feed.ports import Post, Relation
from plugins.feed.repository import Since

__all__ = ["SqlFeedRepository"]


class SqlFeedRepository:
    """See FeedRepository. `chunk` is how many timelines, or rows of somebody, one unit of work writes at the most."""

    def __init__(self, db: Database, chunk: int) -> None:
        self._db = db
        self._chunk = chunk

    async def create_post(self, post: Post, client_id: str | None, event: PostCreated) -> Post:
        def unit() -> Unit[Post]:
            inserted = yield from rows(
                sql.INSERT_POST(
                    id=post.id,
                    author_id=post.author_id,
                    text=post.text,
                    client_id=client_id,
                    created_at=post.created_at,
                )
            )
            if not inserted:
                (earlier,) = yield from rows(sql.POST_BY_CLIENT_ID(author_id=post.author_id, client_id=client_id))
                return _post(earlier)
            yield from execute(sql.INSERT_OWN_ENTRY(user_id=post.author_id, post_id=post.id))
            yield from emit(event)
            return post

        return await self._db.run(unit)

    async def delete_post(self, post_id: str, event: PostDeleted) -> None:
        def unit() -> Unit[None]:
            if (yield from rows(sql.DELETE_POST(post_id=post_id))):
                yield from emit(event)

        await self._db.run(unit)

    async def post(self, post_id: str, viewer: str) -> Post | None:
        found = await self._db.fetch(sql.POST(post_id=post_id, viewer=viewer))
        return _post(found[0]) if found else None

    async def like(self, post_id: str, user_id: str, now: datetime, event: PostLiked) -> Post | None:
        def unit() -> Unit[Post | None]:
            if (yield from first(sql.POST(post_id=post_id, viewer=user_id))) is None:
                return None
            if (yield from rows(sql.INSERT_LIKE(post_id=post_id, user_id=user_id, now=now))):
                yield from execute(sql.ADD_LIKES(post_id=post_id, by=1))
                yield from emit(event)
            return (yield from _reread(post_id, user_id))

        return await self._db.run(unit)

    async def unlike(self, post_id: str, user_id: str) -> Post | None:
        def unit() -> Unit[Post | None]:
            if (yield from rows(sql.DELETE_LIKE(post_id=post_id, user_id=user_id))):
                yield from execute(sql.ADD_LIKES(post_id=post_id, by=-1))
            return (yield from _reread(post_id, user_id))

        return await self._db.run(unit)

    async def timeline(self, user_id: str, before: str | None, limit: int) -> list[Post]:
        return [
            _post(row)
            for row in await self._db.fetch(sql.TIMELINE(user_id=user_id, before=before or sql.NEWEST, limit=limit))
        ]

    async def posts_of(self, author_id: str, viewer: str, before: str | None, limit: int) -> list[Post]:
        found = await self._db.fetch(
            sql.POSTS_OF(author_id=author_id, viewer=viewer, before=before or sql.NEWEST, limit=limit)
        )
        return [_post(row) for row in found]

    async def follow(self, follower_id: str, followee_id: str, now: datetime, event: UserFollowed) -> None:
        def unit() -> Unit[None]:
            if (yield from rows(sql.INSERT_FOLLOW(follower_id=follower_id, followee_id=followee_id, now=now))):
                yield from execute(sql.COUNT_FOLLOWER(user_id=followee_id, by=1))
                yield from execute(sql.COUNT_FOLLOWING(user_id=follower_id, by=1))
                yield from emit(event)

        await self._db.run(unit)

    async def unfollow(self, follower_id: str, followee_id: str) -> None:
        def unit() -> Unit[None]:
            if (yield from rows(sql.DELETE_FOLLOW(follower_id=follower_id, followee_id=followee_id))):
                yield from execute(sql.COUNT_FOLLOWER(user_id=followee_id, by=-1))
                yield from execute(sql.COUNT_FOLLOWING(user_id=follower_id, by=-1))
                yield from execute(sql.DELETE_ENTRIES_OF(user_id=follower_id, author_id=followee_id))

        await self._db.run(unit)

    async def relations(self, user_ids: Sequence[str], viewer: str) -> list[Relation]:
        ids = list(dict.fromkeys(user_ids))
        if not ids:
            return []
        counts = {row["user_id"]: row for row in await self._db.fetch(sql.RELATION_COUNTS(user_ids=ids))}
        followed: set[str] = set()
        if viewer:
            found = await self._db.fetch(sql.FOLLOWED_AMONG(follower_id=viewer, user_ids=ids))
            followed = {row["followee_id"] for row in found}
        return [_relation(user_id, counts.get(user_id), user_id in followed) for user_id in user_ids]

    async def likes_of(self, user_id: str, after: str, limit: int) -> list[Since]:
        found = await self._db.fetch(sql.LIKES_OF(user_id=user_id, after=after, limit=limit))
        return [Since(**row) for row in found]

    async def follows_of(self, user_id: str, after: str, limit: int) -> list[Since]:
        found = await self._db.fetch(sql.FOLLOWS_OF(user_id=user_id, after=after, limit=limit))
        return [Since(**row) for row in found]

    async def push_to_followers(self, post_id: str, author_id: str, delivery: Delivery) -> None:
        after = ""
        while last := await self._chunk_end(author_id, after):
            chunk = sql.PUSH(post_id=post_id, author_id=author_id, after=after, until=last)
            await self._db.run(lambda chunk=chunk: execute(chunk))
            after = last
        rest = sql.PUSH(post_id=post_id, author_id=author_id, after=after, until=sql.LAST_USER)
        await self._db.run(lambda: _once(delivery, rest))

    async def finish_deletion(self, post_id: str, delivery: Delivery) -> None:
        for piece in (sql.DELETE_ENTRIES, sql.DELETE_LIKES):
            while await self._db.run(partial(rows, piece(post_id=post_id, limit=self._chunk))):
                continue
        await self._db.run(lambda: _once(delivery))

    async def backfill(self, follower_id: str, followee_id: str, limit: int, delivery: Delivery) -> None:
        copy = sql.BACKFILL(follower_id=follower_id, followee_id=followee_id, limit=limit)
        await self._db.run(lambda: _once(delivery, copy))

    async def erase(self, user_id: str, delivery: Delivery) -> None:
        # Posts are what the world sees. Follows go before timelines, or fan-out and back-fill would fill them again.
        for piece in (_erase_posts, _erase_likes, _erase_followers, _erase_followed, _erase_entries):
            while await self._db.run(partial(piece, user_id, self._chunk)):
                continue
        await self._db.run(lambda: _once(delivery, sql.ERASE_COUNTS(user_id=user_id)))

    async def _chunk_end(self, author_id: str, after: str) -> str | None:
        """The follower that ends the next full chunk; None when what is left is shorter."""
        found = await self._db.fetch(sql.CHUNK_END(author_id=author_id, after=after, skip=self._chunk - 1))
        return found[0]["follower_id"] if found else None


def _once(delivery: Delivery, *effects: Any) -> Unit[None]:
    """The last step of a delivery: its effects with the mark that it is done, unless it was done before."""
    if (yield from delivery.once()):
        for effect in effects:
            yield from execute(effect)


def _erase_posts(user_id: str, limit: int) -> Unit[bool]:
    """Some likes of the first posts or, when these have few, the posts. False when there are none."""
    likes = yield from rows(sql.ERASE_LIKES_OF_POSTS(user_id=user_id, limit=limit))
    if len(likes) < limit:
        return bool((yield from rows(sql.ERASE_POSTS(user_id=user_id, limit=limit))))
    lost = Counter(each["post_id"] for each in likes)
    for by in set(lost.values()):
        post_ids = [post_id for post_id, count in lost.items() if count == by]
        yield from execute(sql.TAKE_LIKES(by=by, post_ids=post_ids))
    return True


def _erase_likes(user_id: str, limit: int) -> Unit[bool]:
    found = yield from rows(sql.ERASE_LIKES(user_id=user_id, limit=limit))
    if found:
        yield from execute(sql.TAKE_LIKES(by=1, post_ids=[each["post_id"] for each in found]))
    return bool(found)


def _erase_followers(user_id: str, limit: int) -> Unit[bool]:
    found = yield from rows(sql.ERASE_FOLLOWERS(user_id=user_id, limit=limit))
    if found:
        yield from execute(sql.TAKE_FOLLOWING(user_ids=[each["follower_id"] for each in found]))
        yield from execute(sql.COUNT_FOLLOWER(user_id=user_id, by=-len(found)))
    return bool(found)


def _erase_followed(user_id: str, limit: int) -> Unit[bool]:
    found = yield from rows(sql.ERASE_FOLLOWED(user_id=user_id, limit=limit))
    if found:
        yield from execute(sql.TAKE_FOLLOWER(user_ids=[each["followee_id"] for each in found]))
        yield from execute(sql.COUNT_FOLLOWING(user_id=user_id, by=-len(found)))
    return bool(found)


def _erase_entries(user_id: str, limit: int) -> Unit[bool]:
    """Those of their posts in all timelines, and their own timeline."""
    by = yield from rows(sql.ERASE_ENTRIES_BY(user_id=user_id, limit=limit))
    return bool(by or (yield from rows(sql.ERASE_ENTRIES_OF(user_id=user_id, limit=limit))))


def _reread(post_id: str, viewer: str) -> Unit[Post | None]:
    row = yield from first(sql.POST(post_id=post_id, viewer=viewer))
    return _post(row) if row else None


def _post(row: Row) -> Post:
    return Post(
        id=row["id"],
        text=row["text"],
        author_id=row["author_id"],
        like_count=row["like_count"],
        liked=bool(row["liked"]),
        created_at=row["created_at"],
    )


def _relation(user_id: str, counts: Row | None, is_following: bool) -> Relation:  # noqa: FBT001 - a field's value
    followers, following = (counts["follower_count"], counts["following_count"]) if counts else (0, 0)
    return Relation(user_id, followers, following, is_following)
