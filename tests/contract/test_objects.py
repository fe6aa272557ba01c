"""The contract of the object store. Every adapter passes it: a new one is one more parameter of the fixture.

It looks through the port alone, and through HTTP at the URLs that the port gives out.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from girok.errors import Forbidden
from girok.objects.port import (
    MAX_KEY,
    Bucket,
    InvalidKey,
    InvalidMimeType,
    ListedObject,
    ObjectExists,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
    ObjectTooLarge,
    SignedUrl,
)
from girok.servers.process import ServerProcess
from tests.kernel.objects.s3_support import open_s3, wipe
from tests.kernel.objects.support import app_of, body, open_store

MB = 1_000_000


@dataclass
class Door:
    """A store, and a client that reaches the URLs it gives out."""

    store: ObjectStore
    http: httpx.AsyncClient

    async def put(self, bucket: Bucket, key: str, *pieces: bytes, mime_type: str = "image/png") -> ObjectInfo:
        return await self.store.put(bucket, key, body(*pieces), mime_type=mime_type, max_size=MB)

    async def content(self, bucket: Bucket, key: str, start: int = 0, end: int | None = None) -> bytes:
        return b"".join([piece async for piece in self.store.read(bucket, key, start=start, end=end)])

    async def keys(self, bucket: Bucket, prefix: str = "") -> list[str]:
        return [info.key async for info in self.store.list(bucket, prefix)]

    async def send(self, signed: SignedUrl, content: bytes = b"", **headers: str) -> httpx.Response:
        sent = httpx.Headers(dict(signed.headers))
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return await self.http.request(signed.method, signed.url, content=content, headers=sent)


@asynccontextmanager
async def _on_files(root: Path) -> AsyncGenerator[Door, None]:
    """The adapter on a directory, its routes called in process."""
    store = open_store(root)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app_of(store))) as http:
        yield Door(store, http)


@asynccontextmanager
async def _on_s3(server: ServerProcess) -> AsyncGenerator[Door, None]:
    """The adapter on a real S3 server."""
    async with open_s3(server) as store, httpx.AsyncClient(verify=False) as http:  # no certificates: 50 ms
        await wipe(store)
        yield Door(store, http)


ADAPTERS: dict[str, Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[Door]]] = {
    "files": lambda request: _on_files(request.getfixturevalue("tmp_path")),
    "s3": lambda request: _on_s3(request.getfixturevalue("s3_server")),
}


@pytest.fixture(params=ADAPTERS)
def opening(request: pytest.FixtureRequest) -> AbstractAsyncContextManager[Door]:
    """Each adapter in turn."""
    return ADAPTERS[request.param](request)


@pytest.fixture
async def door(opening: AbstractAsyncContextManager[Door]) -> AsyncIterator[Door]:
    """An empty store of that adapter."""
    async with opening as opened:
        yield opened


async def _breaking(first: bytes) -> AsyncGenerator[bytes, None]:
    yield first
    raise ConnectionResetError("the client is gone")


class TestPut:
    async def test_what_was_put_is_read_back(self, door: Door) -> None:
        info = await door.put("private", "u1/photo.png", b"one ", b"", b"two")
        assert await door.content("private", "u1/photo.png") == b"one two"
        assert (info.bucket, info.key, info.size, info.mime_type) == ("private", "u1/photo.png", 7, "image/png")
        assert info == await door.store.stat("private", "u1/photo.png")

    async def test_nothing_is_an_object_too(self, door: Door) -> None:
        assert (await door.put("temp", "empty")).size == 0
        assert await door.content("temp", "empty") == b""

    async def test_a_large_one_comes_back_whole(self, door: Door) -> None:
        pieces = [bytes([number]) * 99_991 for number in range(10)]
        await door.put("public", "large", *pieces)
        assert await door.content("public", "large") == b"".join(pieces)

    async def test_as_many_bytes_as_allowed_are_stored(self, door: Door) -> None:
        info = await door.store.put("temp", "a", body(b"12345"), mime_type="text/plain", max_size=5)
        assert info.size == 5

    async def test_one_byte_more_stores_nothing(self, door: Door) -> None:
        with pytest.raises(ObjectTooLarge):
            await door.store.put("temp", "a", body(b"12345", b"6"), mime_type="text/plain", max_size=5)
        assert await door.keys("temp") == []

    async def test_a_body_that_breaks_stores_nothing(self, door: Door) -> None:
        with pytest.raises(ConnectionResetError):
            await door.store.put("temp", "a", _breaking(b"x" * 600_000), mime_type="text/plain", max_size=MB)
        with pytest.raises(ObjectNotFound):
            await door.store.stat("temp", "a")

    async def test_a_taken_key_keeps_its_content(self, door: Door) -> None:
        await door.put("public", "a", b"first")
        with pytest.raises(ObjectExists):
            await door.put("public", "a", b"second")
        assert await door.content("public", "a") == b"first"

    async def test_of_two_at_once_one_wins(self, door: Door) -> None:
        results = await asyncio.gather(
            *(door.put("temp", "a", bytes([number]) * 500_000) for number in range(4)), return_exceptions=True
        )
        (winner,) = [each for each in results if isinstance(each, ObjectInfo)]
        assert [type(each) for each in results].count(ObjectExists) == 3
        assert await door.store.stat("temp", "a") == winner

    async def test_a_deleted_key_is_free_again(self, door: Door) -> None:
        await door.put("public", "a", b"first")
        await door.store.delete("public", "a")
        await door.put("public", "a", b"second")
        assert await door.content("public", "a") == b"second"

    async def test_the_buckets_are_apart(self, door: Door) -> None:
        await door.put("private", "a", b"secret")
        with pytest.raises(ObjectNotFound):
            await door.content("public", "a")

    @pytest.mark.parametrize(
        "key",
        ["", "/", "/a", "a/", "a//b", ".", "..", "../private/a", "a/../b", "a\\b", "a b", "ä", "a\n", "a\0", "%2e"],
    )
    async def test_what_is_no_key_is_refused(self, door: Door, key: str) -> None:
        with pytest.raises(InvalidKey):
            await door.put("public", key, b"x")
        with pytest.raises(InvalidKey):
            await door.content("public", key)
        with pytest.raises(InvalidKey):
            door.store.signed_put("public", key, mime_type="image/png", size=1, expires_in=60)

    async def test_the_longest_key_is_a_key(self, door: Door) -> None:
        longest = "/".join(["k" * 127] * 4) + "k"
        assert len(longest) == MAX_KEY
        await door.put("public", longest, b"x")
        assert await door.content("public", longest) == b"x"
        with pytest.raises(InvalidKey):
            await door.put("public", longest + "k", b"x")

    @pytest.mark.parametrize(
        "mime_type", ["", "image", "image/", "image/png\r\nx: y", "a/b c", "ä/b", "a" * 101 + "/b"]
    )
    async def test_what_is_no_mime_type_is_refused(self, door: Door, mime_type: str) -> None:
        with pytest.raises(InvalidMimeType):
            await door.put("public", "a", b"x", mime_type=mime_type)


class TestRead:
    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [(0, None, b"0123456789"), (3, 5, b"34"), (8, 99, b"89"), (10, None, b""), (5, 3, b"")],
    )
    async def test_a_part(self, door: Door, start: int, end: int | None, expected: bytes) -> None:
        await door.put("private", "a", b"0123456789")
        assert await door.content("private", "a", start, end) == expected

    async def test_nothing_there(self, door: Door) -> None:
        with pytest.raises(ObjectNotFound):
            await door.content("private", "a")
        with pytest.raises(ObjectNotFound):
            await door.content("private", "a", 5, 3)
        with pytest.raises(ObjectNotFound):
            await door.store.stat("private", "a")

    async def test_a_part_of_nothing(self, door: Door) -> None:
        await door.put("private", "empty")
        assert await door.content("private", "empty", 0, 5) == b""

    async def test_another_content_has_another_etag(self, door: Door) -> None:
        assert (await door.put("public", "a", b"one")).etag != (await door.put("public", "b", b"two")).etag


class TestCopy:
    async def test_a_copy_outlives_its_source(self, door: Door) -> None:
        await door.put("temp", "a", b"x" * 300_000, mime_type="image/webp")
        copied = await door.store.copy(("temp", "a"), ("public", "d/c"))
        await door.store.delete("temp", "a")
        assert await door.content("public", "d/c") == b"x" * 300_000
        assert (copied.bucket, copied.key, copied.size, copied.mime_type) == ("public", "d/c", 300_000, "image/webp")

    async def test_nothing_can_be_copied_too(self, door: Door) -> None:
        await door.put("temp", "empty")
        assert (await door.store.copy(("temp", "empty"), ("public", "empty"))).size == 0
        assert await door.content("public", "empty") == b""

    async def test_nothing_to_copy(self, door: Door) -> None:
        with pytest.raises(ObjectNotFound):
            await door.store.copy(("temp", "a"), ("public", "a"))

    async def test_never_over_another(self, door: Door) -> None:
        await door.put("temp", "a", b"new")
        await door.put("public", "a", b"old")
        with pytest.raises(ObjectExists):
            await door.store.copy(("temp", "a"), ("public", "a"))
        assert await door.content("public", "a") == b"old"


class TestDelete:
    async def test_it_is_gone(self, door: Door) -> None:
        await door.put("temp", "d/b", b"x")
        await door.store.delete("temp", "d/b")
        assert await door.keys("temp") == []

    async def test_what_is_not_there_is_no_error(self, door: Door) -> None:
        await door.store.delete("temp", "d/b")

    async def test_others_stay(self, door: Door) -> None:
        await door.put("temp", "d/b", b"x")
        await door.put("temp", "d/bc", b"x")
        await door.store.delete("temp", "d/b")
        assert await door.keys("temp") == ["d/bc"]


class TestList:
    KEYS = ("d-b", "d.b", "d/b", "d/bc", "d/c/e", "d0", "e/a")

    async def test_all_that_is_there(self, door: Door) -> None:
        for key in reversed(self.KEYS):
            await door.put("temp", key, key.encode())
        found = {each.key: each async for each in door.store.list("temp")}
        assert tuple(sorted(found)) == self.KEYS
        info = await door.store.stat("temp", "d/b")
        assert found["d/b"] == ListedObject("d/b", info.size, info.etag, info.modified_at)

    @pytest.mark.parametrize("prefix", ["d", "d/", "d/b", "d/b/", "d/c", "d/c/", "d0", "e/a", "c", "d/c/e/f"])
    async def test_a_prefix(self, door: Door, prefix: str) -> None:
        for key in self.KEYS:
            await door.put("temp", key, b"x")
        assert sorted(await door.keys("temp", prefix)) == [key for key in self.KEYS if key.startswith(prefix)]

    @pytest.mark.parametrize("prefix", ["/", "../private/", "a/../", "a//", "ä"])
    async def test_what_no_key_begins_with_is_refused(self, door: Door, prefix: str) -> None:
        with pytest.raises(InvalidKey):
            await door.keys("public", prefix)


class TestPublicUrl:
    async def test_it_has_the_form_that_clients_rely_on(self, door: Door) -> None:
        assert httpx.URL(door.store.public_url("public", "u1/a.png")).path == "/public/u1/a.png"

    async def test_anyone_reads_a_public_file(self, door: Door) -> None:
        await door.put("public", "u1/a.png", b"pixels")
        answer = await door.http.get(door.store.public_url("public", "u1/a.png"))
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"pixels", "image/png")

    @pytest.mark.parametrize("bucket", ["private", "temp"])
    async def test_nobody_reads_another_one(self, door: Door, bucket: Bucket) -> None:
        await door.put(bucket, "a", b"secret")
        answer = await door.http.get(door.store.public_url(bucket, "a"))
        assert answer.status_code == Forbidden.category.http_status
        assert b"secret" not in answer.content

    async def test_nobody_writes_without_a_signature(self, door: Door) -> None:
        answer = await door.http.put(door.store.public_url("public", "a"), content=b"x")
        assert answer.status_code == Forbidden.category.http_status
        assert await door.keys("public") == []


class TestSignedGet:
    @pytest.mark.parametrize("bucket", ["private", "temp"])
    async def test_its_holder_reads_that_file(self, door: Door, bucket: Bucket) -> None:
        await door.put(bucket, "u1/a.png", b"pixels")
        answer = await door.send(door.store.signed_get(bucket, "u1/a.png", expires_in=60))
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"pixels", "image/png")

    async def test_its_holder_reads_no_other_file(self, door: Door) -> None:
        await door.put("private", "a", b"mine")
        await door.put("private", "b", b"secret")
        signed = door.store.signed_get("private", "a", expires_in=60)
        answer = await door.http.get(signed.url.replace("/private/a?", "/private/b?"))
        assert answer.status_code == Forbidden.category.http_status

    async def test_its_holder_may_not_write(self, door: Door) -> None:
        answer = await door.http.put(door.store.signed_get("private", "a", expires_in=60).url, content=b"x")
        assert answer.status_code == Forbidden.category.http_status
        assert await door.keys("private") == []

    async def test_nothing_there(self, door: Door) -> None:
        assert (await door.send(door.store.signed_get("private", "a", expires_in=60))).status_code == 404


class TestSignedPut:
    @pytest.mark.parametrize("bucket", ["public", "private", "temp"])
    async def test_its_holder_uploads_that_file(self, door: Door, bucket: Bucket) -> None:
        signed = door.store.signed_put(bucket, "u1/a.png", mime_type="image/png", size=6, expires_in=60)
        assert (signed.method, signed.headers["Content-Type"]) == ("PUT", "image/png")
        assert (await door.send(signed, b"pixels")).status_code == 200
        assert await door.content(bucket, "u1/a.png") == b"pixels"
        assert (await door.store.stat(bucket, "u1/a.png")).mime_type == "image/png"

    async def test_a_taken_key_keeps_its_content(self, door: Door) -> None:
        signed = door.store.signed_put("temp", "a", mime_type="image/png", size=6, expires_in=60)
        assert (await door.send(signed, b"pixels")).status_code == 200
        assert (await door.send(signed, b"others")).is_client_error
        assert await door.content("temp", "a") == b"pixels"

    async def test_what_was_uploaded_is_as_good_as_what_was_put(self, door: Door) -> None:
        signed = door.store.signed_put("temp", "a", mime_type="application/pdf", size=6, expires_in=60)
        await door.send(signed, b"pixels")
        copied = await door.store.copy(("temp", "a"), ("public", "b"))
        assert (copied.size, copied.mime_type) == (6, "application/pdf")
        with pytest.raises(ObjectExists):
            await door.put("temp", "a", b"others")

    @pytest.mark.parametrize("content", [b"", b"pixel", b"pixels!"])
    async def test_another_size_is_refused(self, door: Door, content: bytes) -> None:
        signed = door.store.signed_put("temp", "a", mime_type="image/png", size=6, expires_in=60)
        assert (await door.send(signed, content)).is_client_error
        assert await door.keys("temp") == []

    async def test_another_type_is_refused(self, door: Door) -> None:
        signed = door.store.signed_put("temp", "a", mime_type="image/png", size=6, expires_in=60)
        assert (await door.send(signed, b"<html>", content_type="text/html")).is_client_error
        assert await door.keys("temp") == []

    async def test_its_holder_writes_no_other_file(self, door: Door) -> None:
        signed = door.store.signed_put("temp", "a", mime_type="image/png", size=6, expires_in=60)
        answer = await door.http.put(
            signed.url.replace("/temp/a?", "/public/a?"), content=b"pixels", headers=dict(signed.headers)
        )
        assert answer.status_code == Forbidden.category.http_status

    async def test_its_holder_may_not_read(self, door: Door) -> None:
        await door.put("private", "a", b"secret")
        signed = door.store.signed_put("private", "a", mime_type="image/png", size=6, expires_in=60)
        assert (await door.http.get(signed.url)).status_code == Forbidden.category.http_status
