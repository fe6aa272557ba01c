"""MongoDB as a store of roles, where a role is told to keep its data there (`store = "mongo"`).

One box without it loads none of this. A plugin declares its collections in `documents.py` (collection.py), reaches them
through the Kit (client.py), and writes events into the document that it changes (outbox.py): then one atomic update of
one document commits the change with its event, and no transaction is needed. The relay (relay.py) moves events from
there to the outbox of the SQL store, from where they go their usual way.

pymongo's own asyncio client, not Beanie over it. Measured (Python 3.11): pymongo is imported in 0.30 s with 25 MB;
Beanie and pydantic take 0.26 s and 10 MB more. What the repositories need is conditional updates of parts of a
document, which Beanie hands to pymongo as they are; its documents would be built and checked by pydantic only to
become Structs of ports. And it ties a document class to one database in the whole process: no test had two boxes.
"""

from girok.mongo.address import MongoRefused
from girok.mongo.client import Mongo, MongoUnavailable, open_mongo
from girok.mongo.collection import Collection
from girok.mongo.outbox import EVENTS, EVENTS_DUE, GONE

__all__ = ["EVENTS", "EVENTS_DUE", "GONE", "Collection", "Mongo", "MongoRefused", "MongoUnavailable", "open_mongo"]
