"""MongoDB is reached within bounds of time: late, away and back again."""

import asyncio
import gc
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest
from pymongo import IndexModel

from girok.errors import InvalidInput
from girok.mongo import Collection, Mongo, MongoRefused, MongoUnavailable, open_mongo
from girok.servers.mongo import mongo as mongo_server
from girok.servers.process import ServerProcess
from girok.testing.process import free_port
from girok.testing.servers import started
from tests.kernel.mongo.stage import CLOCK, IDS, Stage
from tests.scenarios.story import eventually

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
"""pymongo leaves a socket to the garbage collector when a connect is cancelled: by its own close, while a server is
away."""


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """What is left to the garbage collector is collected here, not in somebody else's test."""
    yield
    gc.collect()


@pytest.fixture
async def server() -> AsyncIterator[ServerProcess]:
    """One that may be killed."""
    async with started(mongo_server) as running:
        yield running


@pytest.fixture
async def client(server: ServerProcess) -> AsyncIterator[Mongo]:
    """A client of that server."""
    async with open_mongo(server.url, (), CLOCK, IDS) as opened:
        yield opened


async def find(client: Mongo) -> object:
    with client.attempt():
        return await client.collection("note").find_one({"_id": "one"})


@asynccontextmanager
async def late(server: ServerProcess, told: list[logging.LogRecord]) -> AsyncGenerator[None, None]:
    """Started once somebody has been told that it is waited for; killed at the end."""

    async def start() -> None:
        async with asyncio.timeout(30):
            while not told:
                await asyncio.sleep(0.01)
        await server.start()

    starting = asyncio.create_task(start())
    try:
        yield
    finally:
        await asyncio.wait([starting])
        await server.kill()


class TestOpen:
    async def test_a_server_that_is_not_there_is_refused_after_a_while(self) -> None:
        url = f"mongodb://ada:secret@127.0.0.1:{free_port()}/girok"
        with pytest.raises(MongoRefused, match=r"^mongo\.url \(GIROK_MONGO_URL\): no MongoDB at 127") as refused:
            async with open_mongo(url, (), CLOCK, IDS, patience=0.3):
                pass
        assert "secret" not in str(refused.value)

    async def test_a_late_server_is_waited_for_and_the_log_says_so(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        server = mongo_server(tmp_path, free_port())
        async with late(server, caplog.records), open_mongo(server.url, (), CLOCK, IDS, patience=60) as client:
            assert await find(client) is None
        assert [each.getMessage().partition(" at ")[0] for each in caplog.records] == ["waiting for MongoDB"]

    async def test_indexes_are_made_and_made_again(self, database_url: str) -> None:
        wanted = [Collection("note", [IndexModel([("owner", 1)])], events=True)]
        for _ in range(2):
            async with open_mongo(database_url, wanted, CLOCK, IDS) as client:
                found = await (await client.collection("note").list_indexes()).to_list()
        assert {tuple(each["key"]) for each in found} == {("_id",), ("owner",), ("events_due",)}

    async def test_what_is_stored_is_so_on_a_majority(self, on: Stage) -> None:
        assert on.notes.write_concern.document == {"w": "majority"}
        assert on.notes.read_concern.document == {"level": "majority"}


class TestAttempt:
    async def test_a_text_that_is_none_is_bad_input(self, on: Stage) -> None:
        with pytest.raises(InvalidInput), on.mongo.attempt():
            await on.notes.find_one({"_id": "\ud800"})

    async def test_while_the_server_is_away_it_is_refused_at_once(
        self, server: ServerProcess, client: Mongo, caplog: pytest.LogCaptureFixture
    ) -> None:
        await server.kill()
        begin = monotonic()
        with pytest.raises(MongoUnavailable):
            await find(client)
        for _ in range(1000):
            with pytest.raises(MongoUnavailable):
                await find(client)
        assert monotonic() - begin < 4
        assert await client.health() is not None
        async with asyncio.timeout(30):
            while not caplog.records:
                await asyncio.sleep(0.01)
        await server.start()
        await eventually(lambda: answers(client), within=30)
        assert await client.health() is None
        told = [each.getMessage() for each in caplog.records if each.name == "girok.mongo"]
        assert [line.partition(" at ")[0] for line in told] == ["MongoDB", "MongoDB"]
        assert ("is away" in told[0], "is back" in told[1]) == (True, True)

    async def test_a_server_that_does_not_answer_is_away(self, server: ServerProcess, client: Mongo) -> None:
        server.pause()
        begin = monotonic()
        with pytest.raises(MongoUnavailable):
            await find(client)
        assert monotonic() - begin < 4
        server.go_on()
        await eventually(lambda: answers(client), within=30)

    async def test_after_the_end_it_is_refused(self, database_url: str) -> None:
        async with open_mongo(database_url, (), CLOCK, IDS) as client:
            assert await find(client) is None
        with pytest.raises(MongoUnavailable):
            await find(client)


async def answers(client: Mongo) -> bool:
    """Whether attempts go through again."""
    try:
        await find(client)
    except MongoUnavailable:
        return False
    return True
