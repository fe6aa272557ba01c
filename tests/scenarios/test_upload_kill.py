"""kill -9 while files come, are copied and go: what was acknowledged is there, and no file is ever without its row.

A test prints the seed of its choices, as in test_kill.py.
"""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from girok.testing.box import CHEAP
from girok.testing.process import GirokProcess, running
from tests.budget import share
from tests.plugins.personal.samples import png
from tests.scenarios.launch import until
from tests.scenarios.store_file import check_whole, select
from tests.scenarios.story import PASSWORD

KILLS = share(40)
SETTINGS = {**CHEAP, "GIROK_PERSONAL_MAX_ATTACHMENTS": "1000", "GIROK_PERSONAL_MAX_RESUMES": "10000"}
PHOTO = png(padding=400_000)
TEMP = "/v1/resume/temp-upload"


class Shelf:
    """One user's files under load, on a girok that is killed again and again."""

    def __init__(self, box: GirokProcess, chance: random.Random) -> None:
        self.box = box
        self.chance = chance
        self.resume = ""
        self.token = ""
        self.kept: dict[str, str] = {}
        """Acknowledged attachments of the resume, by id: their keys."""
        self.copies: set[str] = set()
        """Keys of acknowledged copies."""

    async def sign_up(self) -> None:
        """An account with a resume."""
        account = {"email": "ada@example.org", "username": "ada", "password": PASSWORD, "name": "Ada"}
        async with self._http() as http:
            self.token = (await http.post("/v1/auth/register", json=account)).json()["accessToken"]
        async with self._http() as http:
            made = await http.post("/v1/resume", json={"title": "mine", "name": "Ada", "email": "a@b.c"})
            self.resume = f"/v1/resume/{made.json()['id']}"

    async def kill_under_load(self) -> None:
        """Load it, and kill it within milliseconds, or up to a second later."""
        async with self._http() as http, asyncio.TaskGroup() as group:
            lanes = [self._attach(http), self._attach(http), self._copy(http), self._remove(http), self._send(http)]
            for lane in lanes:
                group.create_task(self._until_killed(lane))
            # Not a wait for something: the instant of the kill is what varies.
            await asyncio.sleep(self.chance.choice([10 ** self.chance.uniform(-3, -1), self.chance.uniform(0.1, 1.0)]))
            await self.box.kill()
        self.check()

    def check(self) -> None:
        """What holds at any instant."""
        check_whole(self.box.data / "girok.db")
        rows, objects = self.rows(), self.objects()
        assert objects <= rows.keys(), "a file without a row"
        kept = {key for key, expires_at in rows.items() if expires_at is None}
        assert kept <= objects, "a row that is kept without its file"
        assert {*self.kept.values(), *self.copies} <= kept, "what was acknowledged is lost"

    def rows(self) -> dict[str, str | None]:
        """When each file expires, by its key."""
        return dict(select(self.box.data / "girok.db", "SELECT key, expires_at FROM personal_file"))

    def objects(self) -> set[str]:
        """The keys of what lies in the folder."""
        folder = self.box.data / "objects" / "public" / "resume"
        return {f"resume/{each.name[1:]}" for each in folder.iterdir()} if folder.exists() else set()

    def pass_time(self) -> None:
        """Two days, for whatever expires."""
        with closing(sqlite3.connect(self.box.data / "girok.db")) as db, db:
            db.execute("UPDATE personal_file SET expires_at = '2020-01-01 00:00:00+00:00' WHERE expires_at IS NOT NULL")

    async def _attach(self, http: httpx.AsyncClient) -> None:
        while True:
            files = {"file": ("a.png", PHOTO, "image/png")}
            answer = await http.post(f"{self.resume}/attachments", data={"type": "OTHER"}, files=files)
            assert answer.status_code == 201, answer.text
            self.kept[answer.json()["id"]] = answer.json()["fileKey"]

    async def _send(self, http: httpx.AsyncClient) -> None:
        while True:
            answer = await http.post(TEMP, files={"file": ("a.png", PHOTO, "image/png")})
            assert answer.status_code == 201, answer.text
            if self.chance.random() < 0.5:
                await http.request("DELETE", TEMP, json={"tempKey": answer.json()["tempKey"]})

    async def _copy(self, http: httpx.AsyncClient) -> None:
        while True:
            answer = await http.post(f"{self.resume}/copy")
            assert answer.status_code == 201, answer.text
            self.copies |= {each["fileKey"] for each in answer.json()["attachments"]}

    async def _remove(self, http: httpx.AsyncClient) -> None:
        while self.box.child is not None and self.box.child.returncode is None:
            await asyncio.sleep(0.02)
            if len(self.kept) > 3:  # few, so that a copy is not the whole load
                attachment_id, _ = self.kept.popitem()
                await http.delete(f"{self.resume}/attachments/{attachment_id}")

    async def _until_killed(self, lane: Coroutine[Any, Any, None]) -> None:
        try:
            await lane
        except httpx.TransportError:
            return

    def _http(self) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.AsyncClient(base_url=self.box.base_url, headers=headers, timeout=30.0)


@pytest.fixture
async def shelf(tmp_path: Path, chance: random.Random) -> AsyncIterator[Shelf]:
    async with running(tmp_path / "data", env=SETTINGS) as box:
        shelf = Shelf(box, chance)
        await shelf.sign_up()
        yield shelf
        assert "Traceback" not in box.log


class TestKill:
    async def _kill(self, shelf: Shelf, times: int) -> None:
        for left in reversed(range(times)):
            await shelf.kill_under_load()
            if not left:
                shelf.pass_time()
            await shelf.box.start()
        await asyncio.to_thread(until, lambda: all(each is None for each in shelf.rows().values()))
        await shelf.box.kill()
        shelf.check()
        assert shelf.objects() == shelf.rows().keys()

    async def test_leaves_no_orphan_after_the_sweep(self, shelf: Shelf) -> None:
        await self._kill(shelf, 1)

    @pytest.mark.slow
    @pytest.mark.timeout(1200)
    async def test_nor_at_many_moments(self, shelf: Shelf) -> None:
        await self._kill(shelf, KILLS)
