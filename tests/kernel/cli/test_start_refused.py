"""A start that cannot be: one sentence on standard error, exit 2, no traceback, whatever is wrong with the machine."""

import asyncio
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from girok.locks import DataDir
from girok.testing.disk import CannotMount, SmallDisk, small_disk
from girok.testing.process import GIROK, GirokProcess, free_port, running
from tests.architecture.sources import ROOT
from tests.kernel.cli.process import Result, girok

STARTS = pytest.mark.parametrize("start", ["run --port 0", "migrate"])
NOBODY = 65534
KIB = 1024
FULL = re.compile(r"(No space left on device|disk is full)$")


def refusal(start: str, data: Path, *, powerless: bool = False) -> str:
    """What a start on `data` says on its end, after `girok: `. `powerless`: even root is held by permission bits."""
    args = [*start.split(), "--data", str(data)]
    result = powerless_girok(*args) if powerless else girok(*args)
    assert (result.code, result.out) == (2, ""), result
    assert result.err.startswith("girok: ")
    assert result.err.count("\n") == 1
    return result.err.removeprefix("girok: ").rstrip("\n")


def powerless_girok(*args: str) -> Result:
    """girok as a user whom permission bits hold: root without its capabilities, or who runs the tests."""
    drop = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
    if drop and shutil.which("setpriv") is None:
        pytest.skip("permission bits do not hold root, and there is no setpriv to take its capabilities")
    done = subprocess.run(
        [*drop, sys.executable, "-m", "girok", *args], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SmallDisk]:
    """1 MB, with as many files as the parameter says."""
    try:
        with small_disk(tmp_path / "disk", 1024 * KIB, files=getattr(request, "param", 1000)) as disk:
            yield disk
    except CannotMount as why:
        pytest.skip(str(why))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The database of a directory that was migrated."""
    assert girok("migrate", "--data", str(tmp_path / "data")).code == 0
    return tmp_path / "data/girok.db"


class TestDataDirectory:
    @STARTS
    def test_that_is_a_file(self, tmp_path: Path, start: str) -> None:
        (tmp_path / "data").write_text("")
        assert refusal(start, tmp_path / "data") == f"the data directory {tmp_path / 'data'} is not a directory"

    @STARTS
    def test_below_a_file(self, tmp_path: Path, start: str) -> None:
        (tmp_path / "file").write_text("")
        assert refusal(start, tmp_path / "file/data").endswith("a part of its path is not a directory")

    @STARTS
    def test_that_another_process_has(self, tmp_path: Path, start: str) -> None:
        with DataDir.open(tmp_path):
            assert refusal(start, tmp_path).endswith(f"is in use by process {os.getpid()}")

    async def test_that_another_girok_runs_on(self, tmp_path: Path) -> None:
        async with running(tmp_path / "data") as box:
            assert box.child is not None
            assert refusal("run --port 0", tmp_path / "data").endswith(f"is in use by process {box.child.pid}")

    @STARTS
    def test_on_a_file_system_that_is_read_only(self, disk: SmallDisk, start: str) -> None:
        disk.lock()
        assert refusal(start, disk.path).endswith("cannot be written: Read-only file system")
        assert refusal(start, disk.path / "new").endswith("cannot be written: Read-only file system")

    @STARTS
    def test_that_one_may_not_write(self, tmp_path: Path, start: str) -> None:
        (tmp_path / "data").mkdir(mode=0o500)
        assert refusal(start, tmp_path / "data", powerless=True).endswith("cannot be written: Permission denied")
        assert refusal(start, tmp_path / "data/new", powerless=True).endswith("cannot be written: Permission denied")


class TestFullDisk:
    @STARTS
    @pytest.mark.parametrize("room", [0, 32, 128])
    def test_before_the_store_is_made(self, disk: SmallDisk, start: str, room: int) -> None:
        disk.fill(leave=room * KIB)
        assert FULL.search(refusal(start, disk.path))
        disk.clear()
        assert girok("migrate", "--data", str(disk.path)).code == 0

    @pytest.mark.parametrize("disk", [2, 3, 5, 8, 12], indirect=True)
    def test_that_has_room_for_few_files(self, disk: SmallDisk) -> None:
        assert FULL.search(refusal("run --port 0", disk.path))

    def test_when_the_store_is_there(self, disk: SmallDisk) -> None:
        girok("migrate", "--data", str(disk.path))
        disk.fill()
        assert FULL.search(refusal("run --port 0", disk.path))


class TestStore:
    @STARTS
    def test_that_is_a_folder(self, tmp_path: Path, start: str) -> None:
        (tmp_path / "data/girok.db").mkdir(parents=True)
        assert refusal(start, tmp_path / "data").endswith("girok.db cannot be opened: unable to open database file")

    @STARTS
    def test_that_is_no_database(self, store: Path, start: str) -> None:
        store.write_text("this is no database, however long one looks at it" * 100)
        assert refusal(start, store.parent) == f"{store} is not an SQLite database"

    @STARTS
    def test_that_is_damaged(self, store: Path, start: str) -> None:
        with store.open("r+b") as file:
            file.seek(100)  # the header stays
            file.write(b"\xff" * 3000)
        assert refusal(start, store.parent).endswith("database disk image is malformed")

    @STARTS
    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
    def test_that_is_somebody_elses(self, store: Path, start: str) -> None:
        os.chown(store, NOBODY, NOBODY)
        assert refusal(start, store.parent, powerless=True).startswith(f"the database {store} cannot be opened: ")

    @STARTS
    def test_of_a_newer_girok(self, store: Path, start: str) -> None:
        with closing(sqlite3.connect(store, isolation_level=None)) as db:
            db.execute("INSERT INTO girok_migration VALUES ('feed', '9999_future', 'x', '2030-01-01 00:00:00+00:00')")
        assert refusal(start, store.parent).startswith("the database has migration feed/9999_future, which this girok")

    def test_that_another_program_has_locked(self, store: Path) -> None:
        with closing(sqlite3.connect(store, isolation_level=None)) as db:
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
            db.execute("BEGIN EXCLUSIVE")
            assert refusal("run --port 0", store.parent) == f"the database {store} is locked by another process"


class TestWhatLiesBesideTheStore:
    """`girok migrate` leaves it alone."""

    def test_keys_that_are_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data/keys").write_text("")
        assert refusal("run --port 0", tmp_path / "data").endswith("keys/objects cannot be used: File exists")

    def test_a_key_that_others_can_read(self, tmp_path: Path) -> None:
        (tmp_path / "data/keys").mkdir(parents=True)
        (tmp_path / "data/keys/objects").write_bytes(bytes(32))
        (tmp_path / "data/keys/objects").chmod(0o644)
        assert "can be read or changed by other users" in refusal("run --port 0", tmp_path / "data")

    def test_objects_that_are_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data/objects").write_text("")
        assert refusal("run --port 0", tmp_path / "data").endswith("data/objects cannot be used: File exists")

    @pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
    def test_something_that_has_the_name_of_the_control_socket(self, tmp_path: Path, make: object) -> None:
        (tmp_path / "data").mkdir()
        make(tmp_path / "data/girok.sock")
        assert refusal("run --port 0", tmp_path / "data").endswith("girok.sock is not a socket; move it away")


def in_use(port: int) -> str:
    return f"http.port (GIROK_HTTP_PORT): 127.0.0.1:{port} is in use by another process"


class TestPort:
    def test_that_is_in_use(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            why = refusal(f"run --port {port}", tmp_path / "data")
        assert why == in_use(port)
        assert not (tmp_path / "data").exists()

    async def test_that_two_ask_for_at_once_goes_to_one(self, tmp_path: Path) -> None:
        port = free_port()
        boxes = [GirokProcess(tmp_path / name, port) for name in ("one", "two")]
        ends = [asyncio.create_task((await box.launch()).wait()) for box in boxes]
        await asyncio.wait(ends, timeout=60.0, return_when=asyncio.FIRST_COMPLETED)
        lost = [box for box, end in zip(boxes, ends, strict=True) if end.done()]
        for box in boxes:
            await box.kill()
        assert sorted([await end for end in ends]) == [-signal.SIGKILL, 2]
        assert [box.log for box in lost] == [f"girok: {in_use(port)}\n"]


class TestStandardOutputOnAFullDisk:
    girok = ("sh", "-c", 'exec "$@" >/dev/full', "sh", *GIROK)

    def test_ends_a_command_with_one_sentence(self, tmp_path: Path) -> None:
        command = [*self.girok, "migrate", "--data", str(tmp_path / "data")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (1, "girok: No space left on device\n")

    async def test_is_no_reason_not_to_serve(self, tmp_path: Path) -> None:
        async with running(tmp_path / "data", girok=self.girok) as box:
            assert await box.stop() == 0
        assert "standard output cannot be written: No space left on device" in box.log
        assert "Traceback" not in box.log
