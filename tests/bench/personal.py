"""Resumes over HTTP: a public page that nobody changes, and one's own resume of 20 experiences with 5 projects each.

The load is made on the same machine, so what one core can do is counted by the CPU time that the process took.
"""

import asyncio
import os
import statistics
import time
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from girok.testing.process import GirokProcess, running
from tests.bench.load import ROUNDS, SECONDS, in_folder, wrk

PERSON = {"email": "ada@example.org", "username": "adalove", "password": "Str0ng!pass", "name": "Ada"}
PUBLIC = f"/v1/resume/public/{PERSON['username']}"
LEAST_RATE = 3_000
MOST_MS = 8.0
READS = 200


class Rate(NamedTuple):
    """Requests a second: as they came, and for each second of CPU time."""

    wall: float
    cpu: float


def resume(experiences: int, projects: int) -> dict[str, Any]:
    """A body of POST /v1/resume."""
    nodes = [{"content": "it is faster now than it was " * 3, "children": [{"content": "by half"}]}] * 3
    project = {
        "name": "girok",
        "description": "a platform " * 10,
        "achievements": nodes,
        "techStack": ["python", "sql"],
    }
    experience = {"company": "girok", "startDate": "2020-01", "jobTitle": "engineer", "projects": [project] * projects}
    return {"title": "CV", "name": "Ada", "email": "ada@example.org", "experiences": [experience] * experiences}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rate(girok: GirokProcess, plain: Path) -> Rate:
    """What the public page does under load."""
    assert girok.child is not None
    before = cpu_seconds(girok.child.pid)
    wall = wrk(girok.base_url + PUBLIC, plain)
    return Rate(wall, wall * SECONDS / (cpu_seconds(girok.child.pid) - before))


async def milliseconds(http: httpx.AsyncClient, path: str) -> float:
    """The median of one request after the other, the client's own work included."""
    taken: list[float] = []
    for _ in range(READS):
        begin = time.perf_counter()
        (await http.get(path)).raise_for_status()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1e3


async def _bench(folder: Path) -> None:
    plain = folder / "plain.lua"
    plain.write_text("")
    async with (
        running(folder / "data", env={"GIROK_LIMITS_ENABLED": "false"}) as girok,
        httpx.AsyncClient(base_url=girok.base_url) as http,
    ):
        token = (await http.post("/v1/auth/register", json=PERSON)).json()["accessToken"]
        http.headers["authorization"] = f"Bearer {token}"
        large = (await http.post("/v1/resume", json=resume(20, 5))).json()["id"]
        (await http.post("/v1/resume", json={**resume(3, 2), "isDefault": True})).raise_for_status()
        length = len((await http.get(PUBLIC)).content)
        reading = await milliseconds(http, f"/v1/resume/{large}")
        rates = [await asyncio.to_thread(rate, girok, plain) for _ in range(ROUNDS)]
    wall, cpu = (statistics.median(each) for each in zip(*rates, strict=True))
    print(f"\npersonal: one box on SQLite, medians of {ROUNDS} rounds and of {READS} reads")
    print(f"  public page of {length:,} bytes: {cpu:,.0f} a second of one core   at least {LEAST_RATE:,}")
    print(f"  the same beside its load on this machine: {wall:,.0f} a second")
    print(f"  one's own, 20 experiences of 5 projects: {reading:.1f} ms   at most {MOST_MS}")


def main() -> None:
    """Run it."""
    in_folder(_bench)
