"""Opening a PostgreSQL: what is refused and how that is said, a server that comes late, and whose store it is."""

import asyncio
import logging
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from girok.db.database import StoreUnreadable
from girok.db.postgres import PostgresDatabase
from girok.db.statement import Sql
from girok.refusal import Refusal
from girok.servers.process import ServerProcess
from girok.testing.postgres import new_database

SECRET = "pa55word"


async def refusal(url: str) -> str:
    """Why a database is refused."""
    with pytest.raises(Refusal) as caught:
        await PostgresDatabase(url).open()
    return str(caught.value)


@pytest.fixture
async def url(postgres_server: ServerProcess) -> AsyncIterator[str]:
    """An empty database."""
    async with new_database(postgres_server) as made:
        yield made


class TestRefused:
    async def test_a_wrong_password(self, url: str) -> None:
        wrong = url.replace(urlsplit(url).password or "", SECRET)
        told = await refusal(wrong)
        assert told.startswith("database.url (GIROK_DATABASE_URL): PostgreSQL at 127.0.0.1:")
        assert told.endswith("refuses the user or the password")
        assert SECRET not in told

    async def test_an_unknown_database(self, url: str) -> None:
        told = await refusal(f"{url}_not")
        assert told.startswith("database.url (GIROK_DATABASE_URL): PostgreSQL has no database of the name in 127.0.0")
        assert urlsplit(url).password not in told

    @pytest.mark.parametrize(
        ("host", "why"), [("127.0.0.1:1", "Connection refused"), ("nowhere.invalid:5432", "not known|resolution")]
    )
    async def test_a_server_that_does_not_come(self, host: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("girok.db.postgres_server._LATE_SECONDS", 0.1)
        told = await refusal(f"postgresql://ada:{SECRET}@{host}/girok")
        assert told.startswith(f"database.url (GIROK_DATABASE_URL): PostgreSQL at {host}/girok does not answer within")
        assert any(each in told for each in why.split("|"))
        assert SECRET not in told

    @pytest.mark.parametrize(
        "url",
        [
            f"postgresql://ada:{SECRET}/x@host/girok",
            f"postgresql://ada:{SECRET}?x@host/girok",
            f"postgresql://ada:{SECRET}#x@host/girok",
            f"postgresql://ada:{SECRET}@host:port/girok",
        ],
    )
    async def test_a_url_that_cannot_be_one(self, url: str) -> None:
        told = await refusal(url)
        assert told.startswith("database.url (GIROK_DATABASE_URL): no client of PostgreSQL can use this URL")
        assert SECRET not in told

    async def test_a_database_that_does_not_store_every_text(self, postgres_server: ServerProcess) -> None:
        async with new_database(postgres_server, "ENCODING 'SQL_ASCII' TEMPLATE template0") as url:
            assert "stores texts as SQL_ASCII: make a database with UTF8" in await refusal(url)


class TestLate:
    async def test_is_waited_for_and_told_once(
        self, mortal_server: ServerProcess, caplog: pytest.LogCaptureFixture
    ) -> None:
        server = mortal_server
        await server.kill()
        caplog.set_level(logging.INFO, "girok.db")
        db = PostgresDatabase(server.url)
        opening = asyncio.create_task(db.open())
        while not caplog.messages:
            await asyncio.sleep(0.01)
        await server.start()
        await opening
        assert await db.fetch(Sql("SELECT 1 AS one")) == [{"one": 1}]
        await db.close()
        (told,) = caplog.messages
        assert "does not answer: Connection refused; waiting for it" in told
        assert urlsplit(server.url).password not in told


class TestWhoseStore:
    async def test_a_second_box_is_told_who_has_it(self, url: str) -> None:
        first = PostgresDatabase(url)
        await first.open()
        assert await refusal(url) == (
            f"database.url (GIROK_DATABASE_URL): the database {url.rpartition('@')[2]} is in use by "
            f"{await asyncpg_name(url)}"
        )
        await first.close()
        second = PostgresDatabase(url)
        await second.open()
        await second.close()

    async def test_the_processes_of_a_cluster_share_it(self, url: str) -> None:
        both = [PostgresDatabase(url, alone=False) for _ in range(2)]
        for each in both:
            await each.open()
        with pytest.raises(StoreUnreadable, match="is in use by girok"):
            await PostgresDatabase(url).open()
        for each in both:
            await each.close()

    async def test_a_cluster_does_not_begin_beside_a_box(self, url: str) -> None:
        box = PostgresDatabase(url)
        await box.open()
        with pytest.raises(StoreUnreadable, match="is in use by girok"):
            await PostgresDatabase(url, alone=False).open()
        await box.close()

    async def test_another_database_is_another_store(self, url: str, postgres_server: ServerProcess) -> None:
        async with new_database(postgres_server) as other:
            both = [PostgresDatabase(each) for each in (url, other)]
            for each in both:
                await each.open()
            for each in both:
                await each.close()


async def asyncpg_name(url: str) -> str:
    """What the server calls the girok that is connected."""
    connection = await asyncpg.connect(url)
    name = await connection.fetchval("SELECT application_name FROM pg_stat_activity WHERE application_name <> ''")
    await connection.close()
    return name
