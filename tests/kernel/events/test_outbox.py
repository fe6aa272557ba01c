"""What a unit emits is stored with it, for each consumer."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from girok.clock import SystemClock, Uuid7Factory
from girok.context import Actor, CallContext, use
from girok.db.database import Database
from girok.db.unit import Unit, emit
from girok.events.consumer import Consumer, Delivery
from girok.events.event import Event
from girok.events.outbox import Outbox
from tests.kernel.events.stage import HandClock, Ignored, Liked, stage


async def nothing(event: Any, delivery: Delivery) -> None:
    pass


def two(db: Database) -> Sequence[Consumer]:
    return [Consumer("test.count", Liked, nothing), Consumer("test.notify", Liked, nothing)]


class Nameless(Event, frozen=True):
    pass


class TestEmit:
    async def test_stores_one_row_for_each_consumer(self, tmp_path: Path) -> None:
        async with stage(tmp_path, two, clock=HandClock(), start=False) as on:
            with use(CallContext(actor=Actor("u1"), traceparent="00-ab-cd-01")):
                await on.emit(Liked("p1"))
            count, notify = await on.rows()
        assert (count["consumer"], notify["consumer"]) == ("test.count", "test.notify")
        assert count["event_id"] == notify["event_id"]
        assert json.loads(count["envelope"]) == {
            "id": count["event_id"],
            "type": "test.post.liked",
            "occurredAt": "2026-11-05T08:00:00.123Z",
            "actorId": "u1",
            "traceparent": "00-ab-cd-01",
            "data": {"postId": "p1"},
        }
        assert (count["subject"], count["attempts"], count["dead_at"]) == ("test.post.liked", 0, None)

    async def test_stores_nothing_that_nobody_consumes(self, tmp_path: Path) -> None:
        async with stage(tmp_path, two, start=False) as on:
            await on.emit(Ignored())
            assert await on.rows() == []

    async def test_is_undone_with_its_unit(self, tmp_path: Path) -> None:
        def unit() -> Unit[None]:
            yield from emit(Liked("p1"))
            raise ZeroDivisionError

        async with stage(tmp_path, two) as on:
            with pytest.raises(ZeroDivisionError):
                await on.db.run(unit)
            await on.emit(Liked("p2"))
            assert {json.loads(each["envelope"])["data"]["postId"] for each in await on.rows()} <= {"p2"}

    async def test_names_who_acted_also_when_units_queue(self, tmp_path: Path) -> None:
        async def like(user: str) -> None:
            with use(CallContext(actor=Actor(user))):
                await on.emit(Liked(user))

        async with stage(tmp_path, two, start=False) as on:
            await asyncio.gather(*(like(f"u{n}") for n in range(50)))
            envelopes = [json.loads(each["envelope"]) for each in await on.rows()]
        assert len(envelopes) == 100
        assert [each["actorId"] for each in envelopes] == [each["data"]["postId"] for each in envelopes]

    async def test_refuses_an_event_without_a_subject(self, tmp_path: Path) -> None:
        async with stage(tmp_path, two) as on:
            with pytest.raises(ValueError, match="Nameless has no subject"):
                await on.emit(Nameless())


class TestOutbox:
    def test_refuses_two_consumers_of_one_name(self) -> None:
        clock = SystemClock()
        twice = [Consumer("test.count", Liked, nothing), Consumer("test.count", Ignored, nothing)]
        with pytest.raises(ValueError, match=r"two consumers are called 'test\.count'"):
            Outbox(clock, Uuid7Factory(clock), twice)

    def test_refuses_a_consumer_of_an_event_without_a_subject(self) -> None:
        clock = SystemClock()
        with pytest.raises(ValueError, match="Nameless has no subject"):
            Outbox(clock, Uuid7Factory(clock), [Consumer("test.count", Nameless, nothing)])
