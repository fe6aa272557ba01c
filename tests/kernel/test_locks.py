"""The data directory: made, checked, and held by one process alone."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from girok.locks import DataDir, DataDirInUse, DataDirIsNoDirectory, DataDirNotWritable

HOLDER = """
import sys
from pathlib import Path
from girok.locks import DataDir

with DataDir.open(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


@asynccontextmanager
async def holder(path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that has `path` open; killed at the end."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLDER,
        str(path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert child.stdout is not None
        assert await asyncio.wait_for(child.stdout.readline(), 30) == b"open\n"
        yield child
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


class TestOpen:
    def test_makes_the_directory_for_its_owner_only(self, tmp_path: Path) -> None:
        with DataDir.open(tmp_path / "new" / "data") as data:
            assert data.path == tmp_path / "new" / "data"
            assert stat.S_IMODE(data.path.stat().st_mode) == 0o700
            assert (data.path / "girok.lock").read_text() == f"{os.getpid()}\n"
            assert [each.name for each in data.path.iterdir()] == ["girok.lock"]

    def test_takes_one_that_is_there(self, tmp_path: Path) -> None:
        (tmp_path / "girok.lock").write_text("1234567890\n")
        with DataDir.open(tmp_path):
            assert (tmp_path / "girok.lock").read_text() == f"{os.getpid()}\n"

    def test_a_relative_path_is_told_in_full(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with DataDir.open(Path("data")) as data:
            assert data.path == tmp_path / "data"


class TestInUse:
    async def test_by_another_process_names_it(self, tmp_path: Path) -> None:
        async with holder(tmp_path) as other:
            with pytest.raises(
                DataDirInUse, match=rf"^the data directory {tmp_path} is in use by process {other.pid}$"
            ):
                DataDir.open(tmp_path)
            assert (tmp_path / "girok.lock").read_text() == f"{other.pid}\n"

    def test_by_this_process_too(self, tmp_path: Path) -> None:
        with DataDir.open(tmp_path), pytest.raises(DataDirInUse, match=str(os.getpid())):
            DataDir.open(tmp_path)

    def test_closed_it_is_free(self, tmp_path: Path) -> None:
        first = DataDir.open(tmp_path)
        first.close()
        first.close()
        DataDir.open(tmp_path).close()

    async def test_it_is_free_when_its_process_was_killed(self, tmp_path: Path) -> None:
        async with holder(tmp_path) as other:
            other.kill()
            await asyncio.wait_for(other.wait(), 30)
            DataDir.open(tmp_path).close()

    async def test_a_child_of_the_process_does_not_hold_it(self, tmp_path: Path) -> None:
        data = DataDir.open(tmp_path)
        child = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE)
        data.close()
        DataDir.open(tmp_path).close()
        await child.communicate(b"")


class TestUnusable:
    def test_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("")
        with pytest.raises(DataDirIsNoDirectory, match="data is not a directory"):
            DataDir.open(tmp_path / "data")

    def test_a_link_to_nowhere(self, tmp_path: Path) -> None:
        (tmp_path / "data").symlink_to(tmp_path / "gone")
        with pytest.raises(DataDirIsNoDirectory):
            DataDir.open(tmp_path / "data")

    def test_below_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(DataDirNotWritable, match="a part of its path is not a directory"):
            DataDir.open(tmp_path / "file" / "data")

    @pytest.mark.parametrize("path", ["/proc", "/proc/data", "/sys/kernel"])
    def test_where_nobody_can_write(self, path: str) -> None:
        with pytest.raises(DataDirNotWritable, match=rf"^the data directory {path} cannot be written: \w"):
            DataDir.open(Path(path))

    def test_a_lock_file_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "girok.lock").mkdir()
        with pytest.raises(DataDirNotWritable, match="Is a directory"):
            DataDir.open(tmp_path)

    def test_no_new_file_beside_the_lock(self, tmp_path: Path) -> None:
        (tmp_path / ".girok.probe").mkdir()
        with pytest.raises(DataDirNotWritable, match="Is a directory"):
            DataDir.open(tmp_path)
        (tmp_path / ".girok.probe").rmdir()
        DataDir.open(tmp_path).close()

    @pytest.mark.parametrize("name", ["a\0b", "x" * 300])
    def test_a_name_that_no_file_can_have(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(DataDirNotWritable):
            DataDir.open(tmp_path / name)
