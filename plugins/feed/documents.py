"""Feed's collections on MongoDB. What is counted is counted where it is kept: no number is stored twice.

feed_post       {_id: post, author_id, text, client_id?, created_at}; deleted: {gone: true} until its event has left
feed_like       who likes a post, feed_follow who follows somebody: crowds, see below
feed_timeline   {_id: "user:post", user_id, post_id, author_id}: a post that fan-out put into somebody's timeline

A crowd is a set of users, kept in up to 256 documents by the last two digits of their ids, which are random. (It is the
bucket pattern.) One document takes a user, its part of the count and the event of the change in one atomic update; the
count of a crowd of any size is the sum of 256 numbers at the most, read from an index.

    {_id: "owner:3f", owner: ..., users: [...], size: 4}
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from girok.mongo import EVENTS, EVENTS_DUE, GONE, Collection, Mongo
from plugins.feed.events import PostLiked, UserFollowed

__all__ = ["COLLECTIONS", "Crowds", "entry"]

_CROWD = IndexModel([("owner", ASCENDING), ("size", ASCENDING)])
_MEMBERS = IndexModel([("users", ASCENDING)])
COLLECTIONS = (
    Collection(
        "feed_post",
        (
            IndexModel([("author_id", ASCENDING), ("_id", DESCENDING)]),
            IndexModel(
                [("author_id", ASCENDING), ("client_id", ASCENDING)],
                unique=True,
                partialFilterExpression={"client_id": {"$exists": True}},
            ),
        ),
        events=True,
    ),
    Collection("feed_like", (_CROWD, _MEMBERS), events=True),
    Collection("feed_follow", (_CROWD, _MEMBERS), events=True),
    Collection(
        "feed_timeline",
        (IndexModel([("author_id", ASCENDING), ("user_id", ASCENDING)]), IndexModel([("post_id", ASCENDING)])),
    ),
)


def entry(user_id: str, post_id: str, author_id: str) -> dict[str, Any]:
    """A post in a timeline. Its key sorts by user, then by the time of the post, and makes it be there once."""
    return {"_id": f"{user_id}:{post_id}", "user_id": user_id, "post_id": post_id, "author_id": author_id}


class Crowds:
    """The crowds of one collection. Every method may raise MongoUnavailable."""

    def __init__(self, mongo: Mongo, name: str) -> None:
        self._mongo = mongo
        self._name = name
        self._all = mongo.collection(name)

    async def add(self, owner: str, user_id: str, event: PostLiked | UserFollowed) -> None:
        """The user is in the crowd of `owner`. `event` goes with it, unless they were in it before."""
        key, sealed = _key(owner, user_id), self._mongo.outbox.seal(event)
        change = {
            "$push": {"users": user_id, EVENTS: sealed.document},
            "$min": {EVENTS_DUE: sealed.due},
            "$inc": {"size": 1},
            "$setOnInsert": {"owner": owner},
        }
        with self._mongo.attempt():
            while True:
                try:
                    await self._all.update_one({"_id": key, "users": {"$nin": [user_id]}}, change, upsert=True)
                except DuplicateKeyError:
                    # The document is there, and either has the user or was made by somebody else at this moment.
                    if await self._all.find_one({"_id": key, "users": user_id}, {"_id": 1}):
                        return
                else:
                    break
        self._mongo.outbox.changed(self._name, key)

    async def remove(self, owner: str, user_id: str) -> None:
        """The user is not in the crowd of `owner`."""
        with self._mongo.attempt():
            await self._all.update_one(
                {"_id": _key(owner, user_id), "users": user_id}, {"$pull": {"users": user_id}, "$inc": {"size": -1}}
            )

    async def sizes(self, owners: Sequence[str]) -> dict[str, int]:
        """How many are in each crowd; those without any may be missing."""
        counted = [{"$match": {"owner": {"$in": owners}}}, {"$group": {"_id": "$owner", "size": {"$sum": "$size"}}}]
        with self._mongo.attempt():
            found = await (await self._all.aggregate(counted)).to_list()
        return {each["_id"]: each["size"] for each in found}

    async def with_user(self, owners: Iterable[str], user_id: str) -> set[str]:
        """Of these owners those that have the user in their crowd."""
        keys = [_key(owner, user_id) for owner in owners]
        if not (user_id and keys):
            return set()
        with self._mongo.attempt():
            found = await self._all.find({"_id": {"$in": keys}, "users": user_id}, {"owner": 1}).to_list()
        return {each["owner"] for each in found}

    async def owners_with(self, user_id: str, after: str, limit: int) -> list[str]:
        """The owners after `after` that have the user in their crowd, in order; `limit` of them at the most."""
        which = {"users": user_id, "_id": {"$gt": _key(after, user_id) if after else ""}}
        with self._mongo.attempt():
            found = await self._all.find(which, {"owner": 1}).sort("_id", ASCENDING).limit(limit).to_list()
        return [each["owner"] for each in found]

    async def count_with(self, user_id: str) -> int:
        """In how many crowds the user is."""
        with self._mongo.attempt():
            return await self._all.count_documents({"users": user_id})

    async def parts(self, owner: str) -> list[str]:
        """The keys of the documents that hold the crowd."""
        with self._mongo.attempt():
            return [each["_id"] for each in await self._all.find({"owner": owner}, {"_id": 1}).to_list()]

    async def users(self, part: str) -> list[str]:
        """The users in one of `parts`."""
        with self._mongo.attempt():
            found = await self._all.find_one({"_id": part}, {"users": 1})
        return found["users"] if found else []

    async def disperse(self, *owners: str, limit: int = 256) -> None:
        """Nobody is in the crowds of these any more; events of them that are on their way stay on them.

        `limit` documents are changed at once.
        """
        crowds = {"owner": {"$in": owners}}
        gone = {GONE: True, EVENTS: {"$exists": False}}
        found = True
        while found:
            with self._mongo.attempt():
                found = await self._all.find({**crowds, GONE: {"$exists": False}}, {"_id": 1}).limit(limit).to_list()
                some = {"_id": {"$in": [each["_id"] for each in found]}}
                await self._all.update_many(some, {"$set": {GONE: True, "users": [], "size": 0}})
                await self._all.delete_many({**some, **gone})
        with self._mongo.attempt():
            # What an earlier call left that was cut off, and who joined a crowd that was gone.
            await self._all.update_many({**crowds, "size": {"$gt": 0}}, {"$set": {"users": [], "size": 0}})
            await self._all.delete_many({**crowds, **gone})

    async def remove_everywhere(self, user_id: str, limit: int) -> None:
        """The user is in no crowd any more; `limit` documents are changed at once."""
        found = True
        while found:
            with self._mongo.attempt():
                found = await self._all.find({"users": user_id}, {"_id": 1}).limit(limit).to_list()
                keys = [each["_id"] for each in found]
                await self._all.update_many(
                    {"_id": {"$in": keys}, "users": user_id}, {"$pull": {"users": user_id}, "$inc": {"size": -1}}
                )


def _key(owner: str, user_id: str) -> str:
    return f"{owner}:{user_id[-2:]}"
