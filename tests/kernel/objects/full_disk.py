"""Fills the small file system at argv[1] through the store. Run as a process of its own, where that is mounted."""

import asyncio
import sys
from pathlib import Path

from girok.objects.port import StorageFull
from tests.kernel.objects.support import content, files_under, open_store, put


async def fill(root: Path) -> None:
    """Put until nothing more fits, then check what is there."""
    store = open_store(root)
    await put(store, "temp", "first", b"1" * 200_000)
    for name in ("second", "folder/third"):
        try:
            await put(store, "temp", name, b"2" * 2_000_000)
        except StorageFull:
            continue
        raise AssertionError(f"{name} fitted")
    assert files_under(root) == ["temp/@first"], files_under(root)
    assert await content(store, "temp", "first") == b"1" * 200_000
    await put(store, "temp", "fits", b"3" * 200_000)
    assert await content(store, "temp", "fits") == b"3" * 200_000
    print("full, nothing left, the rest is whole")


if __name__ == "__main__":
    asyncio.run(fill(Path(sys.argv[1])))
