"""The streams are there, however many processes make them; what somebody changed by hand is left and reported."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from girok.events.consumer import Consumer, Delivery
from girok.events.jetstream import JetStream
from girok.events.stream_keeper import StreamKeeper
from girok.events.streams import DEAD, NOTE, WAITS, Stream, durable_name, event_stream, stream_of
from girok.nats import NatsConnection
from girok.servers.process import ServerProcess
from tests.kernel.events.consumers import storing
from tests.kernel.events.stage import Liked, Stage, stage

DAY = 86_400_000_000_000
WEEK = [event_stream("auth"), event_stream("test", days=7)]
MONTH = [event_stream("auth"), event_stream("test", days=30)]


@pytest.fixture
async def connection(server: ServerProcess) -> AsyncIterator[NatsConnection]:
    connection = NatsConnection(server.url)
    await connection.open()
    yield connection
    await connection.close()


async def kept(connection: NatsConnection, streams: Sequence[Stream]) -> None:
    """Let a process that has these streams start, and end once they are there."""
    keeper = StreamKeeper(connection, JetStream(connection), streams)
    running = asyncio.create_task(keeper.run())
    async with asyncio.timeout(20):
        await keeper.ready(connection.current())
    running.cancel()


async def config(connection: NatsConnection, stream: str) -> dict[str, Any]:
    info = await JetStream(connection).call(f"STREAM.INFO.{stream}")
    return info["config"]


async def change(connection: NatsConnection, stream: str, **changes: Any) -> None:
    """What somebody does by hand."""
    found = await config(connection, stream)
    await JetStream(connection).call(f"STREAM.UPDATE.{stream}", {**found, **changes})


class TestNames:
    def test_a_subject_belongs_to_the_stream_of_its_domain(self) -> None:
        assert stream_of("feed.post.created") == event_stream("feed").name == "FEED"

    def test_a_durable_name_has_no_dots(self) -> None:
        assert durable_name("feed.fan-out") == "feed_fan-out"


class TestMake:
    async def test_keeps_by_limits_in_files_for_the_days_that_the_domain_says(self, connection: NatsConnection) -> None:
        await kept(connection, [*MONTH, DEAD, WAITS])
        found = await config(connection, "TEST")
        assert (found["subjects"], found["max_age"]) == (["test.>"], 30 * DAY)
        assert (found["retention"], found["storage"], found["discard"]) == ("limits", "file", "old")
        assert found["duplicate_window"] == 120_000_000_000
        assert (await config(connection, "AUTH"))["max_age"] == 7 * DAY
        assert (await config(connection, "GIROK_DEAD"))["max_age"] == 0

    async def test_by_several_at_once(self, connection: NatsConnection, caplog: pytest.LogCaptureFixture) -> None:
        await asyncio.gather(*(kept(connection, MONTH) for _ in range(8)))
        assert (await config(connection, "TEST"))["max_age"] == 30 * DAY
        assert caplog.messages == []


class TestReconcile:
    async def test_brings_forward_what_an_earlier_girok_made(
        self, connection: NatsConnection, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "girok.events")
        await kept(connection, WEEK)
        await change(connection, "TEST", num_replicas=1, description="ours")  # the operator's own matter
        await kept(connection, MONTH)
        found = await config(connection, "TEST")
        assert (found["max_age"], found["description"]) == (30 * DAY, "ours")
        assert caplog.messages == [f"stream TEST is brought forward; it had max_age: {7 * DAY} instead of {30 * DAY}"]
        await kept(connection, WEEK)
        assert (await config(connection, "TEST"))["max_age"] == 7 * DAY

    async def test_reports_and_leaves_what_was_changed_by_hand(
        self, connection: NatsConnection, caplog: pytest.LogCaptureFixture
    ) -> None:
        await kept(connection, MONTH)
        await change(connection, "TEST", max_age=DAY, max_msgs=10)
        await kept(connection, MONTH)
        found = await config(connection, "TEST")
        assert (found["max_age"], found["max_msgs"]) == (DAY, 10)
        changed = f"max_age: {DAY} instead of {30 * DAY}; max_msgs: 10 instead of -1"
        assert caplog.messages == [f"stream TEST was changed by hand and is left so: {changed}"]

    @pytest.mark.parametrize("note", ["", "no json", "[]", "1", "{}"])
    async def test_takes_a_note_that_is_none_of_its_own_for_a_change_by_hand(
        self, connection: NatsConnection, note: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        await kept(connection, WEEK)
        await change(connection, "TEST", max_age=DAY, metadata={NOTE: note})
        await kept(connection, MONTH)
        assert (await config(connection, "TEST"))["max_age"] == DAY
        assert len(caplog.messages) == 1

    async def test_takes_what_was_made_by_hand_as_it_should_be(
        self, connection: NatsConnection, caplog: pytest.LogCaptureFixture
    ) -> None:
        await kept(connection, MONTH)
        await change(connection, "TEST", metadata={})
        await kept(connection, MONTH)
        assert caplog.messages == []


async def arrives(on: Stage, post_id: str) -> None:
    await on.emit(Liked(post_id))
    async with asyncio.timeout(20):
        while post_id not in await on.effects():
            await asyncio.sleep(0.01)


class TestWhileEventsFlow:
    async def test_a_stream_that_somebody_removed_is_made_again_and_its_events_arrive(
        self, tmp_path: Path, server: ServerProcess
    ) -> None:
        async with stage(tmp_path, storing, nats=server.url) as on:
            await arrives(on, "p1")
            await JetStream(on.connection).call("STREAM.DELETE.TEST")
            await arrives(on, "p2")
            assert await on.effects() == ["p1", "p2"]

    async def test_a_consumer_that_somebody_removed_is_made_again_and_does_nothing_twice(
        self, tmp_path: Path, server: ServerProcess
    ) -> None:
        async with stage(tmp_path, storing, nats=server.url) as on:
            await arrives(on, "p1")
            await JetStream(on.connection).call("CONSUMER.DELETE.TEST.test_store")
            await arrives(on, "p2")
            await on.settled()
            assert await on.effects() == ["p1", "p2"]

    async def test_events_that_another_stream_would_take_stay_until_it_is_gone(
        self, tmp_path: Path, server: ServerProcess, connection: NatsConnection, caplog: pytest.LogCaptureFixture
    ) -> None:
        await JetStream(connection).call("STREAM.CREATE.FOREIGN", {"name": "FOREIGN", "subjects": ["test.post.>"]})
        async with stage(tmp_path, storing, nats=server.url) as on:
            await on.emit(Liked("p1"))
            async with asyncio.timeout(20):
                while not (await on.rows())[0]["attempts"]:
                    await asyncio.sleep(0.01)
            assert any("stream TEST cannot be made as it should be: " in each for each in caplog.messages)
            await JetStream(connection).call("STREAM.DELETE.FOREIGN")
            await arrives(on, "p2")
            await on.settled()
            assert sorted(await on.effects()) == ["p1", "p2"]


class TestBus:
    async def test_refuses_a_consumer_of_a_subject_that_no_stream_keeps(
        self, tmp_path: Path, server: ServerProcess
    ) -> None:
        class Lost(Liked, frozen=True):
            subject = "nowhere.post.liked"

        async def handle(event: Lost, delivery: Delivery) -> None:
            """Never called."""

        with pytest.raises(ValueError, match=r"no stream keeps nowhere.post.liked, which test.lost listens to"):
            async with stage(tmp_path, lambda _: [Consumer("test.lost", Lost, handle)], nats=server.url):
                """Not reached."""

    async def test_refuses_names_that_jetstream_takes_for_one(self, tmp_path: Path, server: ServerProcess) -> None:
        async def handle(event: Liked, delivery: Delivery) -> None:
            """Never called."""

        alike = [Consumer("test.a_b", Liked, handle), Consumer("test.a.b", Liked, handle)]
        with pytest.raises(ValueError, match="two consumers are called 'test_a_b'"):
            async with stage(tmp_path, lambda _: alike, nats=server.url):
                """Not reached."""
