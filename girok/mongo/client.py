"""One process' connections to MongoDB: bounded in time, and refused at once while it is away.

    async with open_mongo(settings.get(sections_cluster.Mongo).url, COLLECTIONS, clock, ids) as mongo:
        posts = mongo.collection("feed_post")
        with mongo.attempt():
            await posts.update_one({"_id": post_id}, {"$set": {"text": text}})

What is written is acknowledged by a majority of the replica set and what is read was, so that no failover takes it
back. What an attempt cannot have within its time, or from a server that is away, raises MongoUnavailable, and so does
every later attempt, at once, until the server answers again; one task asks it ten times a second. The log has one line
when it goes and one when it is back. Whether an update that failed was carried out is not known: what is sent must bear
to be sent again.
"""

import logging
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC
from typing import Any

import pymongo
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from pymongo import AsyncMongoClient, errors
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from girok.breaker import Breaker
from girok.clock import Clock, IdFactory
from girok.db.database import unstorable
from girok.errors import Unavailable
from girok.mongo.address import KEY, MongoRefused, parse
from girok.mongo.collection import Collection
from girok.mongo.outbox import MongoOutbox

__all__ = ["Mongo", "MongoUnavailable", "open_mongo"]

_SECONDS = 1.5
"""How long an attempt may take: less than a port's deadline."""
_CONNECTIONS = 32
_REFUSED = (13, 18, 8000)
"""Codes of a server that does not let this user in: Unauthorized, AuthenticationFailed, AtlasError."""
_TROUBLES = (50, 64, 91, 100, 134, 189, 262, 10107, 11600, 11602, 13435, 13436, 14031)
"""Codes of a server that cannot work now: out of time, too few members, shutting down, no primary, a full disk."""
_CODEC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)
_log = logging.getLogger("girok.mongo")


class MongoUnavailable(Unavailable):
    """MongoDB is away, too slow, or has no majority."""

    reason = "STORE_UNAVAILABLE"


@asynccontextmanager
async def open_mongo(
    url: str, collections: Sequence[Collection], clock: Clock, ids: IdFactory, *, patience: float = 10.0
) -> AsyncGenerator["Mongo", None]:
    """MongoDB, found ready and with the indexes of `collections`. A server that is late is waited for, `patience`
    seconds, and the log says so.

    Raises MongoRefused when the URL is wrong, when nothing answers there, or when the server refuses what girok needs.
    """
    mongo = Mongo(url, MongoOutbox(clock, ids))
    try:
        await mongo.arrive(collections, patience)
        yield mongo
    finally:
        await mongo.aclose()


class Mongo:
    """`open_mongo` makes one. `outbox` takes the events of changed documents, `address` says where it is."""

    def __init__(self, url: str, outbox: MongoOutbox, *, seconds: float = _SECONDS) -> None:
        self.outbox = outbox
        self.address = parse(url)
        self._seconds = seconds
        try:
            self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
                url, appname="girok", maxPoolSize=_CONNECTIONS, retryWrites=True, retryReads=True
            )
        except (errors.PyMongoError, ValueError):
            raise MongoRefused(f"{KEY}: its options are none that MongoDB's driver knows") from None
        self._database = self._client.get_database(
            self.address.database,
            codec_options=_CODEC,
            read_preference=pymongo.ReadPreference.PRIMARY,
            write_concern=WriteConcern("majority"),
            read_concern=ReadConcern("majority"),
        )
        self._breaker = Breaker(
            f"MongoDB at {self.address}", _log, look=self._look, said=_said, back_level=logging.WARNING
        )

    def collection(self, name: str) -> AsyncCollection[dict[str, Any]]:
        """A collection, to be used within `attempt` only."""
        return self._database[name]

    @contextmanager
    def attempt(self) -> Generator[None]:
        """The body talks to MongoDB, and has `seconds` for all of it.

        Raises MongoUnavailable, InvalidInput for a value that MongoDB cannot store, and what the body raised.
        """
        if self._breaker.trouble is not None:
            raise MongoUnavailable
        try:
            with pymongo.timeout(self._seconds):
                yield
        except (BSONError, UnicodeEncodeError, OverflowError, errors.DocumentTooLarge) as error:
            raise unstorable() from error
        except errors.PyMongoError as error:
            trouble = _trouble(error)
            if trouble is None:
                raise
            self._breaker.lose(trouble)
            raise MongoUnavailable from error

    async def health(self) -> str | None:
        """A probe for /readyz: None, or what is wrong."""
        return self._breaker.trouble

    async def arrive(self, collections: Sequence[Collection], patience: float) -> None:
        """Return once the server is ready and the indexes are made. Raises MongoRefused after `patience` seconds, or
        when waiting is vain."""
        error = await self._breaker.arrive(patience, is_vain=_is_refusal)
        if error is not None and _is_refusal(error):
            raise MongoRefused(f"{KEY}: MongoDB at {self.address} refuses girok: {_said(error)}") from None
        if error is not None:
            raise MongoRefused(f"{KEY}: no MongoDB at {self.address} within {patience:g} s: {_said(error)}") from None
        try:
            for each in collections:
                if wanted := each.wanted:
                    await self.collection(each.name).create_indexes(wanted)
        except errors.PyMongoError as error:
            raise MongoRefused(f"{KEY}: an index cannot be made at {self.address}: {_said(error)}") from error

    async def aclose(self) -> None:
        """Close every connection; attempts are refused from now on."""
        await self._breaker.aclose()
        await self._client.close()

    async def _look(self) -> errors.PyMongoError | None:
        """What is wrong with the server, None when it is ready."""
        try:
            with pymongo.timeout(self._seconds):
                await self._database.command("ping")
        except errors.PyMongoError as error:
            return error
        return None


def _is_refusal(error: errors.PyMongoError) -> bool:
    return isinstance(error, errors.OperationFailure) and error.code in _REFUSED


def _trouble(error: errors.PyMongoError) -> str | None:
    """What is wrong with the server; None when the command itself is."""
    of_server = isinstance(error, (errors.ConnectionFailure, errors.WTimeoutError)) or error.timeout
    code = error.code if isinstance(error, errors.OperationFailure) else None
    concern = isinstance(error, errors.BulkWriteError) and bool((error.details or {}).get("writeConcernErrors"))
    return _said(error) if of_server or concern or code in _TROUBLES else None


def _said(error: errors.PyMongoError) -> str:
    """The driver's words, without the long description of its view of the servers."""
    if isinstance(error, errors.ServerSelectionTimeoutError):
        return str(error).partition(", Timeout:")[0]
    return "no answer in time" if error.timeout else str(error).partition(", full error:")[0]
