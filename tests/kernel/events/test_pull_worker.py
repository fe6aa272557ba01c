"""What a worker makes of a message that JetStream delivers again."""

from pathlib import Path

from nats.aio.client import Client
from nats.aio.msg import Msg

from girok.clock import SystemClock
from girok.db.sqlite import SQLiteDatabase
from girok.events.consumer import Consumer, Delivery
from girok.events.jetstream import JetStream
from girok.events.message import Message, given_back
from girok.events.pull_worker import PullWorker
from girok.events.settlement import Settlement
from girok.events.stream_keeper import StreamKeeper
from girok.nats import NatsConnection
from tests.kernel.events.stage import QUICK, Liked

EVENT_ID = "01a20d90-142c-75e8-bc1f-3097bbee1eb9"


def delivery(sequence: int, delivered: int, account: str = "") -> Message:
    """The `delivered`-th delivery of a message, as the server names it."""
    reply = f"$JS.ACK.{account}TEST.test_handle.{delivered}.{sequence}.9.1795521973500085263.0"
    headers = {"Nats-Msg-Id": f"{EVENT_ID}/test.handle/7"}
    return Message(Msg(Client(), Liked.subject, reply, b"", headers), 0.0)


def worker() -> PullWorker:
    """One that was not started."""

    async def handle(event: Liked, delivery: Delivery) -> None:
        """Never called."""

    consumer, clock, connection = (
        Consumer("test.handle", Liked, handle),
        SystemClock(),
        NatsConnection("nats://nowhere"),
    )
    jetstream, db = JetStream(connection), SQLiteDatabase(Path("nowhere"))
    settlement = Settlement(consumer, connection, jetstream, db, clock=clock, settings=QUICK)
    keeper = StreamKeeper(connection, jetstream, [])
    return PullWorker(consumer, connection, jetstream, keeper, settlement, clock=clock, settings=QUICK)


class TestMessage:
    def test_tells_its_place_and_which_delivery_it_is(self) -> None:
        message = delivery(17, 3)
        assert (message.sequence, message.delivered, message.event_id) == (17, 3, EVENT_ID)

    def test_of_a_server_with_domains_tells_the_same(self) -> None:
        message = delivery(17, 3, account="hub.ACCOUNT.")
        assert (message.sequence, message.delivered) == (17, 3)

    def test_is_given_back_at_once_or_later(self) -> None:
        assert [given_back(0), given_back(1.5)] == [b"-NAK", b'-NAK {"delay":1500000000}']


class TestReceive:
    def test_a_message_that_is_at_work_is_not_begun_again(self) -> None:
        receiver, first, second = worker(), delivery(1, 1), delivery(1, 2)
        receiver._receive(first)
        receiver._receive(second)
        assert list(receiver._arrived) == [first]
        assert first.reply == second.reply  # which is the one that JetStream waits for now

    def test_a_message_that_was_given_back_is_another_delivery(self) -> None:
        receiver, first, second = worker(), delivery(1, 1), delivery(1, 2)
        receiver._receive(first)
        first.answered = True
        receiver._receive(second)
        receiver._let_go(first)
        assert list(receiver._arrived) == [first, second]
        assert receiver._held == {1: second}
