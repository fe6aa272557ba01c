"""Durability of names: a file's bytes are safe after its own fsync, its name only after its directory's."""

import os
from pathlib import Path

__all__ = ["sync_directory"]


def sync_directory(folder: Path) -> None:
    """Make what was named, renamed and unlinked in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
