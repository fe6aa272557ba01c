"""The disk of a running box is full: changes are refused as unavailable, questions answered; with room all goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from girok.testing.box import CHEAP
from girok.testing.client import Browser
from girok.testing.disk import CannotMount, SmallDisk, small_disk
from girok.testing.process import GirokProcess, running
from tests.scenarios.audit import events
from tests.scenarios.resume_story import Client, Places
from tests.scenarios.store_file import check_settled
from tests.scenarios.story import PASSWORD, create_post, eventually, register, texts, timeline

PAGE = 4096
SETTINGS = {**CHEAP, "GIROK_EVENTS_RETRY_SECONDS": "0.05"}
CREATE = "mutation($input: CreatePostInput!) { createPost(input: $input) { id } }"
UNAVAILABLE = {"code": "UNAVAILABLE", "reason": "STORE_UNAVAILABLE"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """64 MB, and nothing on it."""
    try:
        with small_disk(tmp_path / "data", 64 << 20) as disk:
            yield disk
    except CannotMount as why:
        pytest.skip(str(why))


@pytest.fixture
async def box(disk: SmallDisk) -> AsyncIterator[GirokProcess]:
    """A girok with its data there. Whatever happens to it, its log has no traceback."""
    async with running(disk.path, env=SETTINGS) as box:
        yield box
        assert "Traceback" not in box.log


@pytest.fixture
async def ada(box: GirokProcess) -> AsyncIterator[Browser]:
    async with Browser(box.base_url) as ada:
        await register(ada, "ada")
        yield ada


@pytest.fixture
async def ben(box: GirokProcess, ada: Browser) -> AsyncIterator[Browser]:
    """Follows ada, who does not follow back."""
    async with Browser(box.base_url) as ben:
        await register(ben, "ben")
        await ben.graphql('mutation { follow(username: "ada") { id } }')
        yield ben


def changes(post_id: str) -> dict[str, str]:
    """What ada can change, as operations by name: done in this order, each changes something."""
    cleo = f'{{email: "cleo@example.org", username: "cleo", password: "{PASSWORD}", name: "Cleo"}}'
    return {
        "create": 'mutation { createPost(input: {text: "new"}) { id } }',
        "like": f'mutation {{ likePost(id: "{post_id}") {{ id }} }}',
        "delete": f'mutation {{ deletePost(id: "{post_id}") }}',
        "follow": 'mutation { follow(username: "ben") { id } }',
        "register": f"mutation {{ register(input: {cleo}) {{ success }} }}",
        "login": f'mutation {{ login(input: {{email: "ada@example.org", password: "{PASSWORD}"}}) {{ success }} }}',
        "logout": "mutation { logout { success } }",
    }


class TestFullDisk:
    async def test_refuses_every_change_and_answers_every_question(
        self, box: GirokProcess, disk: SmallDisk, ada: Browser, ben: Browser
    ) -> None:
        post = await create_post(ada, "before", client_id="one")
        await eventually(lambda: _handled(box))
        disk.fill()
        answers = {name: await ada.graphql(query) for name, query in changes(post["id"]).items()}
        assert {name: (each.status, each.error, each.set_cookies) for name, each in answers.items()} == dict.fromkeys(
            answers, (200, UNAVAILABLE, [])
        )
        assert (await ada.graphql("{ me { username } sessions { current } }")).data == {
            "me": {"username": "ada"},
            "sessions": [{"current": True}],
        }
        assert (await ada.graphql("query($id: ID!) { post(id: $id) { text likeCount } }", {"id": post["id"]})).data == {
            "post": {"text": "before", "likeCount": 0}
        }
        assert (await create_post(ada, "no change", client_id="one"))["id"] == post["id"]
        assert await texts(ben) == ["before"]
        assert [(await ben.request("GET", path)).status_code for path in ("/livez", "/readyz")] == [200, 200]

    async def test_takes_every_change_when_there_is_room_again(
        self, box: GirokProcess, disk: SmallDisk, ada: Browser, ben: Browser
    ) -> None:
        post = await create_post(ada, "before")
        disk.fill()
        assert (await ada.graphql(changes(post["id"])["create"])).error == UNAVAILABLE
        disk.clear()
        for query in changes(post["id"]).values():
            assert (await ada.graphql(query)).data
        await eventually(lambda: _handled(box))
        assert await texts(ben) == ["new"]
        assert await box.stop() == 0
        check_settled(disk.path / "girok.db")

    async def test_leaves_events_waiting_until_there_is_room(
        self, box: GirokProcess, disk: SmallDisk, ada: Browser, ben: Browser
    ) -> None:
        await create_post(ada, "before")
        await eventually(lambda: _handled(box))
        disk.fill()
        # Page by page until the post fits: then its fan-out does not.
        while "errors" in (await ada.graphql(CREATE, {"input": {"text": "just fitted"}})).body:
            disk.give(PAGE)
        await eventually(lambda: _says(box, "consumer feed.fan-out waits"))
        assert await events(box.base_url) == {"depth": 1, "dead": 0}
        assert await texts(ben) == ["before"]
        disk.clear()
        await eventually(lambda: _handled(box), within=60.0)
        assert await texts(ben) == ["just fitted", "before"]
        assert await events(box.base_url) == {"depth": 0, "dead": 0}
        assert await box.stop() == 0
        check_settled(disk.path / "girok.db")

    async def test_again_and_again_loses_nothing_acknowledged(
        self, box: GirokProcess, disk: SmallDisk, ada: Browser, ben: Browser
    ) -> None:
        writers = [Writer(ada, number) for number in range(8)]
        writing = [asyncio.create_task(each.write()) for each in writers]
        for _ in range(3):
            await _all(writers, lambda each: each.taken, more=20)
            disk.fill()
            await _all(writers, lambda each: each.refused, more=2)
            disk.clear()
        for each in writers:
            each.enough = True
        await asyncio.gather(*writing)
        disk.fill()
        await box.kill()
        disk.clear()
        await box.start()
        await eventually(lambda: _handled(box), within=60.0)
        for browser in (ada, ben):
            assert sorted(await _all_texts(browser)) == sorted(text for each in writers for text in each.texts)
        assert await box.stop() == 0
        check_settled(disk.path / "girok.db")

    async def test_shows_a_shared_resume_and_counts_the_view_when_there_is_room(
        self, box: GirokProcess, disk: SmallDisk
    ) -> None:
        at = Places(box.base_url, box.base_url)
        async with Client(at) as ada, Client(at) as guest:
            await ada.register("ada")
            resume = await ada.ask("POST", "/v1/resume", {"title": "Analyst"}, status=201)
            path = f"/v1/share/resume/{resume['id']}"
            link = await ada.ask("POST", path, {"duration": "permanent"}, status=201)
            await eventually(lambda: _handled(box))
            disk.fill()
            await ada.ask("POST", path, {"duration": "permanent"}, status=503)
            for _ in range(3):
                shown = await guest.ask("GET", f"/v1/share/public/{link['token']}")
                assert shown["id"] == resume["id"]
            disk.clear()
            await guest.ask("GET", f"/v1/share/public/{link['token']}")

            async def counted() -> bool:
                return (await ada.ask("GET", f"/v1/share/{link['id']}"))["viewCount"] == 4

            await eventually(counted)


class Writer:
    """Sends one post after another, each until it is taken."""

    def __init__(self, browser: Browser, number: int) -> None:
        self.taken = self.refused = 0
        self.enough = False
        self.texts: list[str] = []
        self._browser = browser
        self._number = number

    async def write(self) -> None:
        while not self.enough:
            text = f"{self._number}.{self.taken} {'글' * 4000}"
            while not await self._send(text):
                self.refused += 1
            self.texts.append(text)
            self.taken += 1

    async def _send(self, text: str) -> bool:
        answer = await self._browser.graphql(CREATE, {"input": {"text": text, "clientId": text[:20]}})
        if "errors" in answer.body:
            assert answer.error == UNAVAILABLE
            return False
        return True


async def _all(writers: Sequence[Writer], count: Callable[[Writer], int], *, more: int) -> None:
    """Wait until the count of every writer is higher by so much."""
    marks = [count(each) + more for each in writers]

    async def passed() -> bool:
        return all(count(each) >= mark for each, mark in zip(writers, marks, strict=True))

    await eventually(passed, within=60.0)


async def _handled(box: GirokProcess) -> bool:
    return not (await events(box.base_url))["depth"]


async def _says(box: GirokProcess, line: str) -> bool:
    return line in box.log


async def _all_texts(browser: Browser) -> list[str]:
    found: list[str] = []
    after, more = None, True
    while more:
        page = await timeline(browser, 100, after)
        found += [edge["node"]["text"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found
