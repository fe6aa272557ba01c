"""The edge: the call context, counting, headers, and what becomes of what goes wrong."""

import asyncio
import logging
import re

import httpx
import pytest

from girok.http.call import locale_of
from girok.sections import Log
from tests.kernel.http.stage import Stage, wire

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def called(headers: dict[str, str] | dict[str, bytes]) -> tuple[dict[str, str], httpx.Response]:
    async with Stage().client("203.0.113.9") as client:
        response = await client.get("/call", headers=headers)
    return response.json(), response


class TestCallContext:
    async def test_has_a_new_id_a_new_trace_and_the_peers_address(self) -> None:
        call, response = await called({})
        assert re.fullmatch(r"[0-9a-f]{32}", call["requestId"])
        assert call["traceparent"].startswith(f"00-{call['requestId']}-")
        assert response.headers["x-request-id"] == call["requestId"]
        assert (call["address"], call["locale"], call["deadline"]) == ("203.0.113.9", "en", "None")

    async def test_differs_between_requests(self) -> None:
        (one, _), (other, _) = await called({}), await called({})
        assert one["requestId"] != other["requestId"]

    async def test_keeps_a_sane_id_and_trace(self) -> None:
        call, response = await called({"x-request-id": "abc-1.2_3", "traceparent": TRACE})
        assert (call["requestId"], call["traceparent"]) == ("abc-1.2_3", TRACE)
        assert response.headers["x-request-id"] == "abc-1.2_3"

    @pytest.mark.parametrize("given", ["", "a b", "a" * 129, "<script>", "é"])
    async def test_replaces_an_id_that_is_not_sane(self, given: str) -> None:
        call, _ = await called({"x-request-id": given.encode()})
        assert re.fullmatch(r"[0-9a-f]{32}", call["requestId"])

    @pytest.mark.parametrize(
        "given",
        [
            "",
            "garbage",
            TRACE.upper(),
            TRACE + "-more",
            "ff" + TRACE[2:],
            "00-" + "0" * 32 + TRACE[35:],
            TRACE[:36] + "0" * 16 + "-01",
            TRACE[:-1],
        ],
    )
    async def test_replaces_a_trace_that_is_not_valid(self, given: str) -> None:
        call, _ = await called({"traceparent": given})
        assert call["traceparent"].startswith(f"00-{call['requestId']}-")

    async def test_reads_what_it_knows_of_a_later_version_of_traces(self) -> None:
        call, _ = await called({"traceparent": f"cc{TRACE[2:]}-what-else"})
        assert call["traceparent"] == TRACE

    @pytest.mark.parametrize(
        ("header", "locale"),
        [
            (b"", "en"),
            (b"ko", "ko"),
            (b"ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
            (b"en-US,en;q=0.9,ko;q=0.8", "en"),
            (b"en;q=0.1, KO;q=0.2", "ko"),
            (b"ko, en", "ko"),
            (b"fr, ko;q=0.5", "ko"),
            (b"fr", "en"),
            (b"ko;q=0", "en"),
            (b"ko;q=many, \xff;q=nan;;,", "en"),
        ],
    )
    def test_speaks_the_callers_language(self, header: bytes, locale: str) -> None:
        assert locale_of(header) == locale


class TestAnswers:
    @pytest.mark.parametrize("path", ["/call", "/nowhere", "/broken", "/livez"])
    async def test_all_carry_a_request_id_and_nosniff(self, path: str) -> None:
        async with Stage().client() as client:
            response = await client.get(path)
        assert response.headers["x-request-id"]
        assert response.headers.get_list("x-content-type-options") == ["nosniff"]

    async def test_nosniff_is_not_said_twice(self) -> None:
        async with Stage().client() as client:
            response = await client.get("/public/a.png")
        assert response.headers.get_list("x-content-type-options") == ["nosniff"]

    async def test_head_is_answered_where_get_is(self) -> None:
        async with Stage().served() as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            head, full = await client.head("/livez"), await client.get("/livez")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == full.headers["content-length"] == "2"

    async def test_a_plain_options_request_lists_the_methods(self) -> None:
        async with Stage().client() as client:
            response = await client.options("/call")
        assert response.status_code == 204
        assert response.headers["allow"] == "GET, OPTIONS"


class TestUnexpectedErrors:
    async def test_say_nothing_outside_and_everything_in_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        async with Stage().client() as client:
            response = await client.get("/broken")
        assert (response.status_code, response.json()["error"]["code"]) == (500, "INTERNAL")
        assert "inside" not in response.text
        (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert record.exc_info is not None
        assert "a secret of the inside" in str(record.exc_info[1])

    async def test_outside_of_litestar_are_answered_too(self) -> None:
        stage = Stage()

        async def broken(scope: object, receive: object, send: object) -> None:
            raise RuntimeError("a secret of the inside")

        stage.edge._app = broken
        async with stage.client() as client:
            response = await client.get("/call", headers={"origin": "https://web.example"})
        assert (response.status_code, response.json()["error"]["code"]) == (500, "INTERNAL")
        assert response.headers["access-control-allow-origin"] == "https://web.example"

    async def test_in_the_middle_of_an_answer_cut_the_connection(self) -> None:
        async with Stage().served() as port, wire(port) as line:
            await line.send(b"GET /half HTTP/1.1\r\nHost: girok\r\n\r\n")
            received = await line.rest()
        assert b"4\r\nhalf" in received
        assert not received.endswith(b"0\r\n\r\n")


class TestDraining:
    async def test_waits_for_the_requests_that_run(self) -> None:
        stage = Stage()
        async with stage.client() as client:
            request = asyncio.create_task(client.get("/slow"))
            await stage.gate.entered.wait()
            assert stage.edge.in_flight == 1
            assert not await stage.edge.idle(0.01)
            waiting = asyncio.create_task(stage.edge.idle(5))
            stage.gate.open.set()
            assert await waiting
            assert (await request).text == "done"
        assert stage.edge.in_flight == 0

    async def test_is_idle_at_once_when_nothing_runs(self) -> None:
        stage = Stage()
        assert await stage.edge.idle(0)
        async with stage.client() as client:
            await client.get("/broken")
        assert await stage.edge.idle(0)

    async def test_closes_connections_with_their_next_answer(self) -> None:
        stage = Stage()
        async with stage.served() as port, wire(port) as line:
            await line.send(b"GET /livez HTTP/1.1\r\nHost: girok\r\n\r\n")
            _, headers, _ = await line.answer()
            assert "connection" not in headers
            stage.edge.draining = True
            await line.send(b"GET /livez HTTP/1.1\r\nHost: girok\r\n\r\n")
            status, headers, body = await line.answer()
            assert (status, headers["connection"], body) == (200, "close", b"ok")
            assert await line.rest() == b""


class TestAccessLog:
    async def test_has_a_line_without_the_query(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "girok.access")
        async with Stage(log=Log(access=True)).client() as client:
            await client.get("/call?token=hunter2")
        (record,) = [each for each in caplog.records if each.name == "girok.access"]
        assert record.getMessage() == "GET /call 200"
        assert vars(record)["address"] == "127.0.0.1"
        assert vars(record)["ms"] > 0

    async def test_is_silent_by_default(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "girok.access")
        async with Stage().client() as client:
            await client.get("/call")
        assert not [each for each in caplog.records if each.name == "girok.access"]
