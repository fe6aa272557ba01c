"""Dead letters over the control socket."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from girok.control import CommandFailed, ControlServer, call
from girok.db.database import Database
from girok.events.commands import events_commands
from girok.events.consumer import Consumer, Delivery
from girok.sections import Events
from girok.testing.events import settle
from tests.kernel.events.stage import Liked, Stage, stage


def refusing(_: Database) -> Sequence[Consumer]:
    async def handle(event: Liked, delivery: Delivery) -> None:
        raise ValueError("no")

    return [Consumer("test.refuse", Liked, handle)]


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path, refusing, settings=Events(max_deliver=1)) as opened:
        control = ControlServer(tmp_path, events_commands(opened.bus))
        await control.start()
        await opened.emit(Liked("p1"), Liked("p2"))
        await settle(opened.bus)
        yield opened
        await control.stop()


class TestDead:
    async def test_lists_the_dead_letters(self, on: Stage, tmp_path: Path) -> None:
        first, second = await call(tmp_path, "events.dead", {})
        rows = await on.rows()
        assert [first["eventId"], second["eventId"]] == [each["event_id"] for each in rows]
        assert (first["consumer"], first["subject"]) == ("test.refuse", "test.post.liked")
        assert (first["attempts"], first["error"], first["envelope"]) == (1, "ValueError: no", rows[0]["envelope"])

    async def test_lists_no_more_than_asked(self, on: Stage, tmp_path: Path) -> None:
        assert len(await call(tmp_path, "events.dead", {"limit": 1})) == 1


class TestRetry:
    async def test_delivers_all_again(self, on: Stage, tmp_path: Path) -> None:
        assert await call(tmp_path, "events.retry", {}) == {"retried": 2}
        await settle(on.bus)
        assert len(await call(tmp_path, "events.dead", {})) == 2
        (stats,) = await on.bus.stats()
        assert stats.failed == 4

    async def test_delivers_those_asked_for(self, on: Stage, tmp_path: Path) -> None:
        first, _ = await call(tmp_path, "events.dead", {})
        assert await call(tmp_path, "events.retry", {"ids": [first["eventId"], "unknown"]}) == {"retried": 1}

    @pytest.mark.parametrize("params", [{"ids": "x"}, {"ids": [1]}, {"id": []}])
    async def test_refuses_wrong_parameters(self, on: Stage, tmp_path: Path, params: dict[str, Any]) -> None:
        with pytest.raises(CommandFailed, match="Wrong parameters") as caught:
            await call(tmp_path, "events.retry", params)
        assert caught.value.code == "BAD_USER_INPUT"
