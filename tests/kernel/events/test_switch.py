"""From one box to a cluster and back: what waits in the outbox is not lost, and nothing has its effect twice."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from girok.db.database import Database
from girok.events.consumer import Consumer, Delivery
from girok.events.event import Event
from girok.sections import Events
from girok.servers.process import ServerProcess
from tests.kernel.events.stage import Ignored, Liked, stage, store

ONE_TRY = Events(retry_seconds=0.01, max_deliver=1)


def two(db: Database) -> Sequence[Consumer]:
    """Two consumers of one subject, and one of another."""

    def named(name: str, event: type[Event]) -> Consumer:
        async def handle(event: Event, delivery: Delivery) -> None:
            post_id = getattr(event, "post_id", "ignored")
            await db.run(lambda: store(delivery, f"{name} {post_id}"))

        return Consumer(f"test.{name}", event, handle)

    return [named("first", Liked), named("second", Liked), named("third", Ignored)]


def refusing(db: Database) -> Sequence[Consumer]:
    async def refuse(event: Liked, delivery: Delivery) -> None:
        raise ValueError("no")

    return [Consumer("test.first", Liked, refuse)]


class TestToCluster:
    async def test_an_event_reaches_those_that_have_not_done_it_yet(
        self, tmp_path: Path, server: ServerProcess
    ) -> None:
        async with stage(tmp_path, two, start=False) as on:
            await on.emit(Liked("p1"), Liked("p2"), Ignored())
            await on.db.execute_script(
                "DELETE FROM event_outbox WHERE consumer = 'test.first' AND envelope LIKE '%p1%'"
            )
        async with stage(tmp_path, two, nats=server.url) as on:
            await on.settled()
            assert sorted(await on.effects()) == ["first p2", "second p1", "second p2", "third ignored"]
            assert await on.rows() == []

    async def test_a_dead_letter_is_one_in_the_cluster(self, tmp_path: Path, server: ServerProcess) -> None:
        async with stage(tmp_path, refusing, settings=ONE_TRY) as on:
            await on.emit(Liked("p1"))
            await on.settled()
            (letter,) = await on.bus.dead()
        async with stage(tmp_path, two, nats=server.url) as on:
            await on.settled()
            assert (await on.bus.dead(), await on.rows()) == ([letter], [])
            assert await on.bus.retry([letter.event_id]) == 1
            await on.settled()
            assert (await on.effects(), await on.bus.dead()) == (["first p1"], [])


class TestToOneBox:
    async def test_an_event_that_was_not_published_reaches_everybody(
        self, tmp_path: Path, server: ServerProcess
    ) -> None:
        async with stage(tmp_path, two, nats=server.url, start=False) as on:
            await on.emit(Liked("p1"), Ignored())
        async with stage(tmp_path, two) as on:
            await on.settled()
            assert sorted(await on.effects()) == ["first p1", "second p1", "third ignored"]
            assert await on.rows() == []

    async def test_an_event_that_was_published_reaches_those_that_have_not_done_it_yet(
        self, tmp_path: Path, server: ServerProcess
    ) -> None:
        async with stage(tmp_path, lambda db: two(db)[:1], nats=server.url) as on:
            await on.emit(Liked("p1"))
            (row,) = await on.rows()
            await on.settled()
            # The process was killed before it deleted the row.
            await on.db.execute_script(
                "INSERT INTO event_outbox (event_id, consumer, subject, envelope, due_at) VALUES (?, ?, ?, ?, ?)",
                [row["event_id"], row["consumer"], row["subject"], row["envelope"], row["due_at"]],
            )
        async with stage(tmp_path, two) as on:
            await on.settled()
            assert await on.effects() == ["first p1", "second p1"]

    async def test_events_that_nats_still_holds_are_told_of(
        self, tmp_path: Path, server: ServerProcess, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with stage(tmp_path, two) as on:
            await on.emit(Liked("p1"))
            await on.settled()
        assert caplog.messages == []
        async with stage(tmp_path, two, nats=server.url) as on:
            await on.emit(Liked("p2"))
            await on.settled()
        async with stage(tmp_path, two):
            assert [each for each in caplog.messages if "this store was a cluster's within the last 7 days" in each]

    async def test_an_event_that_nobody_here_consumes_is_forgotten(self, tmp_path: Path, server: ServerProcess) -> None:
        async with stage(tmp_path, two, nats=server.url, start=False) as on:
            await on.emit(Ignored())
        async with stage(tmp_path, refusing) as on:
            await on.settled()
            assert await on.rows() == []
