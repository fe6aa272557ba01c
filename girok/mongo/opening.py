"""MongoDB as the wiring has it: open for the roles that store there, with the relay of their events."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from girok.db.database import Store
from girok.db.identity import store_id
from girok.manifest import ManifestError, part
from girok.mongo.client import Mongo, open_mongo
from girok.mongo.collection import Collection
from girok.mongo.owner import claim
from girok.mongo.relay import MongoRelay
from girok.sections_cluster import Mongo as Section
from girok.surroundings import Check, Process

__all__ = ["Documents", "open_documents"]


class Documents(NamedTuple):
    """`relay` is a part of the process; `check` is vital where no role of it stores anything elsewhere."""

    mongo: Mongo
    relay: MongoRelay
    check: Check


@asynccontextmanager
async def open_documents(process: Process, roles: Sequence[str], db: Store) -> AsyncGenerator[Documents, None]:
    """Open it for `roles`, whose events go to the outbox of `db`, which is migrated. Raises MongoRefused."""
    settings, manifests, plan, clock, ids = process
    collections = [each for name in roles for each in _collections(name)]
    vital = all(name in roles or manifests[name].edge for name in plan.local)
    async with open_mongo(settings.get(Section).url, collections, clock, ids) as mongo:
        await claim(mongo, await store_id(db, ids))
        yield Documents(mongo, MongoRelay(mongo, db, collections, clock), Check(mongo.health, vital=vital))


def _collections(role: str) -> tuple[Collection, ...]:
    module = part(role, "documents")
    if module is None:
        raise ManifestError(f"plugin {role!r} may be stored on MongoDB, but has no documents.py")
    return module.COLLECTIONS
