"""The routes, called in process: who may call which, and what they answer."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from girok.objects.files import FileObjects
from tests.kernel.objects.support import (
    BASE_URL,
    WEB_ORIGIN,
    FixedClock,
    app_of,
    content,
    files_under,
    open_store,
    put,
    reason_of,
)

BUCKETS = ["public", "private", "temp"]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> FileObjects:
    return open_store(tmp_path, clock)


@pytest.fixture
async def http(store: FileObjects) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app_of(store)), base_url=BASE_URL, headers={"X-Request-Id": "one"}
    ) as client:
        yield client


def _refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, reason_of(answer.content)


class TestGetPublic:
    async def test_anyone_reads_it_and_keeps_it_for_a_day(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        await put(store, "public", "u1/a.png", b"pixels")
        answer = await http.get("/public/u1/a.png")
        assert (answer.status_code, answer.content) == (200, b"pixels")
        assert answer.headers["cache-control"] == "public, max-age=86400, immutable"
        assert answer.headers["content-disposition"] == "inline"

    async def test_head_says_the_same_without_the_file(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        await put(store, "public", "a", b"pixels")
        get, head = await http.get("/public/a"), await http.head("/public/a")
        assert (head.status_code, head.content, head.headers) == (200, b"", get.headers)

    async def test_a_part(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        await put(store, "public", "a", bytes(range(256)) * 4_000)
        answer = await http.get("/public/a", headers={"Range": "bytes=300000-900000"})
        assert answer.status_code == 206
        assert answer.content == (bytes(range(256)) * 4_000)[300_000:900_001]

    async def test_no_such_part(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        await put(store, "public", "a", b"pixels")
        answer = await http.get("/public/a", headers={"Range": "bytes=6-"})
        assert (answer.status_code, answer.content, answer.headers["content-range"]) == (416, b"", "bytes */6")

    async def test_a_known_one_is_not_sent_again(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        await put(store, "public", "a", b"pixels")
        etag = (await http.get("/public/a")).headers["etag"]
        answer = await http.get("/public/a", headers={"If-None-Match": etag})
        assert (answer.status_code, answer.content) == (304, b"")

    async def test_what_could_run_is_only_downloaded(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        await put(store, "public", "a.html", b"<script>", "text/html")
        headers = (await http.get("/public/a.html")).headers
        assert headers["content-disposition"] == "attachment"
        assert headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize(
        "path", ["a", "A", "a/", "@a/b", "a/@b", "%2e%2e/private/a", "..%2fprivate%2fa", "%00", "%ff", "b" * 3_000]
    )
    async def test_what_is_not_there_is_404(self, store: FileObjects, http: httpx.AsyncClient, path: str) -> None:
        await put(store, "public", "a/b", b"x")
        await put(store, "private", "a", b"secret")
        assert (await http.get(f"/public/{path}")).status_code == 404

    @pytest.mark.parametrize("path", ["/", "/public", "/public/", "/secret/a", "/.staging/a"])
    async def test_so_is_what_is_no_bucket(self, http: httpx.AsyncClient, path: str) -> None:
        assert (await http.get(path)).status_code == 404


class TestGetSigned:
    @pytest.mark.parametrize("bucket", ["private", "temp"])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_nobody_reads_it_without_a_signature(
        self, store: FileObjects, http: httpx.AsyncClient, bucket: str, method: str
    ) -> None:
        await put(store, bucket, "a", b"secret")
        assert (await http.request(method, f"/{bucket}/a")).status_code == 403

    async def test_that_it_is_there_is_not_said(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        await put(store, "private", "a", b"secret")
        there, not_there = await http.get("/private/a"), await http.get("/private/b")
        assert _refusal(there) == _refusal(not_there) == (403, "SIGNED_URL_INVALID")

    async def test_a_changed_one_reads_nothing(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        await put(store, "private", "a", b"secret")
        url = store.signed_get("private", "a", expires_in=60).url
        assert _refusal(await http.get(url.replace("expires=1", "expires=2"))) == (403, "SIGNED_URL_INVALID")

    async def test_an_expired_one_reads_nothing(
        self, store: FileObjects, http: httpx.AsyncClient, clock: FixedClock
    ) -> None:
        await put(store, "private", "a", b"secret")
        url = store.signed_get("private", "a", expires_in=60).url
        clock.advance(60)
        assert _refusal(await http.get(url)) == (403, "SIGNED_URL_EXPIRED")

    async def test_its_holder_reads_it_and_asks_each_time(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        await put(store, "private", "a", b"secret")
        url = store.signed_get("private", "a", expires_in=60).url
        get, head = await http.get(url), await http.head(url)
        assert (get.content, head.content, get.headers) == (b"secret", b"", head.headers)
        assert get.headers["cache-control"] == "private, no-cache"

    async def test_a_range_and_a_condition_work_too(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        await put(store, "private", "a", b"secret")
        url = store.signed_get("private", "a", expires_in=60).url
        assert (await http.get(url, headers={"Range": "bytes=-2"})).content == b"et"
        assert (await http.get(url, headers={"If-None-Match": "*"})).status_code == 304


class TestPutSigned:
    @pytest.mark.parametrize("bucket", BUCKETS)
    async def test_nobody_uploads_without_a_signature(
        self, http: httpx.AsyncClient, tmp_path: Path, bucket: str
    ) -> None:
        answer = await http.put(f"/{bucket}/a", content=b"x", headers={"Content-Type": "image/png"})
        assert _refusal(answer) == (403, "SIGNED_URL_INVALID")
        assert files_under(tmp_path) == []

    async def test_an_expired_one_uploads_nothing(
        self, store: FileObjects, http: httpx.AsyncClient, clock: FixedClock, tmp_path: Path
    ) -> None:
        signed = store.signed_put("temp", "a", mime_type="image/png", size=1, expires_in=60)
        clock.advance(60)
        answer = await http.put(signed.url, content=b"x", headers=dict(signed.headers))
        assert _refusal(answer) == (403, "SIGNED_URL_EXPIRED")
        assert files_under(tmp_path) == []

    @pytest.mark.parametrize(
        ("content", "mime_type"), [(b"pixel", "image/png"), (b"pixels!", "image/png"), (b"pixels", "text/html")]
    )
    async def test_another_file_than_announced_is_refused(
        self, store: FileObjects, http: httpx.AsyncClient, tmp_path: Path, content: bytes, mime_type: str
    ) -> None:
        url = store.signed_put("temp", "a", mime_type="image/png", size=6, expires_in=60).url
        answer = await http.put(url, content=content, headers={"Content-Type": mime_type})
        assert _refusal(answer) == (400, "UPLOAD_MISMATCH")
        assert files_under(tmp_path) == []

    async def test_a_body_of_unknown_length_is_refused(
        self, store: FileObjects, http: httpx.AsyncClient, tmp_path: Path
    ) -> None:
        signed = store.signed_put("temp", "a", mime_type="image/png", size=6, expires_in=60)

        async def chunks() -> AsyncIterator[bytes]:
            yield b"pixels"

        answer = await http.put(signed.url, content=chunks(), headers=dict(signed.headers))
        assert _refusal(answer) == (400, "UPLOAD_MISMATCH")
        assert files_under(tmp_path) == []

    @pytest.mark.parametrize("bucket", BUCKETS)
    async def test_its_holder_uploads_the_file(self, store: FileObjects, http: httpx.AsyncClient, bucket: str) -> None:
        signed = store.signed_put(bucket, "u1/a.png", mime_type="image/png", size=6, expires_in=60)
        answer = await http.put(signed.url, content=b"pixels", headers=dict(signed.headers))
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["etag"] == f'"{(await store.stat(bucket, "u1/a.png")).etag}"'
        assert await content(store, bucket, "u1/a.png") == b"pixels"

    async def test_once_only(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        signed = store.signed_put("temp", "a", mime_type="image/png", size=6, expires_in=60)
        await http.put(signed.url, content=b"pixels", headers=dict(signed.headers))
        answer = await http.put(signed.url, content=b"PIXELS", headers=dict(signed.headers))
        assert _refusal(answer) == (409, "OBJECT_EXISTS")
        assert await content(store, "temp", "a") == b"pixels"

    async def test_more_than_litestar_lets_a_body_have(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        size = 12_000_000
        signed = store.signed_put("temp", "a", mime_type="image/png", size=size, expires_in=60)
        answer = await http.put(signed.url, content=bytes(size), headers=dict(signed.headers))
        assert answer.status_code == 200
        assert (await store.stat("temp", "a")).size == size


class TestOtherMethods:
    @pytest.mark.parametrize("bucket", BUCKETS)
    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    async def test_they_are_405(self, store: FileObjects, http: httpx.AsyncClient, bucket: str, method: str) -> None:
        await put(store, bucket, "a", b"x")
        answer = await http.request(method, store.signed_get(bucket, "a", expires_in=60).url)
        assert answer.status_code == 405
        assert {"GET", "HEAD", "PUT"} <= set(answer.headers["allow"].split(", "))
        assert await content(store, bucket, "a") == b"x"


class TestFromTheWeb:
    """A web client uploads to and reads from another origin than its own."""

    PREFLIGHT = {  # noqa: RUF012
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type",
    }

    async def test_its_browser_is_told_that_it_may_upload(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        url = store.signed_put("temp", "a", mime_type="image/png", size=6, expires_in=60).url
        answer = await http.options(url, headers={"Origin": WEB_ORIGIN, **self.PREFLIGHT})
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == WEB_ORIGIN
        assert "PUT" in answer.headers["access-control-allow-methods"]
        assert "content-type" in answer.headers["access-control-allow-headers"].lower()

    async def test_another_origin_is_not_told_so(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        url = store.signed_put("temp", "a", mime_type="image/png", size=6, expires_in=60).url
        answer = await http.options(url, headers={"Origin": "https://evil.test", **self.PREFLIGHT})
        assert "access-control-allow-origin" not in answer.headers

    async def test_it_reads_the_answer_of_an_upload(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        signed = store.signed_put("temp", "a", mime_type="image/png", size=6, expires_in=60)
        sent = {**signed.headers, "Origin": WEB_ORIGIN}
        first = await http.put(signed.url, content=b"pixels", headers=sent)
        again = await http.put(signed.url, content=b"pixels", headers=sent)
        assert (first.status_code, again.status_code) == (200, 409)
        assert {answer.headers["access-control-allow-origin"] for answer in (first, again)} == {WEB_ORIGIN}

    async def test_its_pages_show_images(self, store: FileObjects, http: httpx.AsyncClient) -> None:
        await put(store, "public", "a", b"pixels")
        assert (await http.get("/public/a")).headers["cross-origin-resource-policy"] == "cross-origin"
