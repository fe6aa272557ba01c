"""A GraphQL client as a browser is one: it keeps the session cookie, over loopback too, and sends JSON."""

from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any, Self

import httpx

__all__ = ["Answer", "Browser"]


class Answer:
    """What came back from one operation."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.set_cookies = response.headers.get_list("set-cookie")
        self.body: dict[str, Any] = response.json()

    @property
    def data(self) -> dict[str, Any]:
        """The data of an operation without errors. Raises AssertionError with them otherwise."""
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def error(self) -> dict[str, Any]:
        """The one error's extensions: `code`, `reason`."""
        (error,) = self.body["errors"]
        return error["extensions"]


class Browser:
    """One person's browser at `base_url`. Cookies marked Secure are kept over http, as browsers do on loopback."""

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        # Without the certificates of the world, which take 20 ms to load: what is tested is on this machine.
        self._http = httpx.AsyncClient(base_url=base_url, transport=transport, timeout=30.0, verify=False)
        self.cookies: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def graphql(self, query: str, variables: dict[str, Any] | None = None, **headers: str) -> Answer:
        """Send one operation. Headers are given with underscores: `accept_language="ko"`."""
        return Answer(
            await self.request(
                "POST", "/graphql", json={"query": query, "variables": variables or {}}, headers=_named(headers)
            )
        )

    async def request(self, method: str, path: str, *, headers: dict[str, str] | None = None, **rest: Any) -> Any:
        """Any request, with the cookies; httpx's response."""
        sent = dict(headers or {})
        if self.cookies and "cookie" not in sent:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = await self._http.request(method, path, headers=sent, **rest)
        for line in response.headers.get_list("set-cookie"):
            self._keep(line)
        return response

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel.value and morsel["max-age"] != "0":
                self.cookies[name] = morsel.value
            else:
                self.cookies.pop(name, None)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
