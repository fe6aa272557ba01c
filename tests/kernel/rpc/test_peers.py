"""Which process takes a call, and what a caller sees of one that dies, hangs, stops, refuses or never was there."""

import asyncio
import logging
import signal
import socket
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from hyperframe.frame import GoAwayFrame, SettingsFrame

from girok.context import CallContext, use
from girok.errors import GirokError, Internal
from girok.rpc.contract import contract_of
from girok.rpc.http2 import MOST_STREAMS
from girok.rpc.peers import Peers
from girok.rpc.status import PeerUnavailable
from girok.testing.process import free_port
from plugins.feed.ports import CreatePostRequest, FeedService, GetPostRequest, Post
from tests.kernel.rpc.raw import socket_to
from tests.kernel.rpc.serving import Answers, Pair, feed_of, served
from tests.kernel.rpc.test_client import become

pytestmark = pytest.mark.usefixtures("tidy")
AUTH = contract_of("auth", "AuthService")
HELLO = GetPostRequest("say:hello")


@pytest.fixture(scope="module")
def pair() -> Generator[Pair, None, None]:
    made = Pair()
    yield made
    asyncio.run(made.end())


def up(peers: Peers) -> set[str]:
    return {each.address for each in peers._roles["feed"] if each.up}


class Load:
    """What calls one after another saw: who answered, what failed, how long the longest took."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self.failed: list[GirokError] = []
        self.longest = 0.0

    async def run(self, call: Callable[[], Awaitable[Post]]) -> None:
        while True:
            begin = time.monotonic()
            try:
                self.answered[(await call()).author_id] += 1
            except GirokError as error:
                self.failed.append(error)
                await asyncio.sleep(0.01)
            self.longest = max(self.longest, time.monotonic() - begin)


@asynccontextmanager
async def under_load(call: Callable[[], Awaitable[Post]], callers: int = 6) -> AsyncGenerator[Load, None]:
    load = Load()
    tasks = [asyncio.create_task(load.run(call)) for _ in range(callers)]
    try:
        yield load
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def answers_from(load: Load, *names: str) -> None:
    """Wait until each of them has answered again."""
    before = load.answered.copy()
    await become(True, lambda: all(load.answered[each] > before[each] for each in names))


def reading(feed: FeedService) -> Callable[[], Awaitable[Post]]:
    return lambda: feed.get_post(HELLO)


def writing(feed: FeedService) -> Callable[[], Awaitable[Post]]:
    return lambda: feed.create_post(CreatePostRequest("say:hello"))


class TestPick:
    async def test_calls_are_shared_out(self) -> None:
        async with AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(served(Answers(each))) for each in "abc"]
            feed, _ = await stack.enter_async_context(feed_of(*(each.address for each in servers)))
            answers = await asyncio.gather(*(feed.get_post(HELLO) for _ in range(300)))
        assert min(Counter(each.author_id for each in answers).values()) > 60

    async def test_who_has_much_to_do_gets_less(self) -> None:
        async with served(Answers("a")) as a, served(Answers("b")) as b, feed_of(a.address) as (feed, peers):
            busy = [asyncio.ensure_future(feed.get_post(GetPostRequest("sleep:1"))) for _ in range(20)]
            await become(20, lambda: len(a.answers.begun))
            await peers.replace({"feed": [a.address, b.address]})
            answers = [(await feed.get_post(HELLO)).author_id for _ in range(10)]
            await asyncio.gather(*busy)
        assert answers == ["b"] * 10

    async def test_without_peers_a_call_fails_at_once(self) -> None:
        async with feed_of() as (feed, peers):
            begin = time.monotonic()
            with pytest.raises(PeerUnavailable):
                await feed.get_post(HELLO)
            assert time.monotonic() - begin < 0.5
            assert not peers.is_up("feed")
            assert not peers.is_up("auth")

    async def test_who_leaves_finishes_what_it_was_asked_and_gets_no_more(self) -> None:
        async with served(Answers("a")) as a, served(Answers("b")) as b, feed_of(a.address) as (feed, peers):
            last = asyncio.ensure_future(feed.create_post(CreatePostRequest("sleep:0.3")))
            await become(1, lambda: len(a.answers.begun))
            await peers.replace({"feed": [b.address]})
            assert (await feed.get_post(HELLO)).author_id == "b"
            assert (await last).author_id == "a"


class TestNeverThere:
    async def test_calls_of_both_kinds_go_to_who_is_there(self, caplog: pytest.LogCaptureFixture) -> None:
        nobody = [f"127.0.0.1:{free_port()}" for _ in range(5)]
        async with served(Answers("a")) as a, feed_of(a.address, *nobody) as (feed, peers):
            calls = [feed.get_post(HELLO) for _ in range(30)]
            calls += [feed.create_post(CreatePostRequest("say:hello")) for _ in range(30)]
            assert {each.author_id for each in await asyncio.gather(*calls)} == {"a"}
            await become({a.address}, lambda: up(peers))
        told = [each for each in caplog.records if each.levelno >= logging.WARNING]
        assert len(told) == len(nobody)
        assert all("is down" in each.getMessage() for each in told)

    async def test_alone_it_fails_at_once(self) -> None:
        async with feed_of(f"127.0.0.1:{free_port()}") as (feed, _):
            begin = time.monotonic()
            for call in (reading(feed), writing(feed), reading(feed)):
                with pytest.raises(PeerUnavailable):
                    await call()
            assert time.monotonic() - begin < 1

    async def test_a_host_that_swallows_packets_costs_a_call_less_than_a_second(self) -> None:
        async with served(Answers("a")) as a, silent() as address, feed_of(a.address, address) as (feed, peers):
            begin = time.monotonic()
            answers = await asyncio.gather(*(feed.create_post(CreatePostRequest("say:hello")) for _ in range(20)))
            assert {each.author_id for each in answers} == {"a"}
            assert time.monotonic() - begin < 1.8
            assert up(peers) == {a.address}

    async def test_it_is_used_within_a_second_of_its_coming(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "girok.rpc")
        port = free_port()
        async with feed_of(f"127.0.0.1:{port}") as (feed, peers):
            with pytest.raises(PeerUnavailable):
                await feed.get_post(HELLO)
            async with served(Answers("late"), port=port):
                begin = time.monotonic()
                await become(True, lambda: peers.is_up("feed"))
                assert time.monotonic() - begin < 1.5
                assert (await feed.get_post(HELLO)).author_id == "late"
        assert [each.getMessage().split(":")[2:] for each in caplog.records if "is back" in each.getMessage()] == [[]]

    async def test_who_was_never_called_counts_as_up_until_it_is_reached_for(self) -> None:
        async with feed_of(f"127.0.0.1:{free_port()}") as (_, peers):
            assert peers.is_up("feed")
            await peers.reach("feed")
            assert not peers.is_up("feed")
        async with served() as server, feed_of(server.address) as (_, peers):
            await peers.reach("feed")
            assert peers.is_up("feed")


class TestOtherSecret:
    async def test_calls_go_to_who_has_ours_and_it_is_told_once(self, caplog: pytest.LogCaptureFixture) -> None:
        async with served(Answers("a")) as a, served(Answers("b"), secret="another") as b:
            async with feed_of(a.address, b.address) as (feed, _):
                calls = [feed.get_post(HELLO) for _ in range(30)]
                calls += [feed.create_post(CreatePostRequest("say:hello")) for _ in range(30)]
                assert {each.author_id for each in await asyncio.gather(*calls)} == {"a"}
            assert b.answers.begun == []
        told = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
        assert len(told) == 1
        assert "GIROK_CLUSTER_SECRET" in told[0]

    async def test_alone_it_is_unavailable_and_nobody_is_told_to_sign_in(self) -> None:
        async with served(secret="another") as server, feed_of(server.address) as (feed, _):
            for _ in range(3):
                with pytest.raises(PeerUnavailable):
                    await feed.get_post(HELLO)


class TestOtherVersion:
    async def test_calls_go_to_who_has_the_method(self) -> None:
        async with served(Answers("a")) as a, served(Answers("old"), contracts=[AUTH]) as old:
            async with feed_of(a.address, old.address) as (feed, _):
                calls = [feed.create_post(CreatePostRequest("say:hello")) for _ in range(20)]
                assert {each.author_id for each in await asyncio.gather(*calls)} == {"a"}
            async with feed_of(old.address) as (feed, _):
                with pytest.raises(Internal):
                    await feed.get_post(HELLO)


class TestKilled:
    async def test_reads_go_on_without_an_error_and_it_is_used_again_within_a_second(self, pair: Pair) -> None:
        a, b = await pair.running()
        async with feed_of(a.address, b.address) as (feed, peers), under_load(reading(feed)) as load:
            await answers_from(load, "a", "b")
            await a.end(signal.SIGKILL)
            await become({b.address}, lambda: up(peers))
            await answers_from(load, "b")
            await a.start()
            begin = time.monotonic()
            await answers_from(load, "a", "b")
            assert time.monotonic() - begin < 1.5
        assert load.failed == []

    async def test_a_write_under_way_fails_and_is_not_done_twice(self, pair: Pair) -> None:
        a, _ = await pair.running()
        async with served(Answers("b")) as b, feed_of(a.address) as (feed, peers):
            write = asyncio.ensure_future(feed.create_post(CreatePostRequest("sleep:30")))
            await become(1, lambda: peers._roles["feed"][0].in_flight)
            assert (await feed.create_post(CreatePostRequest("say:it is there"))).author_id == "a"
            await peers.replace({"feed": [a.address, b.address]})
            await a.end(signal.SIGKILL)
            with pytest.raises(PeerUnavailable):
                await write
            assert b.answers.begun == []
            assert (await feed.create_post(CreatePostRequest("say:goes on"))).author_id == "b"

    async def test_a_request_that_kills_takes_three_processes_at_the_most(self) -> None:
        async with AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(served(Answers(each))) for each in "abcd"]
            feed, _ = await stack.enter_async_context(feed_of(*(each.address for each in servers)))
            with pytest.raises(PeerUnavailable):
                await feed.get_post(GetPostRequest("hang_up:"))
            assert sum(len(each.answers.begun) for each in servers) == 3


class TestPaused:
    async def test_reads_go_on_and_it_is_out_within_a_second_and_back_when_it_goes_on(self, pair: Pair) -> None:
        a, b = await pair.running()
        async with feed_of(a.address, b.address) as (feed, peers), under_load(reading(feed)) as load:
            await answers_from(load, "a", "b")
            a.send(signal.SIGSTOP)
            begin = time.monotonic()
            await become({b.address}, lambda: up(peers))
            assert time.monotonic() - begin < 1.5
            await answers_from(load, "b")
            a.send(signal.SIGCONT)
            begin = time.monotonic()
            await answers_from(load, "a", "b")
            assert time.monotonic() - begin < 1.5
        assert load.failed == []
        assert load.longest < 1.9


class TestDraining:
    async def test_one_that_stops_is_noticed_by_nobody(self, pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
        a, b = await pair.running()
        async with feed_of(a.address, b.address) as (feed, peers):
            async with under_load(reading(feed)) as reads, under_load(writing(feed)) as writes:
                await answers_from(reads, "a", "b")
                long = [asyncio.ensure_future(feed.create_post(CreatePostRequest("sleep:0.5"))) for _ in range(20)]
                await become(20, lambda: sum(each.in_flight > 8 for each in peers._roles["feed"]) * 10)
                assert await a.end() == 0
                assert {each.author_id for each in await asyncio.gather(*long)} == {"a", "b"}
                await become({b.address}, lambda: up(peers))
                await answers_from(writes, "b")
            assert reads.failed == writes.failed == []
        assert [each.getMessage() for each in caplog.records if each.levelno > logging.WARNING] == []


class TestSlow:
    async def test_a_slow_call_is_no_reason_to_leave(self, caplog: pytest.LogCaptureFixture) -> None:
        async with served() as server, feed_of(server.address) as (feed, peers):
            slow = [asyncio.ensure_future(feed.create_post(CreatePostRequest("sleep:1.5"))) for _ in range(200)]
            await asyncio.gather(*slow)
            assert peers.is_up("feed")
        assert caplog.records == []

    async def test_an_own_loop_that_stands_still_accuses_nobody(
        self, pair: Pair, caplog: pytest.LogCaptureFixture
    ) -> None:
        a, _ = await pair.running()
        async with feed_of(a.address) as (feed, peers):
            await feed.get_post(HELLO)
            calls = [
                asyncio.ensure_future(feed.create_post(CreatePostRequest(f"sleep:{each / 4}"))) for each in range(8)
            ]
            for stall in (0.5, 1.2):
                await asyncio.sleep(0.15)
                time.sleep(stall)
            await asyncio.gather(*calls)
            assert peers.is_up("feed")
        assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []

    async def test_an_own_loop_that_stands_still_while_connecting_accuses_nobody(self, pair: Pair) -> None:
        a, _ = await pair.running()
        async with feed_of(a.address) as (feed, _):
            call = asyncio.ensure_future(feed.create_post(CreatePostRequest("say:hello")))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            time.sleep(1.2)
            assert (await call).text == "hello"

    async def test_a_deadline_ends_a_call_to_one_that_hangs(self) -> None:
        async with silent() as address, feed_of(address) as (feed, _):
            begin = asyncio.get_running_loop().time()
            with use(CallContext(deadline=begin + 0.2)), pytest.raises(Exception, match="unavailable"):
                await feed.get_post(HELLO)
            assert asyncio.get_running_loop().time() - begin < 0.7


@asynccontextmanager
async def silent() -> AsyncGenerator[str, None]:
    """Somebody who has a port, and whose kernel takes connections, but who never does."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        yield f"127.0.0.1:{listening.getsockname()[1]}"


class TestConnection:
    async def test_one_that_is_worn_out_is_replaced_while_its_calls_go_on(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, peers):
            await feed.get_post(HELLO)
            old = peers._roles["feed"][0]._connection
            assert old is not None
            slow = asyncio.ensure_future(feed.create_post(CreatePostRequest("sleep:0.3")))
            await become(1, lambda: len(server.answers.begun) - 1)
            old._h2.highest_outbound_stream_id = 2**31 - 1001
            assert (await feed.get_post(HELLO)).text == "hello"
            assert len(server.server._connections) == 2
            await slow
            await become(1, lambda: len(server.server._connections))
            assert (await feed.get_post(HELLO)).text == "hello"

    @pytest.mark.parametrize("seconds", [0.0, 0.05])
    async def test_one_that_ends_again_and_again_is_not_made_without_a_pause(
        self, caplog: pytest.LogCaptureFixture, seconds: float
    ) -> None:
        made: list[asyncio.BaseTransport] = []

        class Short(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                made.append(transport)
                transport.write(SettingsFrame(0).serialize())
                asyncio.get_running_loop().call_later(seconds, transport.close)

        server = await asyncio.get_running_loop().create_server(Short, "127.0.0.1", 0)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        begin = time.monotonic()
        async with feed_of(address) as (feed, _), under_load(reading(feed)):
            await become(True, lambda: len(made) > 4)
        server.close()
        for each in made:
            each.close()
        assert time.monotonic() - begin > 0.1 + 0.2 + 0.4
        assert len([each for each in caplog.records if "is down" in each.getMessage()]) == 1

    @pytest.mark.parametrize("address", ["a" * 70 + ".example:5", "127.0.0.1:99999", "127.0.0.1:0", "[::1]:1"])
    async def test_an_address_that_is_none_is_a_peer_that_is_down(self, address: str) -> None:
        async with feed_of(address) as (feed, peers):
            with pytest.raises(PeerUnavailable):
                await feed.get_post(HELLO)
            assert not peers.is_up("feed")

    async def test_more_connections_than_allowed_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("girok.rpc.server._MOST_CONNECTIONS", 2)
        async with served() as server, socket_to(server.address), socket_to(server.address) as (reader, _):
            await become(2, lambda: len(server.server._connections))
            async with socket_to(server.address) as (refused, _):
                with suppress(ConnectionError):
                    await asyncio.wait_for(refused.read(), 5)
            assert not reader.at_eof()

    async def test_closing_while_connecting_is_no_cancellation(self) -> None:
        async with silent() as address, feed_of(address) as (feed, peers):
            call = asyncio.ensure_future(feed.get_post(HELLO))
            await become(1, lambda: peers._roles["feed"][0].in_flight)
            await peers.close()
            with pytest.raises(PeerUnavailable):
                await call

    async def test_its_end_is_heard_by_those_that_wait_for_their_turn_on_it(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            sleep = CreatePostRequest("sleep:30")
            calls = [asyncio.ensure_future(feed.create_post(sleep)) for _ in range(2 * MOST_STREAMS + 50)]
            await become(MOST_STREAMS, lambda: len(server.answers.begun))
            server.hang_up()
            ended = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 2)
            assert {type(each) for each in ended} == {PeerUnavailable}


class Stopping(asyncio.Protocol):
    """A server that answers a call with GOAWAY: the call `last` was the last that it began."""

    def __init__(self, last: int) -> None:
        self._last = last

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(SettingsFrame(0).serialize())

    def data_received(self, data: bytes) -> None:
        if len(data) > 100:  # the preface is shorter, a call longer
            self._transport.write(GoAwayFrame(0, last_stream_id=self._last).serialize())


@asynccontextmanager
async def stopping(last: int) -> AsyncGenerator[str, None]:
    server = await asyncio.get_running_loop().create_server(lambda: Stopping(last), "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


class TestGoodbye:
    async def test_a_write_that_was_not_begun_goes_elsewhere(self) -> None:
        async with stopping(last=0) as address, served(Answers("b")) as b, feed_of(address, b.address) as (feed, peers):
            peers._roles["feed"][1].in_flight = 1
            assert (await feed.create_post(CreatePostRequest("say:hello"))).author_id == "b"

    async def test_a_write_that_may_have_begun_fails(self) -> None:
        async with stopping(last=1) as address, served(Answers("b")) as b, feed_of(address, b.address) as (feed, peers):
            peers._roles["feed"][1].in_flight = 1
            with pytest.raises(PeerUnavailable):
                await feed.create_post(CreatePostRequest("say:hello"))
            assert b.answers.begun == []

    async def test_a_read_that_may_have_begun_goes_elsewhere(self) -> None:
        async with stopping(last=1) as address, served(Answers("b")) as b, feed_of(address, b.address) as (feed, peers):
            peers._roles["feed"][1].in_flight = 1
            assert (await feed.get_post(HELLO)).author_id == "b"
