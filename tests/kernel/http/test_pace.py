"""Bodies that are slow, or never end, on real sockets; and what becomes of requests when the process is to end."""

import asyncio
import json

import httpx
import pytest

from girok.http.body import Arrivals, too_slow
from tests.kernel.http.stage import Stage, wire
from tests.kernel.http.test_body import chunk, head

HALF = head("/length", "Content-Length: 100") + b"x"


def impatient() -> Stage:
    """One that waits for a tenth of a second."""
    stage = Stage()
    stage.edge.arrivals = Arrivals(stall=0.1, look=0.02)
    return stage


class TestSlowBody:
    async def test_that_stops_coming_is_given_up(self) -> None:
        async with impatient().served() as port, wire(port) as line:
            await line.send(HALF)
            status, _, body = await line.answer()
            assert (status, json.loads(body)["type"]) == (408, "urn:girok:problem:BODY_TOO_SLOW")
            assert await line.rest() == b""

    async def test_that_comes_a_byte_at_a_time_is_given_up(self) -> None:
        async with impatient().served() as port, wire(port) as line:
            await line.send(head("/length", "Transfer-Encoding: chunked"))
            answer = asyncio.create_task(line.answer())
            while not answer.done():
                await line.send(chunk(b"x"))
                await asyncio.wait([answer], timeout=0.05)
            assert answer.result()[0] == 408

    @pytest.mark.parametrize(
        ("age", "quiet", "received", "expected"),
        [
            (19.9, 19.9, 0, False),
            (20.1, 20.1, 0, True),
            (25.0, 0.1, 2_000, True),
            (25.0, 0.1, 3_000, False),
            (25.0, 20.1, 1_000_000, True),
        ],
    )
    def test_is_one_that_rests_or_brings_too_little(
        self, age: float, quiet: float, received: int, expected: bool
    ) -> None:
        assert too_slow(age, quiet, received, 20.0) is expected

    async def test_of_a_file_may_take_its_time(self) -> None:
        async with impatient().served() as port, wire(port) as line:
            await line.send(head("/temp/upload", "Content-Length: 2"), b"x")
            await asyncio.sleep(0.3)
            await line.send(b"x")
            assert (await line.answer())[::2] == (200, b"2")

    async def test_of_a_file_is_given_up_with_all_others_in_the_end(self) -> None:
        stage = Stage()
        async with stage.served() as port, wire(port) as line:
            await line.send(head("/temp/upload", "Content-Length: 2"), b"x")
            answer = asyncio.create_task(line.answer())
            while not answer.done():
                stage.edge.arrivals.give_up()
                await asyncio.wait([answer], timeout=0.01)
            assert answer.result()[0] == 408

    async def test_whose_client_is_cancelled_is_cancelled(self) -> None:
        stage = impatient()
        never: asyncio.Event = asyncio.Event()

        async def body() -> dict[str, object]:
            await never.wait()
            return {}

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": "/length",
            "raw_path": b"/length",
            "query_string": b"",
            "scheme": "http",
            "headers": [(b"host", b"girok"), (b"content-length", b"9")],
        }
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await stage.edge(scope, body, lambda _: asyncio.sleep(0))


class TestRefusing:
    async def test_what_comes_too_late_is_503_but_for_probes(self) -> None:
        stage = Stage()
        stage.edge.draining = stage.edge.refusing = True
        async with stage.client() as client:
            late, alive = await client.get("/call"), await client.get("/livez")
        assert (late.status_code, late.json()["type"]) == (503, "urn:girok:problem:STOPPING")
        assert late.headers["retry-after"] == "1"
        assert alive.status_code == 200

    async def test_is_no_news_for_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        stage = Stage()
        stage.edge.refusing = True
        async with stage.client() as client:
            await client.get("/call")
        assert [each for each in caplog.records if each.name.startswith("girok")] == []

    async def test_is_told_to_graphql_in_its_own_form(self) -> None:
        stage = Stage()
        stage.edge.refusing = True
        async with stage.client() as client:
            answer = await client.post("/graphql", headers={"accept-language": "ko"})
        assert answer.json()["errors"] == [
            {"message": answer.json()["detail"], "extensions": {"code": "UNAVAILABLE", "reason": "STOPPING"}}
        ]


class TestHost:
    @pytest.mark.parametrize("lines", [b"", b"Host:\r\n", b"Host: a\r\nHost: b\r\n", b"Host: a\r\nHost: a\r\n"])
    async def test_must_be_one(self, lines: bytes) -> None:
        async with Stage().served() as port, wire(port) as line:
            await line.send(b"GET /livez HTTP/1.1\r\n" + lines + b"\r\n")
            status, _, body = await line.answer()
        assert (status, json.loads(body)["type"]) == (400, "urn:girok:problem:INVALID_HOST")

    async def test_is_not_asked_for_in_http_1_0(self) -> None:
        async with Stage().served() as port, wire(port) as line:
            await line.send(b"GET /livez HTTP/1.0\r\n\r\n")
            assert (await line.answer())[0] == 200

    async def test_other_headers_may_come_twice(self) -> None:
        async with Stage().client() as client:
            answer = await client.get("/livez", headers=httpx.Headers([("x-a", "1"), ("x-a", "2")]))
        assert answer.status_code == 200
