"""An account over REST, from registration to its end, in one box and in a cluster: the same answers.

A session that was used in every process is over for all of them with the answer to what ended it.
"""

import asyncio
import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import httpx

from girok.servers.process import ServerProcess
from girok.testing.box import CHEAP
from girok.testing.cluster import processes, servers
from girok.testing.process import GirokProcess, running
from tests.kernel.cli.process import Result, girok

PASSWORD, OTHER_PASSWORD = "Str0ng!pass", "An0ther!pass"
ADA = {"email": "ada@example.org", "username": "ada", "password": PASSWORD, "name": "Ada"}


class Doors:
    """Every process that answers REST; what changes something is sent to the first."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls
        self._http = httpx.AsyncClient(timeout=30.0, verify=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def call(self, method: str, path: str, bearer: str = "", **body: str) -> Any:
        """The answer's body, empty without one. Raises AssertionError for an error."""
        answer = await self.asked(self._urls[0], method, path, bearer, **body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else {}

    async def asked(self, url: str, method: str, path: str, bearer: str = "", **body: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        return await self._http.request(method, f"{url}{path}", headers=headers, json=body or None)

    async def statuses(self, bearer: str) -> list[int]:
        """What each process answers to who asks for themselves."""
        return [(await self.asked(each, "GET", "/v1/users/me", bearer)).status_code for each in self._urls]

    async def warm(self, bearer: str) -> str:
        """The same token, used often enough in every process to be known there."""
        for _ in range(3):
            assert await self.statuses(bearer) == [200] * len(self._urls)
        return bearer

    async def login(self, password: str) -> Any:
        return await self.call("POST", "/v1/auth/login", email=ADA["email"], password=password)


def session_of(token: str) -> str:
    """The id of the session that a token says it is of."""
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["sid"]


async def operate(process: GirokProcess, *args: str, env: dict[str, str]) -> Result:
    """`girok ARGS` beside a process."""
    return await asyncio.to_thread(lambda: girok(*args, "--data", str(process.data), env=env))


async def tell_story(doors: Doors, front: GirokProcess, env: dict[str, str]) -> None:
    """Register, log in, refresh, list and end sessions, change the password; then an operator disables the account."""
    over = [401] * len(await doors.statuses(""))
    first = await doors.call("POST", "/v1/auth/register", **ADA)
    second = await doors.login(PASSWORD)
    third = await doors.login(PASSWORD)
    for each in (first, second, third):
        await doors.warm(each["accessToken"])
    bearer = first["accessToken"]
    listed = await doors.call("GET", "/v1/auth/sessions", bearer)
    assert [each["current"] for each in listed].count(True) == 1
    assert len(listed) == 3

    refreshed = await doors.call("POST", "/v1/auth/refresh", refreshToken=second["refreshToken"])
    await doors.warm(refreshed["accessToken"])
    other = session_of(second["accessToken"])
    assert other in [each["id"] for each in listed]
    await doors.call("DELETE", f"/v1/auth/sessions/{other}", bearer)
    assert await doors.statuses(second["accessToken"]) == await doors.statuses(refreshed["accessToken"]) == over

    changed = {"currentPassword": PASSWORD, "newPassword": OTHER_PASSWORD}
    await doors.call("POST", "/v1/users/me/change-password", bearer, **changed)
    assert await doors.statuses(third["accessToken"]) == over
    await doors.warm(bearer)
    latest = await doors.login(OTHER_PASSWORD)
    await doors.warm(latest["accessToken"])

    done = await operate(front, "user", "disable", "ada", env=env)
    assert (done.code, done.err) == (0, "")
    assert await doors.statuses(bearer) == await doors.statuses(latest["accessToken"]) == over


class TestAccount:
    async def test_in_one_box(self, tmp_path: Path) -> None:
        async with running(tmp_path / "data", env=CHEAP) as box, Doors([box.base_url]) as doors:
            await tell_story(doors, box, CHEAP)

    async def test_in_a_cluster(self, tmp_path: Path, postgres_server: ServerProcess, s3_server: ServerProcess) -> None:
        async with (
            servers(postgres_server, s3_server, **CHEAP) as shared,
            processes(tmp_path, shared.env, "bff,auth,personal", "feed,auth") as (front, back),
            Doors([front.base_url, back.base_url]) as doors,
        ):
            await tell_story(doors, front, dict(shared.env))
