"""The limit of a body and its end, on real sockets: by its length, in chunks, cut short."""

import asyncio
import json

import pytest

from tests.kernel.http.stage import MAX_BODY, Stage, Wire, wire

HEAD = "POST {} HTTP/1.1\r\nHost: girok\r\nOrigin: https://web.example\r\nContent-Type: application/json\r\n"
MEGABYTE = b"x" * 1_048_576


def head(path: str, *lines: str) -> bytes:
    return (HEAD.format(path) + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode()


def sized(path: str, body: bytes) -> bytes:
    return head(path, f"Content-Length: {len(body)}") + body


def chunk(body: bytes) -> bytes:
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"


def chunked(path: str, *bodies: bytes) -> bytes:
    return head(path, "Transfer-Encoding: chunked") + b"".join(map(chunk, (*bodies, b"")))


async def is_refused(line: Wire) -> None:
    status, headers, body = await line.answer()
    assert (status, headers["content-type"]) == (413, "application/problem+json")
    assert headers["access-control-allow-origin"] == "https://web.example"
    problem = json.loads(body)
    assert (problem["error"]["code"], problem["type"]) == ("BAD_USER_INPUT", "urn:girok:problem:PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("path", ["/length", "/graphql"])
class TestBody:
    async def test_up_to_the_limit_is_read(self, path: str) -> None:
        async with Stage().served() as port, wire(port) as line:
            await line.send(sized(path, b"x" * MAX_BODY))
            assert (await line.answer())[::2] == (200, str(MAX_BODY).encode())
            await line.send(chunked(path, b"x" * 1000, b"x" * (MAX_BODY - 1000)))
            assert (await line.answer())[::2] == (200, str(MAX_BODY).encode())

    async def test_one_byte_longer_is_refused_and_the_connection_lives_on(self, path: str) -> None:
        async with Stage().served() as port, wire(port) as line:
            await line.send(sized(path, b"x" * (MAX_BODY + 1)))
            await is_refused(line)
            await line.send(chunked(path, b"x" * MAX_BODY, b"x"))
            await is_refused(line)
            await line.send(sized(path, b"x"))
            assert (await line.answer())[::2] == (200, b"1")

    async def test_of_megabytes_is_refused_without_a_reset(self, path: str) -> None:
        async with Stage().served() as port:
            async with wire(port) as line:
                await line.send(sized(path, MEGABYTE * 8))
                await is_refused(line)
            async with wire(port) as line:
                await line.send(chunked(path, *[MEGABYTE] * 8))
                await is_refused(line)

    async def test_announced_is_refused_before_it_is_sent(self, path: str) -> None:
        async with Stage().served() as port, wire(port) as line:
            await line.send(head(path, "Content-Length: 1000000000", "Expect: 100-continue"))
            await is_refused(line)

    async def test_waited_for_is_asked_for(self, path: str) -> None:
        async with Stage().served() as port, wire(port) as line:
            await line.send(head(path, "Content-Length: 2", "Expect: 100-continue"))
            assert (await line.answer())[0] == 100
            await line.send(b"xx")
            assert (await line.answer())[::2] == (200, b"2")

    async def test_that_is_cut_is_no_error_of_ours(self, path: str, caplog: pytest.LogCaptureFixture) -> None:
        stage = Stage()
        async with stage.served() as port:
            async with wire(port) as line:
                await line.send(head(path, "Content-Length: 100"), b"x")
            async with wire(port) as line:
                await line.send(head(path, "Transfer-Encoding: chunked"), chunk(b"x"))
            await counted(stage, f'{{method="POST",route="{path}",status="4xx"}} 2.0')
        assert not [record for record in caplog.records if record.levelname == "ERROR"]

    async def test_that_is_no_http_is_answered_400(self, path: str) -> None:
        async with Stage().served() as port, wire(port) as line:
            await line.send(head(path, "Transfer-Encoding: chunked"), b"zz\r\nx\r\n")
            status, _, body = await line.answer()
        assert (status, json.loads(body)["type"]) == (400, "urn:girok:problem:BODY_CUT")


class TestUploads:
    async def test_are_not_held_to_the_limit(self) -> None:
        async with Stage().served() as port, wire(port) as line:
            await line.send(sized("/temp/upload", MEGABYTE))
            assert (await line.answer())[::2] == (200, b"1048576")
            await line.send(chunked("/temp/upload", MEGABYTE, MEGABYTE))
            assert (await line.answer())[::2] == (200, b"2097152")


async def counted(stage: Stage, sample: str) -> None:
    """Wait until the metrics have this sample."""
    async with asyncio.timeout(10):
        while sample not in (await stage.metrics.render())[0].decode():
            await asyncio.sleep(0.01)
