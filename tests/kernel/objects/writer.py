"""Puts and deletes in a loop until it is killed, and says on standard output what it was acknowledged.

`+ key` after a put, `? key` before a delete, `- key` after it. One upload never ends.
"""

import asyncio
import itertools
import sys
from pathlib import Path

from girok.objects.files import FileObjects
from tests.kernel.objects.support import body, content_of, endless, open_store


async def write(store: FileObjects, name: str) -> None:
    """Put one object after another; delete every third again."""
    for number in itertools.count():
        key = f"{name}/{number % 7}/{number}"
        content = content_of(key)
        await store.put("private", key, body(content), mime_type="image/png", max_size=len(content))
        print("+", key, flush=True)
        if number % 3 == 0:
            print("?", key, flush=True)
            await store.delete("private", key)
            print("-", key, flush=True)


async def main(root: Path, name: str) -> None:
    """Four writers at once, and the upload that stands still."""
    store = open_store(root)
    stalled = store.put("private", f"{name}/stalled", endless(b"x" * 300_000), mime_type="image/png", max_size=10**9)
    await asyncio.gather(stalled, *(write(store, f"{name}/{number}") for number in range(4)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
