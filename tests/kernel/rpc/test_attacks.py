"""What a stranger may do to the port: nothing that ends the process, fills its memory, its log or its time."""

import asyncio
import random
import resource
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from grpclib.reflection.v1.reflection_pb2 import ServerReflectionRequest
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame, PingFrame, SettingsFrame, WindowUpdateFrame

from girok.rpc import http2_server
from plugins.feed.ports import CreatePostRequest, FeedService, GetPostRequest
from tests.kernel.rpc.raw import PREFACE, Raw, headers, message, raw, reset, socket_to
from tests.kernel.rpc.serving import FEED, SECRET, Answers, ServerProcess, feed_of, served
from tests.kernel.rpc.test_client import become

GET = "/girok.feed.v1.FeedService/GetPost"
CREATE = "/girok.feed.v1.FeedService/CreatePost"
HEALTH = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
RIGHT = {"girok-cluster-secret": SECRET}
HELLO = FEED.methods[2].request.encode(GetPostRequest("say:hello"))
ENHANCE_YOUR_CALM = 11
MEBIBYTE = 2**20


DESCRIBE = ServerReflectionRequest(file_by_filename="plugins/feed/feed.proto").SerializeToString()
UNREAD = b"".join(
    [
        PREFACE,
        SettingsFrame(0, {SettingsFrame.INITIAL_WINDOW_SIZE: 2**31 - 1}).serialize(),
        WindowUpdateFrame(0, window_increment=2**30).serialize(),
        *(
            headers(each, REFLECTION) + message(each, DESCRIBE, end=False) * 9 + message(each, DESCRIBE)
            for each in range(1, 20_001, 2)
        ),
    ]
)
"""Asks for 200 MB."""


class Victim:
    """A server in a process of its own, and what became of it."""

    def __init__(self, process: ServerProcess, log: Path) -> None:
        self.process = process
        self.address = process.address
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def memory(self) -> int:
        """Bytes that it has in memory."""
        assert self.process.child is not None
        pages = Path(f"/proc/{self.process.child.pid}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Generator[Victim, None, None]:
    log = tmp_path_factory.mktemp("victim") / "log"
    process = ServerProcess("victim", log)
    asyncio.run(process.start())
    yield Victim(process, log)
    assert asyncio.run(process.end()) == 0


@pytest.fixture(autouse=True)
async def unharmed(victim: Victim) -> AsyncGenerator[None, None]:
    """Afterwards it runs, answers, has written nothing and is not much bigger."""
    before = victim.memory()
    yield
    async with feed_of(victim.address) as (feed, _):
        assert (await feed.create_post(CreatePostRequest("say:hello"))).text == "hello"
    assert victim.log == ""
    assert victim.memory() - before < 48 * MEBIBYTE


async def asks(feed: FeedService, seen: list[float]) -> None:
    """Ask again and again; how long each took."""
    while True:
        begin = time.monotonic()
        await feed.create_post(CreatePostRequest("say:hello"))
        seen.append(time.monotonic() - begin)


class TestNoHttp2:
    @pytest.mark.parametrize(
        "said",
        [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"POST /girok.feed.v1.FeedService/GetPost HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
            bytes.fromhex("16030100c2010000be0303") + bytes(190),
            b"\x00" * 100_000,
            b"\xff" * 100_000,
            PREFACE + b"\xff" * 100_000,
            PREFACE[:-1] + b"\x01",
        ],
    )
    async def test_who_speaks_something_else_is_cut_off(self, victim: Victim, said: bytes) -> None:
        async with socket_to(victim.address) as (reader, writer):
            writer.write(said)
            with suppress(ConnectionError):
                await asyncio.wait_for(reader.read(), 10)

    async def test_random_bytes_and_random_frames_harm_nobody(self, victim: Victim) -> None:
        chance = random.Random(42)
        for _ in range(150):
            async with socket_to(victim.address) as (_, writer):
                writer.write(PREFACE if chance.random() < 0.9 else b"")
                for _ in range(chance.randrange(12)):
                    writer.write(nonsense(chance))
                with suppress(ConnectionError):
                    await writer.drain()
                await asyncio.sleep(0)

    async def test_a_call_with_any_byte_changed_harms_nobody(self, victim: Victim) -> None:
        chance = random.Random(43)
        whole = headers(1, GET, RIGHT) + message(1, HELLO) + headers(3, HEALTH) + message(3, b"")
        for _ in range(150):
            changed = bytearray(whole)
            for _ in range(chance.randrange(1, 4)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            async with raw(victim.address) as connection:
                connection.send(bytes(changed))
                with suppress(ConnectionError):
                    await connection.sent()
                await asyncio.sleep(0)


def nonsense(chance: random.Random) -> bytes:
    """A frame with a true length and anything else."""
    body = chance.randbytes(chance.choice([0, 1, 4, 5, 6, 8, 40, 900]))
    kind, flags = chance.randrange(14), chance.choice([0, 1, 4, 5, 8, 32, chance.randrange(256)])
    stream = chance.choice([0, 1, 1, 3, 5, 2, chance.randrange(2**31)])
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


class TestOddCalls:
    async def test_a_frame_of_a_kind_that_nobody_knows_is_passed_over(self, victim: Victim) -> None:
        async with raw(victim.address) as connection:
            connection.send(bytes.fromhex("000003770000000000") + b"new", headers(1, GET, RIGHT), message(1, HELLO))
            assert await connection.answer(1) == "0"

    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ({":method": "GET"}, "415"),
            ({"content-type": "text/html"}, "415"),
            ({":path": "/x"}, "12"),
            ({":path": ""}, "12"),
            ({"grpc-timeout": "soon"}, "3"),
            ({"grpc-timeout": "999999999S"}, "3"),
            ({"grpc-timeout": "-1S"}, "3"),
            ({"grpc-timeout": "0n"}, "14"),
            ({"grpc-timeout": "99999999H"}, "0"),
            ({"girok-actor": "\u00e9;USER;s"}, "0"),
            ({"x-bin": "!!!"}, "0"),
            ({"grpc-encoding": "gzip"}, "0"),
            ({"content-type": "application/grpc+proto"}, "0"),
        ],
    )
    async def test_odd_header_fields_have_an_answer(self, victim: Victim, fields: dict[str, str], status: str) -> None:
        async with raw(victim.address) as connection:
            connection.send(headers(1, GET, {**RIGHT, **fields}), message(1, HELLO))
            assert await connection.answer(1) == status

    @pytest.mark.parametrize("path", [GET, HEALTH, REFLECTION])
    async def test_a_message_that_is_cut_off_or_missing_is_an_invalid_argument(self, victim: Victim, path: str) -> None:
        async with raw(victim.address) as connection:
            connection.send(headers(1, path, RIGHT), message(1, b"abc", length=4))
            connection.send(headers(3, path, RIGHT), DataFrame(3, b"\x00\x00", flags=["END_STREAM"]).serialize())
            connection.send(headers(5, path, RIGHT, end=True))
            connection.send(headers(7, path, RIGHT), DataFrame(7, b"", flags=["END_STREAM"]).serialize())
            assert [await connection.answer(each) for each in (1, 3, 5, 7)] == ["3"] * 4

    @pytest.mark.parametrize("path", [GET, HEALTH, REFLECTION])
    async def test_a_compressed_message_is_unimplemented(self, victim: Victim, path: str) -> None:
        async with raw(victim.address) as connection:
            connection.send(headers(1, path, RIGHT), message(1, b"abc", flag=1))
            assert await connection.answer(1) == "12"

    async def test_empty_frames_in_a_message_are_passed_over(self, victim: Victim) -> None:
        async with raw(victim.address) as connection:
            connection.send(headers(1, GET, RIGHT))
            for each in message(1, HELLO)[9:]:
                connection.send(DataFrame(1, b"").serialize(), DataFrame(1, bytes([each])).serialize())
            connection.send(DataFrame(1, b"", flags=["END_STREAM"]).serialize())
            assert await connection.answer(1) == "0"

    async def test_a_connection_that_ends_ends_its_calls(self) -> None:
        async with served() as server:
            async with raw(server.address) as connection:
                sleep = FEED.methods[2].request.encode(GetPostRequest("sleep:30"))
                connection.send(headers(1, GET, RIGHT), message(1, sleep), headers(3, GET, RIGHT))
                await become(["sleep:30"], lambda: server.answers.begun)
            await become(["sleep:30"], lambda: server.answers.cancelled)


class TestMuch:
    @pytest.mark.parametrize("path", [CREATE, HEALTH, REFLECTION])
    async def test_a_claim_of_a_hundred_megabytes_is_refused_unread(self, victim: Victim, path: str) -> None:
        before = victim.memory()
        async with raw(victim.address) as connection:
            connection.send(headers(1, path, RIGHT), message(1, b"x" * 100, length=100_000_000, end=False))
            assert await connection.answer(1) == "8"
            connection.send(*(DataFrame(1, b"x" * 16_384).serialize() for _ in range(600)))
            connection.send(headers(3, GET, RIGHT), message(3, HELLO))
            assert await connection.answer(3) == "0"
        assert victim.memory() - before < 8 * MEBIBYTE

    async def test_without_the_secret_no_byte_is_kept(self, victim: Victim) -> None:
        before = victim.memory()
        async with raw(victim.address) as connection:
            for stream in range(1, 1201, 2):
                connection.send(headers(stream, CREATE), message(stream, b"x" * 20_000, length=2**22, end=False))
            assert {await connection.answer(each) for each in range(1, 1201, 2)} == {"16"}
        assert victim.memory() - before < 8 * MEBIBYTE

    async def test_what_needs_no_secret_takes_little(self, victim: Victim) -> None:
        async with raw(victim.address) as connection:
            connection.send(headers(1, HEALTH), message(1, b"x" * 5000))
            assert await connection.answer(1) == "8"
            connection.send(headers(3, REFLECTION), *(message(3, b"\x3a\x00", end=False) for _ in range(500)))
            assert await connection.answer(3) == "8"

    async def test_what_needs_no_secret_runs_a_hundred_times_at_once(self, victim: Victim) -> None:
        async with raw(victim.address) as connection:
            watches = range(1, 203, 2)
            connection.send(*(headers(each, WATCH) + message(each, b"") for each in watches))
            assert await connection.answer(watches[-1]) == "8"
            connection.send(reset(1), headers(301, HEALTH), message(301, b""))
            assert await connection.answer(301) == "0"

    @pytest.mark.parametrize("block", [b"\x40\x01a\x7f\x81\xfe\x03" + b"x" * 65_000, b"\x00\x01a\x01b" * 3000])
    async def test_endless_header_fields_are_cut_off(self, victim: Victim, block: bytes) -> None:
        async with raw(victim.address) as connection:
            connection.send(HeadersFrame(1, b"\x82").serialize())
            connection.send(*(ContinuationFrame(1, block[:16_000]).serialize() for _ in range(200)))
            assert await connection.closed() is not None

    async def test_more_calls_at_once_than_allowed_end_the_connection(self, victim: Victim) -> None:
        async with raw(victim.address) as connection:
            connection.send(*(headers(each, GET, RIGHT) for each in range(1, 2100, 2)))
            assert await connection.closed() is not None

    async def test_many_idle_connections_leave_room_for_others(self, victim: Victim) -> None:
        async with AsyncExitStack() as stack:
            silent = [await stack.enter_async_context(socket_to(victim.address)) for _ in range(300)]
            spoken = [await stack.enter_async_context(raw(victim.address)) for _ in range(300)]
            async with feed_of(victim.address) as (feed, _):
                assert (await feed.create_post(CreatePostRequest("say:hello"))).text == "hello"
            assert len(silent) == len(spoken)


class TestFloods:
    async def flood(self, victim: Victim, *pieces: bytes) -> Raw:
        """Send all of it while somebody else asks; they are served all the time."""
        seen: list[float] = []
        async with feed_of(victim.address) as (feed, _), raw(victim.address) as connection:
            asking = asyncio.create_task(asks(feed, seen))
            await become(True, lambda: bool(seen))
            connection.send(*pieces)
            await connection.closed()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        assert max(seen) < 1.0
        return connection

    async def test_calls_taken_back_at_once(self, victim: Victim) -> None:
        pairs = [headers(each, GET, RIGHT) + reset(each) for each in range(1, 20_000, 2)]
        assert (await self.flood(victim, *pairs)).error == ENHANCE_YOUR_CALM

    async def test_calls_taken_back_when_they_are_complete(self, victim: Victim) -> None:
        calls = [headers(each, GET, RIGHT) + message(each, HELLO) + reset(each) for each in range(1, 20_000, 2)]
        assert (await self.flood(victim, *calls)).error == ENHANCE_YOUR_CALM

    async def test_pings(self, victim: Victim) -> None:
        assert (await self.flood(victim, *[PingFrame(0, b"12345678").serialize()] * 20_000)).error == ENHANCE_YOUR_CALM

    async def test_settings(self, victim: Victim) -> None:
        each = SettingsFrame(0, {SettingsFrame.HEADER_TABLE_SIZE: 4096}).serialize()
        assert (await self.flood(victim, *[each] * 20_000)).error == ENHANCE_YOUR_CALM

    async def test_empty_data(self, victim: Victim) -> None:
        each = DataFrame(1, b"").serialize()
        assert (await self.flood(victim, headers(1, GET, RIGHT), *[each] * 20_000)).error == ENHANCE_YOUR_CALM

    async def test_windows_that_open_by_a_byte(self, victim: Victim) -> None:
        each = WindowUpdateFrame(0, window_increment=1).serialize()
        end = PingFrame(0, b"12345678").serialize()
        assert (await self.flood(victim, *[each] * 20_000, *[end] * 3_000)).error == ENHANCE_YOUR_CALM

    async def test_other_things_are_done_between_pieces_of_it(self) -> None:
        async with served() as server, raw(server.address):
            await become(1, lambda: len(server.server._connections))
            (connection,) = server.server._connections
            connection.data_received(PREFACE + PingFrame(0, b"12345678").serialize() * 1500)
            begun = len(connection._input)
            assert begun > 0
            await asyncio.sleep(0)
            assert 0 <= len(connection._input) < begun

    async def test_nothing_of_it_begins_more_than_is_allowed_at_once(self) -> None:
        async with served() as server, raw(server.address) as connection:
            sleep = FEED.methods[2].request.encode(GetPostRequest("sleep:30"))
            connection.send(*(headers(n, GET, RIGHT) + message(n, sleep) + reset(n) for n in range(1, 1000, 2)))
            connection.send(headers(1001, GET, RIGHT), message(1001, HELLO))
            assert await connection.answer(1001) == "0"
            assert server.answers.begun == ["say:hello"]

    async def test_answers_that_nobody_reads(self, victim: Victim) -> None:
        seen: list[float] = []
        async with feed_of(victim.address) as (feed, _), socket_to(victim.address) as (_, writer):
            asking = asyncio.create_task(asks(feed, seen))
            await become(True, lambda: bool(seen))
            before = victim.memory()
            writer.transport.pause_reading()
            writer.write(UNREAD)
            await become(True, lambda: len(seen) > 100)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            assert victim.memory() - before < 32 * MEBIBYTE
        assert max(seen) < 1.0

    async def test_whoever_does_not_read_is_not_read(self) -> None:
        async with served() as server, socket_to(server.address) as (_, writer):
            writer.transport.pause_reading()
            writer.write(UNREAD)
            await become(True, lambda: any(each._unwritten() for each in server.server._connections))
            (connection,) = server.server._connections
            unwritten = [connection._unwritten() for _ in range(100) if await asyncio.sleep(0.005, result=True)]
            assert 0 < max(unwritten) < 2 * MEBIBYTE


class TestSlow:
    async def test_a_slow_sender_has_until_the_deadline(self, victim: Victim) -> None:
        async with raw(victim.address) as connection:
            begin = time.monotonic()
            connection.send(
                headers(1, GET, {**RIGHT, "grpc-timeout": "300m"}), DataFrame(1, b"\x00\x00\x00").serialize()
            )
            connection.send(headers(3, GET, RIGHT), message(3, HELLO[:4], length=len(HELLO), end=False))
            assert await connection.answer(1) == "14"
            assert time.monotonic() - begin < 1.5
            assert await connection.answer(3) == "14"
            assert time.monotonic() - begin < 4

    async def test_an_answer_that_is_not_taken_has_until_the_deadline(self) -> None:
        async with served() as server, raw(server.address) as connection:
            connection.send(SettingsFrame(0, {SettingsFrame.INITIAL_WINDOW_SIZE: 10}).serialize())
            long = FEED.methods[2].request.encode(GetPostRequest("long:1000"))
            connection.send(headers(1, GET, {**RIGHT, "grpc-timeout": "300m"}), message(1, long))
            assert await connection.answer(1) == "14"
            assert not any(each.is_busy for each in server.server._connections)

    async def test_who_says_nothing_is_cut_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(http2_server, "_FIRST_WORD_SECONDS", 0.1)
        async with served(Answers()) as server, socket_to(server.address) as (reader, _):
            with suppress(ConnectionError):
                await asyncio.wait_for(reader.read(), 5)
            await become(set(), lambda: server.server._connections)

    async def test_who_reads_nothing_is_cut_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(http2_server, "_UNREAD_SECONDS", 0.1)
        async with served(Answers()) as server, socket_to(server.address) as (_, writer):
            writer.transport.pause_reading()
            writer.write(UNREAD)
            await become(True, lambda: bool(server.server._connections))
            await become(set(), lambda: server.server._connections)
