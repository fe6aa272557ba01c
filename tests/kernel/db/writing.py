"""A process that writes until it is killed: `-m tests.kernel.db.writing DB RUN`.

Four writers at once add pairs of notes, a unit each, and print the pair's name once it is acknowledged.
"""

import asyncio
import sys
from pathlib import Path

from girok.db.sqlite import SQLiteDatabase
from girok.db.unit import Unit
from tests.kernel.db.notes import add, opened


def pair(name: str) -> Unit[None]:
    yield from add(f"{name}.1")
    yield from add(f"{name}.2")


async def write(db: SQLiteDatabase, name: str) -> None:
    for number in range(1_000_000):
        await db.run(lambda number=number: pair(f"{name}{number}"))
        print(f"{name}{number}", flush=True)


async def main(path: Path, run: str) -> None:
    db = await opened(SQLiteDatabase(path))
    await asyncio.gather(*(write(db, f"{run}{writer}") for writer in "wxyz"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
