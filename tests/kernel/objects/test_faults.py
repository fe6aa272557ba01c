"""What goes wrong under a write or a read: cancelled, full, damaged, deleted meanwhile."""

import asyncio
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from girok.errors import Unavailable
from girok.objects.port import ObjectNotFound, ObjectsUnavailable, StorageFull
from girok.objects.stored_file import ObjectDamaged
from tests.kernel.objects.support import body, content, endless, files_under, open_descriptors, open_store, put

MB = 1_000_000
MOUNTING = ["unshare", "--user", "--map-root-user", "--mount"]
"""Runs a command where it may mount, without being root."""


def _can_mount() -> bool:
    return shutil.which("unshare") is not None and subprocess.run([*MOUNTING, "true"], check=False).returncode == 0


class TestCancelledPut:
    @pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 50])
    async def test_it_leaves_the_whole_object_or_nothing(self, tmp_path: Path, turns: int) -> None:
        store = open_store(tmp_path)
        await put(store, "temp", "warm-up", b"x")
        before = open_descriptors()
        pieces = [b"x" * 300_000] * 3
        upload = asyncio.create_task(store.put("temp", "a", body(*pieces), mime_type="image/png", max_size=MB))
        for _ in range(turns):
            await asyncio.sleep(0)
        upload.cancel()
        await asyncio.wait([upload])
        sizes = {info.key: info.size async for info in store.list("temp")}
        assert sizes in ({"warm-up": 1}, {"warm-up": 1, "a": 900_000})
        assert len(files_under(tmp_path)) == len(sizes)
        assert open_descriptors() == before

    async def test_a_client_that_stands_still_is_let_go(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        upload = store.put("temp", "a", endless(b"x" * 300_000), mime_type="image/png", max_size=MB)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(upload, 0.05)
        assert files_under(tmp_path) == []


class TestCancelledRead:
    @pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8])
    async def test_it_leaves_no_file_open(self, tmp_path: Path, turns: int) -> None:
        store = open_store(tmp_path)
        await put(store, "temp", "a", b"x" * MB)
        before = open_descriptors()
        reading = asyncio.create_task(content(store, "temp", "a"))
        for _ in range(turns):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        assert open_descriptors() == before

    async def test_nor_does_a_reader_that_stops_early(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        await put(store, "temp", "a", b"x" * MB)
        before = open_descriptors()
        reading = store.read("temp", "a")
        assert await anext(reading)
        await reading.aclose()
        assert open_descriptors() == before


class TestDeletedMeanwhile:
    async def test_who_reads_it_reads_it_to_the_end(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        await put(store, "public", "a", b"x" * MB)
        reading = store.read("public", "a")
        first = await anext(reading)
        await store.delete("public", "a")
        assert len(first) + sum([len(piece) async for piece in reading]) == MB

    async def test_a_listing_goes_on_without_it(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        names = [f"f{number:03}/a" for number in range(300)]
        for name in names:
            await put(store, "temp", name, b"")
        listing = store.list("temp")
        assert (await anext(listing)).key == names[0]
        await store.delete("temp", names[-1])
        assert [info.key async for info in listing] == names[1:-1]

    async def test_folders_come_and_go_under_many_writers(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)

        async def come_and_go(number: int) -> None:
            for _ in range(20):
                await put(store, "temp", f"one/folder/{number}", b"x")
                await store.delete("temp", f"one/folder/{number}")

        await asyncio.gather(*map(come_and_go, range(6)))
        assert list((tmp_path / "temp").iterdir()) == []


class TestFullDisk:
    @pytest.fixture
    def small_files(self) -> Iterator[None]:
        """The system refuses to let a file grow over 400 KB, as a full disk does."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    @pytest.mark.usefixtures("small_files")
    async def test_the_write_fails_and_leaves_nothing(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        with pytest.raises(StorageFull):
            await put(store, "temp", "u1/a", b"x" * MB)
        assert files_under(tmp_path) == []
        assert isinstance(StorageFull(), Unavailable)

    @pytest.mark.usefixtures("small_files")
    async def test_what_is_there_is_read_and_what_fits_is_written(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        await put(store, "temp", "small", b"before")
        with pytest.raises(StorageFull):
            await put(store, "temp", "large", b"x" * MB)
        await put(store, "temp", "another", b"after")
        assert await content(store, "temp", "small") == b"before"
        assert await content(store, "temp", "another") == b"after"

    @pytest.mark.external
    @pytest.mark.skipif(not _can_mount(), reason="this system lets nobody mount a small file system (unshare)")
    def test_a_file_system_that_is_really_full(self, tmp_path: Path) -> None:
        script = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" -m tests.kernel.objects.full_disk "$1"'
        done = subprocess.run(
            [*MOUNTING, "sh", "-c", script, "sh", str(tmp_path), sys.executable],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "full, nothing left, the rest is whole\n"), done.stderr

    async def test_a_store_that_fails_otherwise_is_unavailable(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        shutil.rmtree(tmp_path / ".staging")
        with pytest.raises(ObjectsUnavailable):
            await put(store, "temp", "a", b"x")
        assert issubclass(ObjectsUnavailable, Unavailable)


class TestDamagedFile:
    @pytest.mark.parametrize("cut", [1, 20, 90, 1_000])
    async def test_a_cut_one_is_never_served(self, tmp_path: Path, cut: int) -> None:
        store = open_store(tmp_path)
        await put(store, "public", "a", b"x" * 1_000)
        path = tmp_path / "public/@a"
        path.write_bytes(path.read_bytes()[:-cut])
        with pytest.raises(ObjectDamaged) as failed:
            await content(store, "public", "a")
        assert str(path) in str(failed.value.__cause__)

    @pytest.mark.parametrize("strange", [b"", b"x", b"x" * 5_000, b"\0" * 5_000])
    async def test_nor_is_a_strange_one(self, tmp_path: Path, strange: bytes) -> None:
        store = open_store(tmp_path)
        (tmp_path / "public/@a").write_bytes(strange)
        with pytest.raises(ObjectDamaged):
            await store.stat("public", "a")

    async def test_nor_is_one_that_lost_bytes_in_the_middle(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        await put(store, "public", "a", b"x" * 5_000)
        path = tmp_path / "public/@a"
        path.write_bytes(path.read_bytes()[1:])
        with pytest.raises(ObjectDamaged):
            await store.stat("public", "a")

    async def test_it_can_be_deleted(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        (tmp_path / "public/@a").write_bytes(b"x")
        await store.delete("public", "a")
        with pytest.raises(ObjectNotFound):
            await store.stat("public", "a")


class TestCopiedObject:
    async def test_it_has_its_own_time(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        await put(store, "temp", "a", b"x")
        store._clock.advance(3600)
        copied = await store.copy(("temp", "a"), ("public", "a"))
        original = await store.stat("temp", "a")
        assert (copied.modified_at - original.modified_at).total_seconds() == 3600
        assert copied.etag == original.etag
