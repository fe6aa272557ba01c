"""What is S3's own: objects and copies in parts, writes that end early, answers that are lost, browsers."""

import asyncio
import tracemalloc
from collections.abc import AsyncGenerator, AsyncIterator

import httpx
import pytest

from girok.objects import s3_client, s3_write
from girok.objects.port import BUCKETS, ObjectExists, ObjectInfo, ObjectsUnavailable, ObjectTooLarge, StorageFull
from girok.objects.s3 import S3Objects
from girok.servers.process import ServerProcess
from tests.kernel.objects.s3_support import open_s3, section_of, wipe
from tests.kernel.objects.support import FixedClock, body
from tests.kernel.objects.wire import Wire, wire_to

PART = s3_write.PART
GB = 1_000_000_000


@pytest.fixture
async def store(s3_server: ServerProcess) -> AsyncIterator[S3Objects]:
    async with open_s3(s3_server) as opened:
        await wipe(opened)
        yield opened


@pytest.fixture
async def wire(s3_server: ServerProcess) -> AsyncIterator[Wire]:
    async with wire_to(s3_server.url) as opened:
        yield opened


@pytest.fixture
async def spoiled(wire: Wire, s3_server: ServerProcess) -> AsyncIterator[S3Objects]:
    """A store at the other end of the wire."""
    async with open_s3(s3_server, endpoint=wire.url) as opened:
        await wipe(opened)
        yield opened


async def _put(store: S3Objects, key: str, *pieces: bytes) -> ObjectInfo:
    return await store.put("temp", key, body(*pieces), mime_type="image/png", max_size=GB)


async def _content(store: S3Objects, key: str) -> bytes:
    return b"".join([piece async for piece in store.read("temp", key)])


async def _rest(reading: AsyncIterator[bytes]) -> int:
    return sum([len(piece) async for piece in reading])


async def _left(store: S3Objects) -> tuple[list[str], int]:
    """The keys of all objects, and how many uploads were begun and not ended."""
    keys = [each.key for bucket in BUCKETS async for each in store.list(bucket)]
    return keys, sum([len(await store._client.uploads(bucket)) for bucket in BUCKETS])


async def _breaking(size: int) -> AsyncGenerator[bytes, None]:
    yield b"x" * size
    raise ConnectionResetError("the client is gone")


class TestInParts:
    @pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 5])
    async def test_an_object_of_any_size_comes_back_whole(self, store: S3Objects, size: int) -> None:
        content = (bytes(range(251)) * (size // 251 + 1))[:size]
        info = await _put(store, "a", *(content[start : start + 300_007] for start in range(0, size, 300_007)))
        assert info == await store.stat("temp", "a")
        assert info.size == size
        assert await _content(store, "a") == content
        assert await _left(store) == (["a"], 0)

    async def test_a_taken_key_keeps_its_content(self, store: S3Objects) -> None:
        await _put(store, "a", b"first")
        with pytest.raises(ObjectExists):
            await _put(store, "a", b"x" * PART, b"y")
        assert await _content(store, "a") == b"first"
        assert await _left(store) == (["a"], 0)

    async def test_a_large_one_is_never_in_memory_as_a_whole(self, store: S3Objects) -> None:
        piece = b"x" * 250_000
        tracemalloc.start()
        await _put(store, "a", *[piece] * 200)
        _, putting = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        size = sum([len(piece) async for piece in store.read("temp", "a")])
        _, reading = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert size == 50_000_000
        assert putting < 2 * PART
        assert reading < PART


class TestCopyInParts:
    @pytest.mark.parametrize("size", [6_000_000, 6_000_001, 14_000_000])
    async def test_a_copy_has_every_byte(self, store: S3Objects, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
        monkeypatch.setattr(s3_write, "COPY_PART", 6_000_000)
        content = (bytes(range(251)) * (size // 251 + 1))[:size]
        await _put(store, "a", content)
        copied = await store.copy(("temp", "a"), ("temp", "b"))
        assert copied == await store.stat("temp", "b")
        assert await _content(store, "b") == content

    async def test_one_that_fails_leaves_nothing(self, store: S3Objects) -> None:
        await _put(store, "a", b"new")
        await _put(store, "b", b"old")
        with pytest.raises(ObjectExists):
            await store.copy(("temp", "a"), ("temp", "b"))
        assert await _left(store) == (["a", "b"], 0)


class TestListing:
    async def test_it_goes_page_by_page(self, store: S3Objects, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(s3_client, "PAGE", 2)
        keys = ["d-b", "d.b", "d/b", "d/bc", "d/c/e", "d0", "e/a"]
        for key in keys:
            await _put(store, key, b"x")
        assert sorted([each.key async for each in store.list("temp")]) == keys
        assert sorted([each.key async for each in store.list("temp", "d")]) == keys[:-1]


class TestEndedEarly:
    async def test_a_body_that_breaks_leaves_nothing(self, store: S3Objects) -> None:
        with pytest.raises(ConnectionResetError):
            await store.put("temp", "a", _breaking(PART + 1), mime_type="image/png", max_size=GB)
        assert await _left(store) == ([], 0)

    async def test_a_body_that_is_too_large_leaves_nothing(self, store: S3Objects) -> None:
        with pytest.raises(ObjectTooLarge):
            await store.put("temp", "a", body(b"x" * PART, b"y" * 9), mime_type="image/png", max_size=PART + 8)
        assert await _left(store) == ([], 0)

    @pytest.mark.parametrize("turns", [0, 1, 3, 8, 20, 50, 90, 140, 200, 300])
    async def test_a_cancelled_one_leaves_the_whole_object_or_nothing(self, store: S3Objects, turns: int) -> None:
        upload = asyncio.create_task(_put(store, "a", b"x" * PART, b"y" * 1000))
        for _ in range(turns):
            await asyncio.sleep(0)
        upload.cancel()
        await asyncio.wait([upload])
        sizes = {each.key: each.size async for each in store.list("temp")}
        assert sizes in ({}, {"a": PART + 1000})
        assert (await _left(store))[1] == 0


class TestLostAnswer:
    """The request is sent again by itself, and meets what it has done already."""

    async def test_a_put_that_was_done_is_no_clash(self, wire: Wire, spoiled: S3Objects) -> None:
        wire.cut[b"PUT /temp/a"] = 0
        info = await _put(spoiled, "a", b"content")
        assert wire.cut == {}
        assert info == await spoiled.stat("temp", "a")

    async def test_nor_is_one_in_parts(self, wire: Wire, spoiled: S3Objects) -> None:
        wire.cut[b"POST /temp/a?uploadId"] = 0
        info = await _put(spoiled, "a", b"x" * PART, b"y")
        assert wire.cut == {}
        assert info == await spoiled.stat("temp", "a")
        assert await _left(spoiled) == (["a"], 0)

    async def test_another_ones_object_is_a_clash(self, wire: Wire, spoiled: S3Objects) -> None:
        await _put(spoiled, "a", b"first")
        wire.cut[b"PUT /temp/a"] = 0
        with pytest.raises(ObjectExists):
            await _put(spoiled, "a", b"second")
        assert await _content(spoiled, "a") == b"first"

    async def test_a_read_that_is_cut_ends_in_an_error(self, wire: Wire, spoiled: S3Objects) -> None:
        await _put(spoiled, "a", b"x" * 3_000_000)
        wire.cut[b"GET /temp/a"] = 1_000_000
        reading = spoiled.read("temp", "a")
        assert await anext(reading)
        with pytest.raises(ObjectsUnavailable):
            await _rest(reading)
        assert len(await _content(spoiled, "a")) == 3_000_000


class TestRefusedWrite:
    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (b"507 Insufficient Storage", StorageFull),
            (b"403 Forbidden", ObjectsUnavailable),
            (b"500 Internal Server Error", ObjectsUnavailable),
            (b"409 Conflict", ObjectsUnavailable),
        ],
    )
    async def test_it_is_an_error_that_may_pass(
        self, wire: Wire, spoiled: S3Objects, answer: bytes, error: type[Exception]
    ) -> None:
        wire.instead[b"PUT /temp/a"] = b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        with pytest.raises(error):
            await _put(spoiled, "a", b"content")
        wire.instead.clear()
        await _put(spoiled, "a", b"content")

    async def test_a_bucket_that_is_gone_is_told_to_the_operator(self, store: S3Objects) -> None:
        await store._client._api.delete_bucket(Bucket="temp")
        with pytest.raises(ObjectsUnavailable):
            await _left(store)
        assert "bucket temp" in (await store.health() or "")
        await store._client.make_bucket("temp")


class TestInABrowser:
    @pytest.fixture
    async def http(self) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(verify=False, headers={"Origin": "https://web.test"}) as client:
            yield client

    async def test_a_page_may_upload_with_the_headers_that_it_was_given(
        self, store: S3Objects, http: httpx.AsyncClient
    ) -> None:
        signed = store.signed_put("public", "a.pdf", mime_type="application/pdf", size=6, expires_in=60)
        asked = ", ".join(signed.headers)
        preflight = await http.options(
            signed.url, headers={"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": asked}
        )
        assert (preflight.status_code, preflight.headers["access-control-max-age"]) == (200, "3600")
        allowed = preflight.headers["access-control-allow-headers"].lower()
        assert {name.lower() for name in signed.headers} <= set(allowed.replace(" ", "").split(","))
        answer = await http.put(signed.url, headers=dict(signed.headers), content=b"pixels")
        assert answer.headers["access-control-allow-origin"] in {"*", "https://web.test"}

    async def test_urls_are_those_of_the_public_endpoint(self, store: S3Objects, s3_server: ServerProcess) -> None:
        public = section_of(s3_server).public_endpoint
        get = store.signed_get("temp", "a", expires_in=60)
        put = store.signed_put("temp", "a", mime_type="image/png", size=1, expires_in=60)
        assert store.public_url("public", "u1/a.png") == f"{public}/public/u1/a.png"
        assert all(each.url.startswith(f"{public}/temp/a?") for each in (get, put))

    async def test_without_one_they_are_those_of_the_endpoint(self, s3_server: ServerProcess) -> None:
        async with open_s3(s3_server, public_endpoint="") as store:
            assert store.public_url("public", "a") == f"{s3_server.url}/public/a"

    async def test_what_could_run_is_only_downloaded(self, store: S3Objects, http: httpx.AsyncClient) -> None:
        await store.put("public", "a.html", body(b"<script>"), mime_type="text/html", max_size=99)
        assert (await http.get(store.public_url("public", "a.html"))).headers["content-disposition"] == "attachment"

    async def test_a_public_image_is_shown_and_kept_for_a_day(self, store: S3Objects, http: httpx.AsyncClient) -> None:
        await _put(store, "a", b"pixels")
        await store.copy(("temp", "a"), ("public", "a.png"))
        headers = (await http.get(store.public_url("public", "a.png"))).headers
        assert headers["cache-control"] == "public, max-age=86400, immutable"
        assert "content-disposition" not in headers

    async def test_an_expired_url_is_refused(self, s3_server: ServerProcess, http: httpx.AsyncClient) -> None:
        async with open_s3(s3_server, FixedClock()) as early:
            signed = early.signed_get("public", "a", expires_in=60)
        assert (await http.get(signed.url)).status_code == 403
