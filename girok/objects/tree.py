"""One bucket as a folder: where a key's file lies, and how it gets there and away for good.

The key `a/b.png` is the file `a/@b.png`. A key cannot hold `@`, so no file ever has the name of a folder and `a`
(`@a`) stands beside `a/b` (`a/@b`); a folder is still read, copied and backed up by any tool, and `b.png` opens as a
picture. Everything here blocks.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from girok.fsync import sync_directory
from girok.objects.port import ObjectExists

__all__ = ["Tree"]

_MARK = "@"


class Tree:
    """The files of one bucket under the folder `top`. Keys and prefixes are checked by the caller."""

    def __init__(self, top: Path) -> None:
        self.top = top
        # A folder made for a new file must not be pruned before the file is in it. Held over a few system calls.
        self._shape = threading.Lock()

    def path(self, key: str) -> Path:
        """Where the object `key` lies, whether it exists or not."""
        folders, _, name = key.rpartition("/")
        return self.top / folders / (_MARK + name)

    def publish(self, source: Path, key: str) -> None:
        """Give the finished file `source` its key, durably and all at once. Raises ObjectExists, OSError.

        A link, not a rename: only a link never replaces what is there. `source` remains for the caller to remove.
        """
        target = self.path(key)
        try:
            with self._shape:
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(source, target)
        except FileExistsError:
            raise ObjectExists from None
        except OSError:
            self._prune(target.parent)
            raise
        try:
            self._sync_up(target.parent)
        except OSError:
            self.remove(key)
            raise

    def remove(self, key: str) -> None:
        """Take the file away, and the folders that are empty then. No error when there is none."""
        target = self.path(key)
        try:
            target.unlink()
            sync_directory(target.parent)
        except FileNotFoundError:
            return
        self._prune(target.parent)

    def walk(self, prefix: str) -> Iterator[tuple[str, Path]]:
        """Keys that begin with `prefix` and their files, in the order of the keys, read folder by folder."""
        folders, slash, start = prefix.rpartition("/")
        yield from _walk(self.top / folders, folders + slash, start)

    def _sync_up(self, folder: Path) -> None:
        """Make the names on the way down to `folder` durable, whoever made them and has not yet done so."""
        while True:
            # Gone: its last object was deleted in between.
            with contextlib.suppress(FileNotFoundError):
                sync_directory(folder)
            if folder == self.top:
                return
            folder = folder.parent

    def _prune(self, folder: Path) -> None:
        with self._shape:
            while folder != self.top:
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    pass
                except OSError:
                    return
                folder = folder.parent


def _walk(folder: Path, above: str, start: str) -> Iterator[tuple[str, Path]]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(name for entry in entries if (name := _sort_name(entry)))
    except FileNotFoundError:
        return
    for name in names:
        if not name.startswith(start):
            continue
        if name.endswith("/"):
            yield from _walk(folder / name, above + name, "")
        else:
            yield above + name, folder / (_MARK + name)


def _sort_name(entry: os.DirEntry[str]) -> str:
    """As it stands in a key: `b/` for a folder, so that `a-`, `a.`, `a/` sort as keys do; empty for a stray file."""
    if entry.is_dir(follow_symlinks=False):
        return entry.name + "/"
    return entry.name[1:] if entry.name.startswith(_MARK) else ""
