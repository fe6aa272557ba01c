"""Secrets of this installation that nobody has to configure.

In one box they are made at the first start and kept as files of mode 0600; in a cluster every process derives the same
ones from the cluster's secret.
"""

import os
import re
import stat
from pathlib import Path
from typing import Protocol

from girok.fsync import sync_directory
from girok.refusal import Refusal

__all__ = ["DerivedKeys", "FileKeys", "KeyUnusable", "Keys"]

_SIZE = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class KeyUnusable(Refusal):
    """A key file that others can read, of a wrong size, or that cannot be read or made."""


class Keys(Protocol):
    """Named secrets of 32 random bytes each."""

    def get(self, name: str) -> bytes:
        """The secret `name`, the same at every start; made when it does not exist."""
        ...


class FileKeys:
    """Keys as files of `directory`, one each. A key is there whole or not at all, and never overwritten."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, name: str) -> bytes:
        """The secret `name` (of a-z, 0-9, `_`, `-`), made when it does not exist. Raises KeyUnusable, ValueError."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name of a key: {name!r}")
        path = self._directory / name
        try:
            if not path.exists():
                self._make(path)
            return _read(path)
        except OSError as error:
            raise KeyUnusable(f"the key {path} cannot be used: {error.strerror}") from error

    def _make(self, path: Path) -> None:
        """Link a finished file to its name: of two processes that do so at once, both go on with the first one's."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = os.urandom(_SIZE)
        draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
        try:
            _write(draft, secret)
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink(missing_ok=True)
        # Also when another was first: its key must outlast a power cut before anything is signed with it.
        sync_directory(self._directory)


class DerivedKeys:
    """Keys derived from one secret by HKDF-SHA256 (RFC 5869): another secret, and all of them are others."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def get(self, name: str) -> bytes:
        """The secret `name` (of a-z, 0-9, `_`, `-`). Raises ValueError."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name of a key: {name!r}")
        return HKDF(SHA256(), _SIZE, salt=b"girok", info=name.encode()).derive(self._secret)


def _write(path: Path, secret: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise KeyUnusable(f"the key {path} can be read or changed by other users: run `chmod 600 {path}`")
        secret = file.read(_SIZE + 1)
    if len(secret) != _SIZE:
        raise KeyUnusable(f"the key {path} is damaged: it has not {_SIZE} bytes; restore it from a backup")
    return secret
