"""Cold start and idle memory: from the command to the first 200 of /readyz, empty and second start, `girok run`.

Memory is the proportional set size of the whole process tree after two idle seconds.
"""

import asyncio
import statistics
import time
from pathlib import Path

from girok.testing.process import GirokProcess, free_port
from tests.bench.load import ROUNDS, in_folder

LIMITS = {"first start, empty directory (s)": 3.0, "second start (s)": 2.0, "idle memory of the tree (MB)": 130.0}


async def _started(data: Path) -> tuple[float, GirokProcess]:
    process = GirokProcess(data, free_port())
    begin = time.perf_counter()
    await process.start()
    return time.perf_counter() - begin, process


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _tree(int(child)))]


def megabytes(pid: int) -> float:
    """The proportional set size of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


async def _bench(folder: Path) -> None:
    seen: dict[str, list[float]] = {name: [] for name in LIMITS}
    first, second, memory = seen.values()
    for number in range(ROUNDS):
        data = folder / f"data{number}"
        seconds, process = await _started(data)
        first.append(seconds)
        await process.stop()
        seconds, process = await _started(data)
        second.append(seconds)
        await asyncio.sleep(2)
        assert process.child is not None
        memory.append(sum(megabytes(pid) for pid in _tree(process.child.pid)))
        await process.stop()
    print("\nstart: median of 5")
    for name, limit in LIMITS.items():
        print(f"  {name:<36} {statistics.median(seen[name]):8.2f}   at most {limit}")


def main() -> None:
    """Run it."""
    in_folder(_bench)
