"""A real file system with very little room, to be filled in a test: a tmpfs, which only root can mount."""

import errno
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["CannotMount", "SmallDisk", "small_disk"]

_BALLAST = "ballast"


class CannotMount(Exception):
    """This user may not mount, or this system lets nobody do so: a reason to skip a test."""


class SmallDisk:
    """The file system mounted at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, *, leave: int = 0) -> None:
        """Take all the room there is but `leave` bytes, to the next page."""
        with (self.path / _BALLAST).open("ab", buffering=0) as ballast:
            try:
                while ballast.write(bytes(1 << 16)):
                    continue
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            ballast.truncate(max(ballast.tell() - leave, 0))

    def give(self, size: int) -> None:
        """Give `size` bytes of what `fill` took back."""
        ballast = self.path / _BALLAST
        os.truncate(ballast, ballast.stat().st_size - size)

    def clear(self) -> None:
        """Give back all that `fill` took."""
        (self.path / _BALLAST).unlink()

    def lock(self) -> None:
        """From now on nothing can be written on it, whoever tries."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.path)], check=True)


@contextmanager
def small_disk(path: Path, size: int, *, files: int = 1000) -> Generator[SmallDisk]:
    """Mount one of `size` bytes and at most `files` files at `path`, a directory that is made when missing.

    Raises CannotMount.
    """
    path.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},nr_inodes={files},mode=700", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        raise CannotMount("a small file system can be mounted only as root, with the right to mount")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", str(path)], check=True)
