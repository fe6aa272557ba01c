"""People at the REST of personal, in process: with a bearer, with the session of a browser, with neither."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from girok.testing.box import TestBox
from girok.testing.client import Browser
from plugins.auth.ports import AuthService
from tests.plugins.auth.stage import registration

__all__ = ["FIREFOX", "Visitor", "nobody", "somebody"]

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


class Visitor:
    """Somebody whose `token` goes with every request; nobody without one."""

    def __init__(self, browser: Browser, token: str = "", user_id: str = "") -> None:
        self.browser = browser
        self.token = token
        self.user_id = user_id

    async def send(self, method: str, path: str, body: Any = None, *, files: Any = None, **headers: str) -> Any:
        """Any request, of JSON or a form with files; httpx's response. Headers are given with underscores."""
        sent = {"user-agent": FIREFOX, **({"authorization": f"Bearer {self.token}"} if self.token else {})}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        more = {"files": files, "data": body} if files else {} if body is None else {"json": body}
        return await self.browser.request(method, path, headers=sent, **more)

    async def ask(
        self, method: str, path: str, body: Any = None, *, status: int = 200, files: Any = None, **headers: str
    ) -> Any:
        """The JSON of an answer with this status."""
        answer = await self.send(method, path, body, files=files, **headers)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer.json()


@asynccontextmanager
async def nobody(box: TestBox) -> AsyncGenerator[Visitor, None]:
    """Who is not signed in."""
    async with box.browser() as browser:
        yield Visitor(browser)


@asynccontextmanager
async def somebody(box: TestBox, username: str) -> AsyncGenerator[Visitor, None]:
    """Who has just registered."""
    account = await box.kit.ports[AuthService].register(registration(username))
    async with box.browser() as browser:
        yield Visitor(browser, account.access_token, account.user.id)
