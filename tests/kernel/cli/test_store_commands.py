"""`migrate` and `events` on a real data directory: beside a running box, and without one."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from girok.cli.box import act
from girok.control import ControlServer
from girok.db.commands import store_commands
from girok.db.database import Database
from girok.db.postgres import PostgresDatabase
from girok.events.commands import events_commands
from girok.events.consumer import Consumer, Delivery
from girok.locks import DataDir
from girok.manifest import discover
from girok.roles import resolve
from girok.sections import Events
from girok.servers.process import ServerProcess
from girok.settings import Settings
from girok.settings_load import load
from girok.testing.events import settle
from girok.testing.postgres import new_database
from girok.wiring import store_domains
from tests.kernel.cli.process import Result, girok
from tests.kernel.events.stage import Liked, Sql, Stage, stage

DOMAINS = store_domains(resolve(discover()))


async def command(*args: str, env: dict[str, str] | None = None) -> Result:
    """The command as a process, while this one goes on."""
    return await asyncio.to_thread(lambda: girok(*args, env=env))


def refusing(_: Database) -> Sequence[Consumer]:
    async def handle(event: Liked, delivery: Delivery) -> None:
        raise ValueError("no\n\x1b[31mway")

    return [Consumer("test.refuse", Liked, handle)]


@pytest.fixture
async def dead(tmp_path: Path) -> AsyncIterator[Stage]:
    """A store with two dead letters."""
    async with stage(tmp_path, refusing, settings=Events(max_deliver=1)) as opened:
        await opened.emit(Liked("p1"), Liked("p2"))
        await settle(opened.bus)
        yield opened


@pytest.fixture
async def running(dead: Stage, tmp_path: Path) -> AsyncIterator[Stage]:
    """The same, in a box that runs."""
    control = ControlServer(tmp_path, {**events_commands(dead.bus), **store_commands(dead.db, DOMAINS)})
    await control.start()
    with DataDir.open(tmp_path):
        yield dead
    await control.stop()


class TestMigrate:
    def test_brings_an_empty_directory_forward_once(self, tmp_path: Path) -> None:
        data = str(tmp_path / "data")
        first = girok("migrate", "--data", data)
        assert first.code == 0, first.err
        assert first.out.startswith("applied girok/0001_outbox\n")
        assert first.out.endswith("the schema is up to date\n")
        assert girok("migrate", "--data", data) == (0, "the schema is up to date\n", "")

    def test_status_tells_what_was_applied_and_changes_nothing(self, tmp_path: Path) -> None:
        before = girok("migrate", "status", "--data", str(tmp_path))
        assert before.code == 0, before.err
        assert re.search(r"^girok +0001_outbox +pending$", before.out, re.MULTILINE)
        again = girok("migrate", "status", "--data", str(tmp_path))
        assert again == before
        girok("migrate", "--data", str(tmp_path))
        after = girok("migrate", "status", "--data", str(tmp_path))
        assert re.search(r"^girok +0001_outbox +applied$", after.out, re.MULTILINE)
        assert "pending" not in after.out

    def test_a_directory_in_use_is_refused(self, tmp_path: Path) -> None:
        with DataDir.open(tmp_path):
            result = girok("migrate", "--data", str(tmp_path))
        assert result.code == 2
        assert "is in use by process" in result.err

    async def test_a_newer_schema_is_refused(self, dead: Stage, tmp_path: Path) -> None:
        await dead.db.execute_script(
            "INSERT INTO girok_migration VALUES ('girok', '9999_future', 'x', '2030-01-01 00:00:00+00:00')"
        )
        result = await command("migrate", "--data", str(tmp_path))
        assert result.code == 2
        assert "girok/9999_future" in result.err
        status = await command("migrate", "status", "--data", str(tmp_path))
        assert re.search(r"^girok +9999_future +applied by a newer girok$", status.out, re.MULTILINE)


class TestMigrateOnPostgres:
    @pytest.fixture
    async def env(self, postgres_server: ServerProcess) -> AsyncIterator[dict[str, str]]:
        """Settings that name an empty database."""
        async with new_database(postgres_server) as url:
            yield {"GIROK_DATABASE_URL": url}

    async def test_brings_an_empty_database_forward_once(self, tmp_path: Path, env: dict[str, str]) -> None:
        data = ("--data", str(tmp_path / "data"))
        before = await command("migrate", "status", *data, env=env)
        assert before.code == 0, before.err
        assert re.search(r"^girok +0001_outbox +pending$", before.out, re.MULTILINE)
        first = await command("migrate", *data, env=env)
        assert first.code == 0, first.err
        assert first.out.startswith("applied girok/0001_outbox\n")
        assert await command("migrate", *data, env=env) == (0, "the schema is up to date\n", "")
        after = await command("migrate", "status", *data, env=env)
        assert re.search(r"^girok +0001_outbox +applied$", after.out, re.MULTILINE)
        assert "pending" not in after.out
        assert not (tmp_path / "data").exists()

    async def test_a_database_that_a_box_on_another_directory_uses_is_refused(
        self, tmp_path: Path, env: dict[str, str]
    ) -> None:
        db = PostgresDatabase(env["GIROK_DATABASE_URL"])
        await db.open()
        result = await command("migrate", "--data", str(tmp_path / "data"), env=env)
        await db.close()
        assert result.code == 2
        assert result.err.startswith("girok: database.url (GIROK_DATABASE_URL): the database 127.0.0.1:")
        assert f"is in use by girok {os.getpid()} on " in result.err

    async def test_a_wrong_password_is_told_without_it(self, tmp_path: Path, env: dict[str, str]) -> None:
        env = {"GIROK_DATABASE_URL": re.sub(":[0-9a-f]+@", ":pa55word@", env["GIROK_DATABASE_URL"])}
        result = await command("migrate", "--data", str(tmp_path / "data"), env=env)
        assert result.code == 2
        assert result.err.endswith(" refuses the user or the password\n")
        assert "pa55word" not in result.err


class TestMigrateBesideARunningBox:
    async def test_is_refused_while_something_is_pending(self, running: Stage, tmp_path: Path) -> None:
        result = await command("migrate", "--data", str(tmp_path))
        assert result.code == 2
        assert result.err.startswith(f"girok: a girok runs on {tmp_path}: stop it, then migrate")

    async def test_says_that_it_is_up_to_date(self, dead: Stage, tmp_path: Path) -> None:
        control = ControlServer(tmp_path, store_commands(dead.db, ["girok"]))
        await control.start()
        result = await command("migrate", "--data", str(tmp_path))
        await control.stop()
        assert result == (0, "the schema is up to date\n", "")

    async def test_status_asks_the_box(self, running: Stage, tmp_path: Path) -> None:
        result = await command("migrate", "status", "--data", str(tmp_path))
        assert result.code == 0, result.err
        assert re.search(r"^feed +0001_\w+ +pending$", result.out, re.MULTILINE)


class TestEventsOfARunningBox:
    async def test_dead_is_a_table(self, running: Stage, tmp_path: Path) -> None:
        result = await command("events", "dead", "--data", str(tmp_path))
        assert result.code == 0, result.err
        head, first, second = result.out.rstrip("\n").split("\n")
        assert head.split() == ["id", "consumer", "subject", "attempts", "error", "since"]
        rows = await running.rows()
        assert [first.split()[0], second.split()[0]] == [each["event_id"] for each in rows]
        assert "test.refuse  test.post.liked  1         ValueError: no" in first
        assert "\x1b" not in result.out

    async def test_retry_all(self, running: Stage, tmp_path: Path) -> None:
        result = await command("events", "retry", "--data", str(tmp_path))
        assert result == (0, "2 deliveries will be tried again now\n", "")

    async def test_retry_some(self, running: Stage, tmp_path: Path) -> None:
        first = (await running.rows())[0]["event_id"]
        result = await command("events", "retry", first, "--data", str(tmp_path))
        assert result == (0, "1 delivery will be tried again now\n", "")

    async def test_retry_of_what_is_not_dead_is_refused(self, running: Stage, tmp_path: Path) -> None:
        result = await command("events", "retry", "abc", "def", "--data", str(tmp_path))
        assert result == (2, "", "girok: no dead event has the id abc or def\n")

    async def test_a_box_that_lacks_the_command(self, tmp_path: Path) -> None:
        control = ControlServer(tmp_path, {})
        await control.start()
        result = await command("events", "dead", "--data", str(tmp_path))
        await control.stop()
        assert result == (2, "", "girok: This girok has no command 'events.dead'.\n")

    async def test_a_box_that_fails(self, dead: Stage, tmp_path: Path) -> None:
        control = ControlServer(tmp_path, events_commands(dead.bus))
        await control.start()
        dead.cable.readable = False
        result = await command("events", "dead", "--data", str(tmp_path))
        await control.stop()
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith("girok: ")


class TestEventsWithoutABox:
    def settings(self, data: Path) -> Settings:
        return load({}, flags={"data": str(data)})

    async def test_dead_and_retry_act_on_the_directory(self, dead: Stage, tmp_path: Path) -> None:
        await dead.bus.drain()
        await dead.db.close()
        letters = await act(self.settings(tmp_path), {}, "events.dead", {})
        assert letters.running is False
        assert [each["consumer"] for each in letters.data] == ["test.refuse", "test.refuse"]
        retried = await act(self.settings(tmp_path), {}, "events.retry", {})
        assert retried.data == {"retried": 2}
        assert (await act(self.settings(tmp_path), {}, "events.dead", {})).data == []

    async def test_they_are_due_when_a_box_runs_again(self, dead: Stage, tmp_path: Path) -> None:
        await dead.bus.drain()
        await dead.db.close()
        await act(self.settings(tmp_path), {}, "events.retry", {})
        async with stage(tmp_path, refusing, start=False) as again:
            rows = await again.db.fetch(Sql("SELECT dead_at, attempts FROM event_outbox"))
        assert rows == [{"dead_at": None, "attempts": 0}] * 2
