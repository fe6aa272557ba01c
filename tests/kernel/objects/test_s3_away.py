"""S3 that is not there at the start, is killed, or stands still; keys that are wrong; what a start finds and leaves."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from girok.clock import SystemClock
from girok.objects.port import BUCKETS, ObjectInfo, ObjectsUnavailable
from girok.objects.s3 import S3Objects
from girok.objects.s3_client import CALL_SECONDS
from girok.objects.s3_start import S3NotReady
from girok.objects.s3_write import PART
from girok.sections_cluster import S3
from girok.servers.process import ServerProcess
from girok.testing.servers import free_block
from tests.kernel.objects.s3_support import open_s3, section_of, wipe
from tests.kernel.objects.support import FixedClock, body, content_of
from tests.kernel.objects.wire import wire_to

WAITING, AWAY, BACK = "waiting for S3", "S3 is away: what needs files is refused until it is back", "S3 is back"


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """All that is logged, of everybody."""
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture
async def store(s3_server: ServerProcess) -> AsyncIterator[S3Objects]:
    async with open_s3(s3_server) as opened:
        await wipe(opened)
        yield opened


async def _open(section: S3, wait: float = 30.0) -> None:
    async with S3Objects.open(section, SystemClock(), wait=wait):
        """It opens, and that is all."""


async def _put(store: S3Objects, key: str, content: AsyncIterator[bytes] | None = None) -> ObjectInfo:
    return await store.put("temp", key, content or body(key.encode()), mime_type="image/png", max_size=10**9)


async def _content(store: S3Objects, key: str) -> bytes:
    return b"".join([piece async for piece in store.read("temp", key)])


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await holds():
            await asyncio.sleep(0.02)


def _said(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records if record.name.startswith("girok.objects")]


class TestNothingThere:
    async def test_it_is_waited_for_and_then_named(self, log: pytest.LogCaptureFixture) -> None:
        endpoint = f"http://127.0.0.1:{free_block(1, 0)}"
        with pytest.raises(S3NotReady) as refused:
            await _open(S3(endpoint=endpoint, access_key="girok", secret_key="hidden"), wait=2.0)
        assert str(refused.value) == (
            f"s3.endpoint (GIROK_S3_ENDPOINT): {endpoint} did not answer within 2 s (EndpointConnectionError); "
            "start the server, or correct the address"
        )
        assert _said(log) == [WAITING]

    async def test_one_that_comes_late_is_used(self, s3_server: ServerProcess, log: pytest.LogCaptureFixture) -> None:
        port = free_block(1, 0)
        opening = asyncio.create_task(_open(section_of(s3_server, endpoint=f"http://127.0.0.1:{port}")))

        async def is_waiting() -> bool:
            return _said(log) == [WAITING]

        await _until(is_waiting)
        async with wire_to(s3_server.url, port):
            await opening


class TestWrongSettings:
    @pytest.mark.parametrize("wrong", [{"access_key": "nobody"}, {"secret_key": "wrong-secret"}])
    async def test_wrong_keys_are_named_and_not_shown(self, s3_server: ServerProcess, wrong: dict[str, str]) -> None:
        section = section_of(s3_server, **wrong)
        with pytest.raises(S3NotReady, match=r"s3\.access_key \(GIROK_S3_ACCESS_KEY\)") as refused:
            await _open(section)
        assert section.secret_key not in str(refused.value)

    @pytest.mark.parametrize("name", ["endpoint", "access_key", "secret_key"])
    async def test_what_is_missing_is_named(self, name: str) -> None:
        fields = {"endpoint": "http://127.0.0.1:9", "access_key": "girok", "secret_key": "hidden", name: ""}
        with pytest.raises(S3NotReady, match=rf"s3\.{name} \(GIROK_S3_{name.upper()}\)"):
            await _open(S3(**fields))


class TestStart:
    async def test_many_at_once_make_the_buckets(self, store: S3Objects, s3_server: ServerProcess) -> None:
        for bucket in BUCKETS:
            await store._client._api.delete_bucket(Bucket=bucket)
        await asyncio.gather(*(_open(section_of(s3_server)) for _ in range(4)))
        assert all([await store._client.has_bucket(bucket) for bucket in BUCKETS])

    async def test_a_policy_that_somebody_has_set_stays(self, store: S3Objects, s3_server: ServerProcess) -> None:
        statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::public/x"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        await store._client.set_policy("public", policy)
        await _open(section_of(s3_server))
        kept = await store._client._api.get_bucket_policy(Bucket="public")
        await store._client._api.delete_bucket_policy(Bucket="public")
        assert json.loads(kept["Policy"])["Statement"] == [statement]

    @pytest.mark.parametrize(("hours", "left"), [(23, 1), (25, 0)])
    async def test_parts_of_a_dead_upload_are_swept_after_a_day(
        self, store: S3Objects, s3_server: ServerProcess, hours: int, left: int
    ) -> None:
        await store._client.begin("temp", "a", {}, "")
        later = FixedClock()
        later.time = datetime.now(UTC) + timedelta(hours=hours)
        async with open_s3(s3_server, later):
            assert len(await store._client.uploads("temp")) == left


class TestKilled:
    async def test_the_upload_fails_and_all_is_well_when_it_is_back(
        self, store: S3Objects, s3_server: ServerProcess, log: pytest.LogCaptureFixture
    ) -> None:
        await _put(store, "kept")
        killed = asyncio.Event()

        async def content() -> AsyncGenerator[bytes, None]:
            yield b"x" * PART
            await killed.wait()
            yield b"y" * PART

        async def is_begun() -> bool:
            return len(await store._client.uploads("temp")) == 1

        upload = asyncio.create_task(_put(store, "a", content()))
        await _until(is_begun)
        await s3_server.kill()
        killed.set()
        with pytest.raises(ObjectsUnavailable):
            await upload
        await s3_server.start()

        async def is_back() -> bool:
            with suppress(ObjectsUnavailable):
                return await _content(store, "kept") == b"kept"
            return False

        await _until(is_back)
        assert await store.health() is None
        assert [each.key async for each in store.list("temp")] == ["kept"]
        await _put(store, "a")
        assert _said(log) == [AWAY, BACK]


class TestKilledWriter:
    @pytest.mark.slow
    @pytest.mark.parametrize("acknowledgements", [1, 4, 13, 30])
    async def test_acknowledged_objects_are_whole_and_the_others_are_whole_or_absent(
        self, store: S3Objects, s3_server: ServerProcess, acknowledgements: int
    ) -> None:
        section, prefix = section_of(s3_server), f"killed-at-{acknowledgements}"  # a request may outlive its writer
        command = [sys.executable, "-m", "tests.kernel.objects.s3_writer", section.endpoint]
        with subprocess.Popen(
            [*command, section.access_key, section.secret_key, prefix], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            said = list(islice(writer.stdout, acknowledgements))
            writer.kill()
            said += [line for line in writer.stdout if line.endswith("\n")]
        found = {each.key: each.size async for each in store.list("private", prefix)}
        assert len(said) >= acknowledgements
        assert {line.strip() for line in said} <= set(found)
        for key, size in found.items():
            content = b"".join([piece async for piece in store.read("private", key)])
            assert len(content) == size
            assert content == content_of(key) + bytes(PART * (int(key.rpartition("/")[2]) % 2))


class TestStandingStill:
    @pytest.fixture
    async def paused(self, store: S3Objects, s3_server: ServerProcess) -> AsyncIterator[ServerProcess]:
        await _put(store, "kept")
        s3_server.pause()
        yield s3_server
        s3_server.go_on()

    async def test_nobody_waits_for_it_once_it_is_known(
        self, store: S3Objects, paused: ServerProcess, log: pytest.LogCaptureFixture
    ) -> None:
        async with asyncio.timeout(10):
            assert (await store.health() or "").startswith(f"{paused.url}: ")
            for _ in range(1000):
                with pytest.raises(ObjectsUnavailable):
                    await _put(store, "a")
        paused.go_on()

        async def is_back() -> bool:
            return await store.health() is None

        await _until(is_back)
        assert await _content(store, "kept") == b"kept"
        await _put(store, "a")
        assert _said(log) == [AWAY, BACK]

    @pytest.mark.slow
    async def test_who_is_in_the_middle_waits_for_a_while(self, store: S3Objects, paused: ServerProcess) -> None:
        assert paused.running
        async with asyncio.timeout(CALL_SECONDS + 5):
            with pytest.raises(ObjectsUnavailable):
                await _put(store, "a")


class TestSecrets:
    async def test_nothing_that_signs_is_logged(
        self, store: S3Objects, s3_server: ServerProcess, log: pytest.LogCaptureFixture
    ) -> None:
        await _put(store, "a")
        signed = store.signed_get("temp", "a", expires_in=60)
        signature = signed.url.rpartition("=")[2]
        assert section_of(s3_server).secret_key not in log.text
        assert signature not in log.text
        assert "Signature" not in log.text
