"""The relay of MongoDB: moves events out of documents into the outbox of the SQL store, where the bus finds them.

What this process writes is moved at once (outbox.py). About once a second the relay looks for what is due: events of a
process that died, or of more documents than it remembers. Each move is three steps, and a kill between any two of them
loses nothing and repeats nothing:

1. rows of the outbox are appended in one unit with marks that say "moved"; an event that is found in its document
   again, by this process or another, has its mark and is appended no second time
2. the events are taken out of their documents
3. documents that have none left are no more looked at: those that are `gone` are deleted
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pymongo import DeleteMany, UpdateMany, UpdateOne

from girok.clock import Clock
from girok.db.database import Database
from girok.db.unit import Unit, emit, rows
from girok.errors import Unavailable
from girok.events import statements as sql
from girok.events.done_marks import DoneMarks
from girok.events.event import Envelope, open_envelope
from girok.events.handling import describe
from girok.mongo.client import Mongo
from girok.mongo.collection import Collection
from girok.mongo.outbox import EVENTS, EVENTS_DUE, GONE

__all__ = ["MOVED", "MongoRelay"]

MOVED = "mongo"
"""Stands for the consumer in the marks of moved events. (The names of consumers have a dot.)"""
_AT_ONCE = 100
_LOOK_SECONDS = 1.0
_LAST_WORD = 1.0
"""Seconds that what is cancelled may take to end."""
_KEPT_SECONDS = 7 * 86_400.0
"""How long an event may be found in its document again after it was moved: by a process that was stopped meanwhile."""
_log = logging.getLogger("girok.mongo")
_Document = Mapping[str, Any]


class MongoRelay:
    """Moves the events of `collections` into the outbox of `db`. A part of the process, see girok.surroundings.Part."""

    def __init__(self, mongo: Mongo, db: Database, collections: Sequence[Collection], clock: Clock) -> None:
        self.moved = 0
        """How many documents this process took events out of."""
        self._mongo = mongo
        self._db = db
        self._names = [each.name for each in collections if each.events]
        self._clock = clock
        self._marks = DoneMarks(db, clock, {MOVED: _KEPT_SECONDS})
        self._news = asyncio.Event()
        self._next_look = 0.0
        self._moving = False
        self._away = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Move from now on, first what an earlier process left."""
        self._mongo.outbox.listen(self._news.set)
        self._tasks = [
            asyncio.create_task(self._run(), name="relay of MongoDB"),
            asyncio.create_task(self._marks.run()),
        ]

    async def drain(self, seconds: float) -> None:
        """Move what this process wrote, for `seconds` at most; the rest is moved after the next start."""
        try:
            async with asyncio.timeout(seconds):
                while not (await self.idle() or self._away):  # noqa: ASYNC110 - at a drain
                    await asyncio.sleep(0.01)
        except TimeoutError:
            _log.warning("some events did not leave MongoDB in %g s; they do after the next start", seconds)
        finally:
            for each in self._tasks:
                each.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_WORD)

    async def idle(self) -> bool:
        """Whether every event that this process remembers was moved."""
        return not (self._moving or self._mongo.outbox.waiting)

    def counts(self) -> Mapping[str, int]:
        """See Part."""
        return {
            "girok_mongo_relay_moved_total": self.moved,
            "girok_mongo_relay_waiting": self._mongo.outbox.waiting,
        }

    async def move(self) -> int:
        """Move what this process remembers and what is due. How many documents that were.

        Raises Unavailable: what was not moved is found again once it is due.
        """
        count = 0
        while changed := self._mongo.outbox.take(_AT_ONCE):
            for name in {each.collection for each in changed}:
                keys = [each.key for each in changed if each.collection == name]
                count += await self._move_from(name, {"_id": {"$in": keys}, EVENTS_DUE: {"$exists": True}})
        if self._now() >= self._next_look:
            for name in self._names:
                full = True
                while full:
                    found = await self._move_from(name, {EVENTS_DUE: {"$lte": self._clock.now()}})
                    count, full = count + found, found == _AT_ONCE
            self._next_look = self._now() + _LOOK_SECONDS
        return count

    async def _run(self) -> None:
        """Nothing that goes wrong ends it."""
        while True:
            self._news.clear()
            self._moving = True
            try:
                await self.move()
                self._away = False
            except Exception as error:  # noqa: BLE001 - the boundary: a store cannot be read or written
                self._say(error)
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            finally:
                self._moving = False
            timer = asyncio.get_running_loop().call_later(max(self._next_look - self._now(), 0.001), self._news.set)
            try:
                await self._news.wait()
            finally:
                timer.cancel()

    async def _move_from(self, name: str, which: _Document) -> int:
        collection = self._mongo.collection(name)
        with self._mongo.attempt():
            found = await collection.find(which, {EVENTS: 1, GONE: 1}).sort(EVENTS_DUE).limit(_AT_ONCE).to_list()
        envelopes = [open_envelope(event["envelope"]) for document in found for event in document[EVENTS]]
        for start in range(0, len(envelopes), _AT_ONCE):
            await self._db.run(partial(_appended, envelopes[start : start + _AT_ONCE], self._clock))
        if found:
            with self._mongo.attempt():
                await collection.bulk_write(_taken_out(found))
            self.moved += len(found)
        return len(found)

    def _say(self, error: Exception) -> None:
        """The first time in a row."""
        if not self._away:
            self._away = True
            trace = None if isinstance(error, Unavailable) else error
            _log.warning("events cannot leave MongoDB: %s; trying again", describe(error), exc_info=trace)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _appended(envelopes: Sequence[Envelope], clock: Clock) -> Unit[None]:
    """Those that were not moved before become rows of the outbox, all with their marks."""
    ids = [each.id for each in envelopes]
    marked = yield from rows(sql.MARK_DONE(event_ids=ids, consumer=MOVED, now=clock.now()))
    new = {each["event_id"] for each in marked}
    for each in envelopes:
        if each.id in new:
            yield from emit(each)


def _taken_out(found: Sequence[_Document]) -> list[UpdateOne | UpdateMany | DeleteMany]:
    """What takes these events out of their documents, and then the documents away that are gone."""
    keys = [each["_id"] for each in found]
    moved = {each["_id"]: [event["id"] for event in each[EVENTS]] for each in found}
    pulls = [UpdateOne({"_id": key}, {"$pull": {EVENTS: {"id": {"$in": ids}}}}) for key, ids in moved.items()]
    gone = [each["_id"] for each in found if each.get(GONE)]
    deletion = DeleteMany({"_id": {"$in": gone}, GONE: True, EVENTS: {"$size": 0}})
    # One that was marked as gone meanwhile keeps its date, and is found by the next look.
    rest = {"_id": {"$in": keys}, EVENTS: {"$size": 0}, GONE: {"$exists": False}}
    return [*pulls, *([deletion] if gone else []), UpdateMany(rest, {"$unset": {EVENTS: "", EVENTS_DUE: ""}})]
