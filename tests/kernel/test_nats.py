"""The connection to NATS: found late, refused, lost and found again, and never a traceback."""

import asyncio
import logging
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvloop
from nats.aio.msg import Msg

from girok.nats import MessageRefused, NatsConnection, NatsRefused, NatsSession, NatsUnavailable, NoResponders
from girok.servers.nats import nats
from girok.servers.process import ServerProcess, answers
from girok.servers.programs import script
from girok.testing.servers import started

GUARDED = 'jetstream {{ store_dir: "{folder}" }}\nauthorization {{ user: ada, password: {password} }}\n'
INFO = "$JS.API.INFO"


def configured(config: str) -> Callable[[Path, int], ServerProcess]:
    """A NATS server with a configuration of its own."""

    def make(folder: Path, port: int) -> ServerProcess:
        path = folder / "nats.conf"

        async def prepare() -> None:
            path.write_text(config.format(folder=folder, password="right"))

        return ServerProcess(
            "NATS",
            [script("nats-server"), "--addr", "127.0.0.1", "--port", str(port), "--config", str(path)],
            folder=folder,
            url=f"nats://127.0.0.1:{port}",
            prepare=prepare,
            ready=lambda: answers(port, b"PING\r\n", b"INFO "),
        )

    return make


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[NatsConnection, None]:
    connection = NatsConnection(url)
    await connection.open()
    yield connection
    await connection.close()


async def found(connection: NatsConnection, seconds: float = 20.0) -> NatsSession:
    """The session that answers, waited for."""
    async with asyncio.timeout(seconds):
        session = await connection.session()
        await session.request(INFO)
        return session


async def publish_for_ever(session: NatsSession) -> None:
    while True:
        await session.publish("a", bytes(100_000))


@pytest.fixture
async def server() -> AsyncIterator[ServerProcess]:
    async with started(nats) as running:
        yield running


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


class TestOpen:
    async def test_reaches_the_server(self, server: ServerProcess, log: pytest.LogCaptureFixture) -> None:
        async with connected(server.url) as connection:
            assert connection.joined
            assert connection.is_connected
            assert await connection.probe() is None
            assert await connection.probe_joined() is None
        assert log.messages == []

    async def test_waits_for_a_server_that_is_late_and_says_so_once(
        self, server: ServerProcess, log: pytest.LogCaptureFixture
    ) -> None:
        await server.kill()
        async with connected(server.url) as connection:
            assert (connection.joined, connection.is_connected) == (False, False)
            assert await connection.probe_joined() == f"NATS at {server.url} was not reached yet"
            with pytest.raises(NatsUnavailable):
                connection.current()
            await asyncio.sleep(1.0)  # several tries, which are not to be told
            await server.start()
            await found(connection, 2.0)
            assert connection.joined
        first, second = log.messages
        assert first.startswith(f"NATS at {server.url} is not there yet: ")
        assert second == f"NATS at {server.url} is there"

    async def test_refuses_wrong_credentials(self, log: pytest.LogCaptureFixture) -> None:
        async with started(configured(GUARDED)) as server:
            url = server.url.replace("//", "//ada:wrong@")
            with pytest.raises(NatsRefused, match=r"^nats.url \(GIROK_NATS_URL\): .*refuses the user") as caught:
                await NatsConnection(url).open()
        assert "wrong" not in str(caught.value) + log.text

    async def test_takes_credentials_from_the_url(self) -> None:
        async with (
            started(configured(GUARDED)) as server,
            connected(server.url.replace("//", "//ada:right@")) as connection,
        ):
            assert connection.joined

    async def test_refuses_a_server_without_jetstream(self) -> None:
        async with started(configured("# {folder} {password}\n")) as server:
            with pytest.raises(NatsRefused, match="JetStream switched off"):
                await NatsConnection(server.url).open()

    @pytest.mark.parametrize("url", ["nats://", "nats://host:99999", "nats://[::1", "nats://a:4222,nats://"])
    def test_refuses_what_is_no_url(self, url: str) -> None:
        with pytest.raises(NatsRefused, match=r"^nats.url \(GIROK_NATS_URL\): "):
            NatsConnection(url)

    async def test_takes_the_server_of_several_that_is_there(self, server: ServerProcess) -> None:
        async with connected(f"nats://127.0.0.1:1,{server.url}") as connection:
            await found(connection)

    async def test_can_be_given_up_while_it_waits(self, server: ServerProcess) -> None:
        await server.kill()
        async with connected(server.url) as connection, asyncio.timeout(1):
            await connection.close()


async def break_with_something_unsent(url: str) -> None:
    async with connected(url) as connection:
        session = await connection.session()
        session.abort()
        await asyncio.sleep(0)
        await session.publish("a", b"unsent")  # the socket is gone, and nats-py is about to notice
        async with asyncio.timeout(20):
            await session.lost
            await found(connection)


async def publish_until_the_loss_is_known(url: str) -> None:
    async with connected(url) as connection:
        session = await connection.session()
        session.abort()
        async with asyncio.timeout(20):
            while not session.lost.done():
                with suppress(NatsUnavailable):
                    await session.publish("a", b"unsent")
                await asyncio.sleep(0)


class TestLoss:
    def test_is_unavailable_before_it_is_known(self, server: ServerProcess) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # whose closed sockets raise RuntimeError
            runner.run(publish_until_the_loss_is_known(server.url))

    def test_with_something_unsent_is_nobodys_error(self, server: ServerProcess, log: pytest.LogCaptureFixture) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as girok has it
            runner.run(break_with_something_unsent(server.url))
        assert [each.message for each in log.records if each.levelno >= logging.ERROR] == []

    async def test_of_a_server_that_is_killed_is_known_at_once_and_over_soon(
        self, server: ServerProcess, log: pytest.LogCaptureFixture
    ) -> None:
        async with connected(server.url) as connection:
            session = await found(connection)
            await server.kill()
            async with asyncio.timeout(1):
                await session.lost
                with pytest.raises(NatsUnavailable):
                    await session.publish("a", b"")
                with pytest.raises(NatsUnavailable):
                    connection.current()
            assert await connection.probe() == f"NATS at {server.url} is away"
            assert await connection.probe_joined() is None
            await asyncio.sleep(1.0)  # several tries, which are not to be told
            await server.start()
            await found(connection, 2.0)
        first, second = log.messages
        assert first.startswith(f"NATS at {server.url} is lost: ")
        assert second == f"NATS at {server.url} is back"
        assert [each.exc_info for each in log.records] == [None, None]

    async def test_ends_what_was_asked(self, server: ServerProcess) -> None:
        async with connected(server.url) as connection:
            session = await found(connection)

            async def silent(message: Msg) -> None:
                """Answers nothing."""

            await session.subscribe("silent", silent)
            asked = asyncio.create_task(session.request("silent", within=60.0))
            await session.request(INFO)
            await server.kill()
            async with asyncio.timeout(2):
                with pytest.raises(NatsUnavailable):
                    await asked

    async def test_of_a_server_that_says_nothing_is_noticed(self, server: ServerProcess) -> None:
        async with connected(server.url) as connection:
            session = await found(connection)
            server.pause()
            async with asyncio.timeout(20):
                await session.lost
            server.go_on()
            assert await found(connection) is not session

    async def test_of_a_server_that_takes_nothing_more_holds_nobody_up(self, server: ServerProcess) -> None:
        async with connected(server.url) as connection:
            session = await found(connection)
            server.pause()
            async with asyncio.timeout(20):
                with pytest.raises(NatsUnavailable):
                    await publish_for_ever(session)
            server.go_on()
            await found(connection)

    async def test_that_lasts_a_moment_is_none(self, server: ServerProcess) -> None:
        async with connected(server.url) as connection:
            session = await found(connection)
            server.pause()
            await asyncio.sleep(1.0)
            server.go_on()
            assert await found(connection) is session

    async def test_by_the_servers_word_is_not_for_ever(self, log: pytest.LogCaptureFixture) -> None:
        async with (
            started(configured(GUARDED)) as server,
            connected(server.url.replace("//", "//ada:right@")) as connection,
        ):
            session, path = await found(connection), server.folder / "nats.conf"
            assert server.child
            path.write_text(GUARDED.format(folder=server.folder, password="changed"))
            server.child.send_signal(signal.SIGHUP)
            async with asyncio.timeout(20):
                await session.lost
                while not any(each.endswith("refuses the user, password or token") for each in log.messages):
                    await asyncio.sleep(0.01)
            path.write_text(GUARDED.format(folder=server.folder, password="right"))
            server.child.send_signal(signal.SIGHUP)
            await found(connection)
        assert len(log.messages) == 3


class TestSession:
    async def test_asks_nobody_in_vain(self, server: ServerProcess) -> None:
        async with connected(server.url) as connection, asyncio.timeout(2):
            with pytest.raises(NoResponders):
                await connection.current().request("nobody", within=60.0)

    async def test_gives_up_after_a_time(self, server: ServerProcess) -> None:
        async with connected(server.url) as connection:
            session = connection.current()

            async def silent(message: Msg) -> None:
                """Answers nothing."""

            await session.subscribe("silent", silent)
            with pytest.raises(NatsUnavailable):
                await session.request("silent", within=0.05)
            assert connection.is_connected

    async def test_refuses_what_would_end_it(self, server: ServerProcess) -> None:
        async with connected(server.url) as connection:
            session = connection.current()
            largest = (1 << 20) - 10  # a header would make it too large
            for headers in ({"Name": "value"}, {"Name": "value" * 100}):
                with pytest.raises(MessageRefused, match="bytes are more than"):
                    await session.publish("a", bytes(largest), headers=headers)
                with pytest.raises(MessageRefused, match="bytes are more than"):
                    await session.request("a", bytes(largest), headers=headers)
            with pytest.raises(MessageRefused):
                await session.publish("a b", b"")
            await session.request(INFO)
            assert connection.current() is session

    async def test_hears_what_was_sent_before_it_leaves(self, server: ServerProcess) -> None:
        heard: list[bytes] = []

        async def hear(message: Msg) -> None:
            heard.append(message.data)

        async with connected(server.url) as connection:
            session = connection.current()
            subscription = await session.subscribe("news", hear)
            for number in range(100):
                await session.publish("news", b"%d" % number)
            await session.request(INFO)  # so that the server has them: it may drop what it reads together with the end
            await session.unsubscribe(subscription)
        assert heard == [b"%d" % number for number in range(100)]

    async def test_sends_what_was_published_before_it_closes(self, server: ServerProcess) -> None:
        heard: list[bytes] = []

        async def hear(message: Msg) -> None:
            heard.append(message.data)

        async with connected(server.url) as other:
            subscription = await other.current().subscribe("news", hear)
            async with connected(server.url) as connection:
                for number in range(1000):
                    await connection.current().publish("news", b"%d" % number)
            await connection.close()
            await other.current().unsubscribe(subscription)
        assert len(heard) == 1000
