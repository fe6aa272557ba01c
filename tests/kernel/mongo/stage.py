"""MongoDB with a collection whose documents carry events, and the store that these go to."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from girok.clock import SystemClock, Uuid7Factory
from girok.db.database import Store
from girok.events.consumer import Consumer, Delivery
from girok.events.event import Event
from girok.events.outbox import Outbox
from girok.mongo import EVENTS, EVENTS_DUE, GONE, Collection, Mongo, open_mongo
from girok.mongo.relay import MongoRelay

__all__ = ["CLOCK", "IDS", "NOTES", "Noted", "Stage", "opened"]

CLOCK = SystemClock()
IDS = Uuid7Factory(CLOCK)
NOTES = (Collection("note", events=True),)


class Noted(Event, frozen=True):
    """Somebody wrote a note."""

    subject: ClassVar[str] = "test.note.written"
    note_id: str


async def ignore(_event: Noted, _delivery: Delivery) -> None:
    """Only there so that the outbox has somebody to keep events for."""


class Stage:
    """A relay that does not run by itself, and what it moves from where to where."""

    def __init__(self, mongo: Mongo, db: Store) -> None:
        self.mongo = mongo
        self.db = db
        self.notes = mongo.collection("note")
        self.relay = MongoRelay(mongo, db, NOTES, CLOCK)
        db.outbox = Outbox(CLOCK, IDS, [Consumer("test.reader", Noted, ignore)])

    async def write(self, note_id: str, *, remembered: bool = True) -> None:
        """A new note with its event. One that is not remembered is that of a process that died, its lease over."""
        sealed = self.mongo.outbox.seal(Noted(note_id))
        due = sealed.due if remembered else CLOCK.now()
        await self.notes.insert_one({"_id": note_id, EVENTS: [sealed.document], EVENTS_DUE: due})
        if remembered:
            self.mongo.outbox.changed("note", note_id)

    async def delete(self, note_id: str) -> None:
        """Mark a note as gone, with an event."""
        sealed = self.mongo.outbox.seal(Noted(note_id))
        change = {"$set": {GONE: True}, "$push": {EVENTS: sealed.document}, "$min": {EVENTS_DUE: sealed.due}}
        await self.notes.update_one({"_id": note_id}, change)
        self.mongo.outbox.changed("note", note_id)

    async def documents(self) -> list[dict[str, Any]]:
        """All notes."""
        return await self.notes.find().sort("_id", 1).to_list()

    async def moved(self) -> list[str]:
        """The ids of events in the outbox."""
        rows = await self.db.execute_script("SELECT event_id FROM event_outbox ORDER BY event_id")
        return [row["event_id"] for row in rows]


@asynccontextmanager
async def opened(url: str, db: Store) -> AsyncGenerator[Stage, None]:
    """A stage on the database `url` of a MongoDB and on `db`."""
    async with open_mongo(url, NOTES, CLOCK, IDS) as mongo:
        yield Stage(mongo, db)
