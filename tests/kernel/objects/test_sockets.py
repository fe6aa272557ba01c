"""The routes behind a real server: uploads that are cut, stand still or come in pieces; answers on the wire."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from girok.objects.files import FileObjects
from girok.objects.port import ObjectNotFound, SignedUrl
from tests.kernel.objects.support import app_of, content, files_under, open_descriptors, open_store, put, serving

SIZE = 3_000_000
STALL = 0.3


@pytest.fixture
def store(tmp_path: Path) -> FileObjects:
    return open_store(tmp_path)


@pytest.fixture
async def port(store: FileObjects) -> AsyncIterator[int]:
    async with serving(app_of(store, stall_seconds=STALL)) as port:
        yield port


def _request(signed: SignedUrl, size: int) -> bytes:
    url = urlsplit(signed.url)
    return (
        f"{signed.method} {url.path}?{url.query} HTTP/1.1\r\nHost: files.test\r\nConnection: close\r\n"
        f"Content-Type: image/png\r\nContent-Length: {size}\r\n\r\n"
    ).encode()


async def _ask(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


async def _until_staged(root: Path, count: int) -> None:
    async with asyncio.timeout(20):
        while sum(1 for _ in (root / ".staging").iterdir()) != count:
            await asyncio.sleep(0.01)


class TestUploadOverASocket:
    async def test_the_whole_file_is_stored(self, store: FileObjects, port: int) -> None:
        signed = store.signed_put("temp", "a", mime_type="image/png", size=SIZE, expires_in=60)
        answer = await _ask(port, _request(signed, SIZE) + b"x" * SIZE)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert await content(store, "temp", "a") == b"x" * SIZE

    @pytest.mark.parametrize("abruptly", [True, False])
    @pytest.mark.parametrize("sent", [600_000, SIZE - 1])
    async def test_a_cut_one_stores_nothing(
        self, store: FileObjects, port: int, tmp_path: Path, sent: int, abruptly: bool
    ) -> None:
        signed = store.signed_put("temp", "a", mime_type="image/png", size=SIZE, expires_in=60)
        before = open_descriptors()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_request(signed, SIZE) + b"x" * sent)
        await _until_staged(tmp_path, 1)
        {True: writer.transport.abort, False: writer.close}[abruptly]()
        await _until_staged(tmp_path, 0)
        assert files_under(tmp_path) == []
        assert open_descriptors() <= before + 1
        with pytest.raises(ObjectNotFound):
            await store.stat("temp", "a")

    async def test_one_that_stands_still_is_given_up(self, store: FileObjects, port: int, tmp_path: Path) -> None:
        signed = store.signed_put("temp", "a", mime_type="image/png", size=SIZE, expires_in=60)
        answer = await _ask(port, _request(signed, SIZE) + b"x" * 600_000)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"UPLOAD_INCOMPLETE" in answer
        assert files_under(tmp_path) == []

    async def test_after_a_cut_one_the_same_url_works(self, store: FileObjects, port: int, tmp_path: Path) -> None:
        signed = store.signed_put("temp", "a", mime_type="image/png", size=SIZE, expires_in=60)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_request(signed, SIZE) + b"x" * 600_000)
        await _until_staged(tmp_path, 1)
        writer.close()
        await _until_staged(tmp_path, 0)
        assert (await _ask(port, _request(signed, SIZE) + b"x" * SIZE)).startswith(b"HTTP/1.1 200 ")

    async def test_a_large_one_that_is_refused_is_told_so(self, store: FileObjects, port: int, tmp_path: Path) -> None:
        signed = store.signed_put("temp", "a", mime_type="image/png", size=30_000_000, expires_in=60)
        forged = _request(signed, 30_000_000).replace(b"signature=", b"signature=0")
        answer = await _ask(port, forged + b"x" * 30_000_000)
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert files_under(tmp_path) == []

    async def test_one_that_asks_first_is_refused_before_it_sends(self, store: FileObjects, port: int) -> None:
        signed = store.signed_put("temp", "a", mime_type="image/png", size=SIZE, expires_in=60)
        asking = _request(signed, SIZE - 1).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
        assert (await _ask(port, asking)).startswith(b"HTTP/1.1 400 ")


class TestDownloadOverASocket:
    @pytest.mark.parametrize(
        ("request_line", "status", "length", "sent"),
        [
            ("GET /public/a HTTP/1.1", 200, SIZE, SIZE),
            ("HEAD /public/a HTTP/1.1", 200, SIZE, 0),
            ("HEAD /public/a HTTP/1.1\r\nRange: bytes=1000000-1999999", 200, SIZE, 0),
            ("GET /public/a HTTP/1.1\r\nRange: bytes=1000000-1999999", 206, 1_000_000, 1_000_000),
            ("GET /public/a HTTP/1.1\r\nRange: bytes=3000000-", 416, 0, 0),
        ],
    )
    async def test_length_and_body_agree(
        self, store: FileObjects, port: int, request_line: str, status: int, length: int, sent: int
    ) -> None:
        await put(store, "public", "a", b"x" * SIZE)
        answer = await _ask(port, f"{request_line}\r\nHost: files.test\r\nConnection: close\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        assert f"content-length: {length}".encode() in head.lower().split(b"\r\n")
        assert len(body) == sent

    async def test_not_modified_has_no_body(self, store: FileObjects, port: int) -> None:
        await put(store, "public", "a", b"x")
        answer = await _ask(
            port, b"GET /public/a HTTP/1.1\r\nHost: files.test\r\nIf-None-Match: *\r\nConnection: close\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 304 ")
        assert answer.endswith(b"\r\n\r\n")

    async def test_a_reader_that_goes_away_leaves_no_file_open(self, store: FileObjects, port: int) -> None:
        await put(store, "public", "a", b"x" * SIZE * 5)
        before = open_descriptors()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /public/a HTTP/1.1\r\nHost: files.test\r\n\r\n")
        async with asyncio.timeout(20):
            while open_descriptors() < before + 3:
                await asyncio.sleep(0)
        writer.transport.abort()
        async with asyncio.timeout(20):
            while open_descriptors() > before:
                await asyncio.sleep(0.01)
