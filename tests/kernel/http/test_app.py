"""The application as a whole: what it loads, its lifespan, sockets, and bytes that make no sense."""

import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar

from girok.context import current
from tests.kernel.http.stage import Stage, wire

STAGE = Stage()
UNWANTED = {"pydantic", "attr", "attrs", "jinja2", "rich", "httpx", "redis", "prometheus_client", "structlog"}


class TestBuildHttp:
    def test_loads_nothing_that_one_box_does_not_need(self) -> None:
        script = "import sys\nimport tests.kernel.http.lean\nprint(*sys.modules)"
        loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
        assert UNWANTED & set(loaded.stdout.split()) == set()

    async def test_enters_the_lifespan_with_the_server(self) -> None:
        seen: list[str] = []

        @asynccontextmanager
        async def lifespan(app: Litestar) -> AsyncGenerator[None, None]:
            seen.append("begun")
            yield
            seen.append("ended")

        stage = Stage(lifespan=[lifespan])
        async with stage.served():
            assert seen == ["begun"]
        assert seen == ["begun", "ended"]


class TestWebSocket:
    async def test_has_a_call_context_and_holds_up_no_drain(self) -> None:
        stage = Stage()
        seen: list[Any] = []

        async def app(scope: object, receive: object, send: object) -> None:
            seen.extend((current(), stage.edge.in_flight))

        stage.edge._app = app
        scope = {"type": "websocket", "path": "/", "headers": [(b"accept-language", b"ko")], "client": ("10.0.0.1", 1)}
        await stage.edge(scope, None, None)  # type: ignore[arg-type]
        assert (seen[0].address, seen[0].locale, len(seen[0].request_id), seen[1]) == ("10.0.0.1", "ko", 32, 0)


class TestNonsense:
    @pytest.mark.parametrize(
        "request_line",
        [
            b"GET /%ff%fe/%00?%ff=%00&=&&&;%ed%a0%80 HTTP/1.1",
            b"GET //..//../%2e%2e/etc/passwd HTTP/1.1",
            b"GET /call?x=" + b"y" * 8000 + b" HTTP/1.1",
            b"POST /resumes/99999999999999999999999?page=99999999999999999999999 HTTP/1.1",
            b"POST /resumes/1?page=%ff HTTP/1.1",
            b"POST /resumes/1?page=1&page=2 HTTP/1.1",
            b"POST /resumes/%EF%BC%91?page=1 HTTP/1.1",
            b"BREW /call HTTP/1.1",
            b"OPTIONS * HTTP/1.1",
        ],
    )
    async def test_in_a_request_line_is_no_error_of_ours(self, request_line: bytes) -> None:
        headers = (
            b"\r\nHost: girok\r\nCookie: \xff=;;=a\r\nAccept-Language: \xff;q=x\r\nOrigin: \xff\r\nContent-Length: 2"
        )
        async with Stage().served() as port, wire(port) as line:
            await line.send(request_line + headers + b"\r\nContent-Type: application/json\r\n\r\n{}")
            status, _, body = await line.answer()
        assert status < 500, body

    @settings(max_examples=100, deadline=None)
    @given(
        st.binary(max_size=64)
        | st.text(max_size=100).map(lambda text: json.dumps({"jobTitle": text, "skills": [text]}).encode())
    )
    async def test_in_a_body_is_a_problem_with_a_code(self, body: bytes) -> None:
        headers = {"content-type": "application/json"}
        async with STAGE.client() as client:
            response = await client.post("/resumes/1?page=1", content=body, headers=headers)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "BAD_USER_INPUT")
