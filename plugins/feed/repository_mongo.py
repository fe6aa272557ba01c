"""Feed's storage on MongoDB, without transactions: each change is one atomic update of one document (documents.py).

What would be a second document in the same unit is read instead: one's own posts are merged into the timeline when it
is read, and an entry of the timeline shows only while its post is there and its author followed. So entries are no more
than candidates: one that fan-out writes beside an unfollow or a deletion is never seen. They are keyed by user and
post, so that fan-out, removal and back-fill may run any number of times: their effect carries what the event is about
in its key, and needs no mark.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from pymongo.errors import BulkWriteError, DuplicateKeyError

from girok.events.consumer import Delivery
from girok.mongo import EVENTS, EVENTS_DUE, GONE, Mongo
from plugins.feed.documents import Crowds, entry
from plugins.feed.events import PostCreated, PostDeleted, PostLiked, UserFollowed
from plugins.feed.ports import Post, Relation
from plugins.feed.repository import Since

__all__ = ["MongoFeedRepository"]

_DUPLICATE = 11000
_THERE = {GONE: {"$exists": False}}
_CONTENT = {"text": "", "client_id": ""}
"""What goes at once with a post that is deleted."""
_Document = dict[str, Any]


class MongoFeedRepository:
    """See FeedRepository. `chunk` is how many timelines, or documents of somebody, one command writes at the most."""

    def __init__(self, mongo: Mongo, chunk: int) -> None:
        self._mongo = mongo
        self._chunk = chunk
        self._posts = mongo.collection("feed_post")
        self._entries = mongo.collection("feed_timeline")
        self._likes = Crowds(mongo, "feed_like")
        self._followers = Crowds(mongo, "feed_follow")

    async def create_post(self, post: Post, client_id: str | None, event: PostCreated) -> Post:
        sealed = self._mongo.outbox.seal(event)
        stored = msgspec.structs.replace(post, created_at=_stored_time(post.created_at))
        document: _Document = {
            "_id": post.id,
            "author_id": post.author_id,
            "text": post.text,
            "created_at": stored.created_at,
            EVENTS: [sealed.document],
            EVENTS_DUE: sealed.due,
        }
        if client_id is not None:
            document["client_id"] = client_id
        with self._mongo.attempt():
            while True:
                try:
                    await self._posts.insert_one(document)
                except DuplicateKeyError:
                    if earlier := await self._earlier(post, client_id):
                        return earlier
                else:
                    break
        self._mongo.outbox.changed("feed_post", post.id)
        return stored

    async def delete_post(self, post_id: str, event: PostDeleted) -> None:
        sealed = self._mongo.outbox.seal(event)
        change = {
            "$set": {GONE: True},
            "$unset": _CONTENT,
            "$push": {EVENTS: sealed.document},
            "$min": {EVENTS_DUE: sealed.due},
        }
        with self._mongo.attempt():
            await self._posts.update_one({"_id": post_id, **_THERE}, change)
        self._mongo.outbox.changed("feed_post", post_id)

    async def post(self, post_id: str, viewer: str) -> Post | None:
        with self._mongo.attempt():
            found = await self._posts.find_one({"_id": post_id, **_THERE})
        return (await self._seen([found], viewer))[0] if found else None

    async def like(self, post_id: str, user_id: str, now: datetime, event: PostLiked) -> Post | None:  # noqa: ARG002 - kept on SQL only
        if not await self._is_there(post_id):
            return None
        await self._likes.add(post_id, user_id, event)
        post = await self.post(post_id, user_id)
        if post is None:  # deleted meanwhile, and its likes perhaps before this one
            await self._likes.disperse(post_id)
        return post

    async def unlike(self, post_id: str, user_id: str) -> Post | None:
        await self._likes.remove(post_id, user_id)
        return await self.post(post_id, user_id)

    async def timeline(self, user_id: str, before: str | None, limit: int) -> list[Post]:
        own, others = await asyncio.gather(
            self._newest_of(user_id, before, limit), self._candidates(user_id, before, limit)
        )
        newest = sorted([*own, *others], key=_id, reverse=True)
        return await self._seen(newest[:limit], user_id)

    async def posts_of(self, author_id: str, viewer: str, before: str | None, limit: int) -> list[Post]:
        return await self._seen(await self._newest_of(author_id, before, limit), viewer)

    async def follow(self, follower_id: str, followee_id: str, now: datetime, event: UserFollowed) -> None:  # noqa: ARG002 - kept on SQL only
        await self._followers.add(followee_id, follower_id, event)

    async def unfollow(self, follower_id: str, followee_id: str) -> None:
        await self._followers.remove(followee_id, follower_id)
        await self._delete_entries({"user_id": follower_id, "author_id": followee_id})

    async def relations(self, user_ids: Sequence[str], viewer: str) -> list[Relation]:
        ids = list(dict.fromkeys(user_ids))
        if not ids:
            return []
        followers, followed, following = await asyncio.gather(
            self._followers.sizes(ids),
            self._followers.with_user(ids, viewer),
            asyncio.gather(*(self._followers.count_with(each) for each in ids)),
        )
        counts = dict(zip(ids, following, strict=True))
        return [Relation(each, followers.get(each, 0), counts[each], each in followed) for each in user_ids]

    async def likes_of(self, user_id: str, after: str, limit: int) -> list[Since]:
        return [Since(each, None) for each in await self._likes.owners_with(user_id, after, limit)]

    async def follows_of(self, user_id: str, after: str, limit: int) -> list[Since]:
        return [Since(each, None) for each in await self._followers.owners_with(user_id, after, limit)]

    async def push_to_followers(self, post_id: str, author_id: str, delivery: Delivery) -> None:  # noqa: ARG002 - see above
        if await self._is_there(post_id):
            for part in await self._followers.parts(author_id):
                users = await self._followers.users(part)
                await self._add_entries([entry(each, post_id, author_id) for each in users])
        if not await self._is_there(post_id):
            await self._delete_entries({"post_id": post_id})

    async def finish_deletion(self, post_id: str, delivery: Delivery) -> None:  # noqa: ARG002 - see above
        await self._likes.disperse(post_id)
        await self._delete_entries({"post_id": post_id})

    async def backfill(self, follower_id: str, followee_id: str, limit: int, delivery: Delivery) -> None:  # noqa: ARG002 - see above
        if limit and await self._followers.with_user([followee_id], follower_id):
            newest = await self._newest_of(followee_id, None, limit)
            await self._add_entries([entry(follower_id, each["_id"], followee_id) for each in newest])

    async def erase(self, user_id: str, delivery: Delivery) -> None:  # noqa: ARG002 - see above
        after = ""
        while found := await self._posts_after(user_id, after):
            await self._erase_posts(user_id, found)
            after = found[-1]["_id"]
        await self._likes.remove_everywhere(user_id, self._chunk)
        # Follows go before timelines, or fan-out and back-fill would fill them again.
        await self._followers.remove_everywhere(user_id, self._chunk)
        await self._followers.disperse(user_id)
        await self._delete_entries({"author_id": user_id})
        await self._delete_entries({"_id": {"$gt": f"{user_id}:", "$lt": f"{user_id};"}})

    async def _posts_after(self, author_id: str, after: str) -> list[_Document]:
        """Those that are gone, but stay until their events have left, too."""
        which = {"author_id": author_id, "_id": {"$gt": after}}
        with self._mongo.attempt():
            return await self._posts.find(which, {EVENTS: 1, GONE: 1}).sort("_id").limit(self._chunk).to_list()

    async def _erase_posts(self, author_id: str, found: Sequence[_Document]) -> None:
        """A post stays until nothing hangs on it, so that a call that is cut off finds it again.

        But the relay takes one away that is gone once its events have left. So those that carry events are deleted as
        by their author: what hangs on them goes by the event.
        """
        for each in found:
            if EVENTS in each and GONE not in each:
                await self.delete_post(each["_id"], PostDeleted(post_id=each["_id"], author_id=author_id))
        ids = [each["_id"] for each in found if EVENTS not in each]
        some: _Document = {"_id": {"$in": ids}}
        with self._mongo.attempt():
            await self._posts.update_many({**some, **_THERE}, {"$set": {GONE: True}, "$unset": _CONTENT})
        await self._likes.disperse(*ids, limit=self._chunk)
        with self._mongo.attempt():
            await self._posts.delete_many({**some, EVENTS: {"$exists": False}})

    async def _earlier(self, post: Post, client_id: str | None) -> Post | None:
        """The post that is in the way of a new one; None when it has just gone, or just come."""
        same = {"_id": post.id} if client_id is None else {"author_id": post.author_id, "client_id": client_id}
        found = await self._posts.find_one(same)
        return (await self._seen([found], post.author_id))[0] if found else None

    async def _is_there(self, post_id: str) -> bool:
        with self._mongo.attempt():
            return await self._posts.find_one({"_id": post_id, **_THERE}, {"_id": 1}) is not None

    async def _newest_of(self, author_id: str, before: str | None, limit: int) -> list[_Document]:
        older = {"_id": {"$lt": before}} if before else {}
        with self._mongo.attempt():
            return (
                await self._posts.find({"author_id": author_id, **older, **_THERE})
                .sort("_id", -1)
                .limit(limit)
                .to_list()
            )

    async def _candidates(self, user_id: str, before: str | None, limit: int) -> list[_Document]:
        """Posts of the entries in a timeline that show: `limit` of the newest, or a few more."""
        found: list[_Document] = []
        while len(found) < limit:
            upper = f"{user_id}:{before}" if before else f"{user_id};"  # ";" is what follows ":"
            with self._mongo.attempt():
                entries = (
                    await self._entries.find({"_id": {"$gt": f"{user_id}:", "$lt": upper}})
                    .sort("_id", -1)
                    .limit(limit)
                    .to_list()
                )
            found += await self._shown(user_id, entries)
            if len(entries) < limit:
                break
            before = entries[-1]["post_id"]
        return found

    async def _shown(self, user_id: str, entries: Sequence[_Document]) -> list[_Document]:
        if not entries:
            return []
        followed = await self._followers.with_user({each["author_id"] for each in entries}, user_id)
        ids = [each["post_id"] for each in entries if each["author_id"] in followed]
        with self._mongo.attempt():
            return await self._posts.find({"_id": {"$in": ids}, **_THERE}).to_list()

    async def _seen(self, documents: Sequence[_Document], viewer: str) -> list[Post]:
        """The posts with their likes, as `viewer` sees them."""
        ids = [each["_id"] for each in documents]
        if not ids:
            return []
        likes, liked = await asyncio.gather(self._likes.sizes(ids), self._likes.with_user(ids, viewer))
        return [
            Post(
                id=each["_id"],
                text=each["text"],
                author_id=each["author_id"],
                like_count=likes.get(each["_id"], 0),
                liked=each["_id"] in liked,
                created_at=each["created_at"],
            )
            for each in documents
        ]

    async def _add_entries(self, entries: Sequence[_Document]) -> None:
        """Those that are there already stay."""
        for start in range(0, len(entries), self._chunk):
            try:
                with self._mongo.attempt():
                    await self._entries.insert_many(entries[start : start + self._chunk], ordered=False)
            except BulkWriteError as error:
                wrong = [each for each in (error.details or {})["writeErrors"] if each["code"] != _DUPLICATE]
                if wrong:
                    raise

    async def _delete_entries(self, which: _Document) -> None:
        found = True
        while found:
            with self._mongo.attempt():
                found = await self._entries.find(which, {"_id": 1}).limit(self._chunk).to_list()
                await self._entries.delete_many({"_id": {"$in": [each["_id"] for each in found]}})


def _id(document: _Document) -> str:
    return document["_id"]


def _stored_time(moment: datetime) -> datetime:
    """As MongoDB keeps it: with milliseconds."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
