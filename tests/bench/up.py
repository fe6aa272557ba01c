"""`girok up`: from the command to `ready`, on an empty data directory and again, and the memory of each process.

Memory is the proportional set size after two idle seconds.
"""

import asyncio
import statistics
import time
from pathlib import Path

from girok.manifest import discover
from girok.testing.cluster import girok_up
from tests.bench.load import in_folder
from tests.bench.start import megabytes

ROUNDS = 3
MOST_SECONDS = 20.0
MOST_MEGABYTES = 120.0


async def _started(data: Path) -> tuple[float, dict[str, float]]:
    begin = time.perf_counter()
    async with girok_up(data):
        seconds = time.perf_counter() - begin
        await asyncio.sleep(2)
        memory = {name: megabytes(int((data / name / "girok.lock").read_text())) for name in discover()}
    return seconds, memory


async def _bench(folder: Path) -> None:
    first = [await _started(folder / f"data{number}") for number in range(ROUNDS)]
    second = [await _started(folder / f"data{number}") for number in range(ROUNDS)]
    print(f"\nup: median of {ROUNDS}")
    for name, seen in (("ready, empty directory", first), ("ready, second start", second)):
        print(f"  {name:<28} {statistics.median(each for each, _ in seen):8.2f} s    at most {MOST_SECONDS:g}")
    for role in discover():
        size = statistics.median(memory[role] for _, memory in [*first, *second])
        print(f"  {f'memory of {role}, idle':<28} {size:8.1f} MB   at most {MOST_MEGABYTES:g}")


def main() -> None:
    """Run it."""
    in_folder(_bench)
