"""Events leave their documents: each once, whatever a kill leaves behind."""

import asyncio

import pytest

from girok.mongo import EVENTS, EVENTS_DUE, GONE
from girok.mongo.relay import MongoRelay, _taken_out
from girok.testing.events import settle
from tests.kernel.mongo.stage import CLOCK, NOTES, Stage, opened


class TestMove:
    async def test_an_event_becomes_a_row_and_leaves_its_document(self, on: Stage) -> None:
        await on.write("one")
        assert await on.relay.move() == 1
        assert len(await on.moved()) == 1
        assert await on.documents() == [{"_id": "one"}]

    async def test_a_document_may_carry_several_and_goes_after_the_last(self, on: Stage) -> None:
        await on.write("one")
        await on.delete("one")
        await on.relay.move()
        assert len(await on.moved()) == 2
        assert await on.documents() == []

    async def test_more_than_fit_into_one_move(self, on: Stage) -> None:
        for number in range(250):
            await on.write(f"{number:03}", remembered=number % 2 == 0)
        await on.relay.move()
        assert len(await on.moved()) == 250
        assert {len(each) for each in await on.documents()} == {1}

    async def test_what_is_written_meanwhile_stays_until_it_is_moved(self, on: Stage) -> None:
        await on.write("one")
        (document,) = await on.documents()
        await on.delete("one")
        await on.notes.update_one({"_id": "one"}, {"$pull": {EVENTS: {"id": {"$in": [document[EVENTS][0]["id"]]}}}})
        (left,) = await on.documents()
        assert len(left[EVENTS]) == 1
        await on.relay.move()
        assert len(await on.moved()) == 1

    async def test_a_lease_is_respected(self, on: Stage, database_url: str) -> None:
        await on.write("one")
        async with opened(database_url, on.db) as other:
            assert await other.relay.move() == 0
        assert await on.relay.move() == 1

    async def test_two_relays_at_once_move_each_event_once(self, on: Stage, database_url: str) -> None:
        for number in range(150):
            await on.write(f"{number:03}", remembered=False)
        async with opened(database_url, on.db) as other:
            await asyncio.gather(on.relay.move(), other.relay.move())
        assert len(await on.moved()) == 150
        assert {len(each) for each in await on.documents()} == {1}

    async def test_a_document_that_is_marked_while_its_events_leave_is_deleted_by_the_next_look(
        self, on: Stage
    ) -> None:
        await on.write("one")
        found = await on.documents()
        await on.notes.update_one({"_id": "one"}, {"$set": {GONE: True}})
        await on.notes.bulk_write(_taken_out(found))
        await on.notes.update_one({EVENTS_DUE: {"$exists": True}}, {"$set": {EVENTS_DUE: CLOCK.now()}})
        await on.relay.move()
        assert await on.documents() == []


class TestKill:
    """A state for each instant at which a kill may fall; the next relay finds it."""

    async def test_before_anything_was_moved(self, on: Stage) -> None:
        await on.write("one", remembered=False)
        await on.relay.move()
        assert len(await on.moved()) == 1

    async def test_before_the_event_left_its_document(self, on: Stage) -> None:
        await on.write("one")
        (before,) = await on.documents()
        await on.relay.move()
        await on.notes.replace_one({"_id": "one"}, {**before, EVENTS_DUE: CLOCK.now()})
        await MongoRelay(on.mongo, on.db, NOTES, CLOCK).move()
        assert len(await on.moved()) == 1
        assert await on.documents() == [{"_id": "one"}]

    async def test_before_the_event_left_its_document_and_after_it_was_delivered(self, on: Stage) -> None:
        await on.write("one")
        (before,) = await on.documents()
        await on.relay.move()
        await on.db.execute_script("DELETE FROM event_outbox")
        await on.notes.replace_one({"_id": "one"}, {**before, EVENTS_DUE: CLOCK.now()})
        await MongoRelay(on.mongo, on.db, NOTES, CLOCK).move()
        assert await on.moved() == []
        assert await on.documents() == [{"_id": "one"}]

    async def test_before_a_document_without_events_is_left_alone(self, on: Stage) -> None:
        await on.notes.insert_one({"_id": "one", EVENTS: [], EVENTS_DUE: CLOCK.now()})
        await on.notes.insert_one({"_id": "two", EVENTS: [], EVENTS_DUE: CLOCK.now(), GONE: True})
        await on.relay.move()
        assert await on.documents() == [{"_id": "one"}]


class TestRun:
    async def test_moves_at_once_what_this_process_writes(self, on: Stage) -> None:
        await on.relay.start()
        await on.write("one")
        assert on.relay.counts()["girok_mongo_relay_waiting"] == 1
        await settle(on.relay)
        assert len(await on.moved()) == 1
        assert on.relay.counts() == {"girok_mongo_relay_moved_total": 1, "girok_mongo_relay_waiting": 0}
        await on.relay.drain(1.0)

    async def test_a_drain_moves_the_rest(self, on: Stage) -> None:
        await on.write("one")
        await on.relay.start()
        await on.relay.drain(10.0)
        assert len(await on.moved()) == 1

    async def test_while_the_store_is_away_events_stay_and_the_log_says_it_once(
        self, on: Stage, caplog: pytest.LogCaptureFixture
    ) -> None:
        await on.write("one")
        await on.db.close()
        await on.relay.start()
        async with asyncio.timeout(30):
            while not caplog.records:
                await asyncio.sleep(0.01)
        await on.relay.drain(0.1)
        assert [each.getMessage().partition(":")[0] for each in caplog.records] == ["events cannot leave MongoDB"]
        (document,) = await on.documents()
        assert len(document[EVENTS]) == 1
