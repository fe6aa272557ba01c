"""The data directory and its lock: one process per directory.

    with DataDir.open(Path("data")) as data:
        db = SQLiteDatabase(data.path / "girok.db")

The lock is an flock on `girok.lock`, so the system releases it with the process, however that ends. The file stays and
holds the process id as text, for people and for the message that a second process prints.
"""

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from girok.refusal import Refusal

__all__ = ["LOCK", "DataDir", "DataDirInUse", "DataDirIsNoDirectory", "DataDirNotWritable"]

LOCK = "girok.lock"
_PROBE = ".girok.probe"


class DataDirInUse(Refusal):
    """Another process has the lock."""


class DataDirIsNoDirectory(Refusal):
    """Something else, a file for example, has that name."""


class DataDirNotWritable(Refusal):
    """The directory cannot be made, or no file in it can be written."""


class DataDir:
    """A data directory that this process alone holds until `close` or its end.

    Who opens one makes files for its owner only from then on, whatever umask the process was started with.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> Self:
        """Make the directory (mode 0700) where there is none, check it, and take its lock.

        Raises DataDirInUse, DataDirIsNoDirectory or DataDirNotWritable.
        """
        path = path.absolute()
        os.umask(0o077)
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except FileExistsError as error:
            raise DataDirIsNoDirectory(f"the data directory {path} is not a directory") from error
        except (OSError, ValueError) as error:
            raise _not_writable(path, error) from error
        try:
            _take(path, lock)
        except BaseException:
            os.close(lock)
            raise
        return cls(path, lock)

    def close(self) -> None:
        """Give the lock back; twice is no error."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _take(path: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        # A lock file that is there already can be opened where no new file can be made.
        os.close(os.open(path / _PROBE, os.O_WRONLY | os.O_CREAT, 0o600))
        (path / _PROBE).unlink()
    except BlockingIOError as error:
        raise DataDirInUse(f"the data directory {path} is in use by {_holder(lock)}") from error
    except OSError as error:
        raise _not_writable(path, error) from error


def _holder(lock: int) -> str:
    """Who has the lock. The file is empty for the instant between the holder's lock and its writing."""
    pid = os.pread(lock, 32, 0).decode(errors="replace").strip()
    return f"process {pid}" if pid.isdecimal() else "another process"


def _not_writable(path: Path, error: OSError | ValueError) -> DataDirNotWritable:
    why = error.strerror if isinstance(error, OSError) else str(error)
    if isinstance(error, OSError) and error.errno == errno.ENOTDIR:
        why = "a part of its path is not a directory"
    return DataDirNotWritable(f"the data directory {path} cannot be written: {why}")
