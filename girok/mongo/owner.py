"""Whose documents a MongoDB database holds: those of one SQL store, for good.

Events leave the documents for the outbox of that store, and which of them left stands there. A girok on another store
would take them away from the first, or take them twice; so a database is the first one's that opens it.
"""

from pymongo.errors import DuplicateKeyError

from girok.mongo.address import KEY, MongoRefused
from girok.mongo.client import Mongo

__all__ = ["claim"]

_COLLECTION = "girok_owner"


async def claim(mongo: Mongo, store_id: str) -> None:
    """Return when the database belongs to this store, from now on if to none. Raises MongoRefused, MongoUnavailable."""
    collection = mongo.collection(_COLLECTION)
    with mongo.attempt():
        try:
            await collection.insert_one({"_id": "store", "id": store_id})
        except DuplicateKeyError:
            found = await collection.find_one({"_id": "store"})
            if found is None or found["id"] != store_id:
                raise MongoRefused(
                    f"{KEY}: the database {mongo.address} holds the documents of a girok on another store "
                    "(data directory or database.url): name a database of its own; only if that girok is gone for good "
                    f"and its documents are wanted here, remove the one of {_COLLECTION}"
                ) from None
