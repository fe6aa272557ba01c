"""One part of a cluster goes away under traffic and comes back: when, who notices, and what they log."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from girok.testing.process import GirokProcess
from tests.scenarios.cluster_town import ASKED_FOR, Readiness, Town
from tests.scenarios.ledger import Fact, SentPost
from tests.scenarios.story import create_post, eventually, timeline

__all__ = ["How", "Lines", "Outage", "Times", "patient", "suffer"]

How = Literal["killed", "paused"]
KNOWN_WITHIN = 15.0
READY_WITHIN = 15.0
_MOST_PATIENT = 4.0
_MOST_LINES = 16


class Outage(NamedTuple):
    """`part` is away. `readiness`: what the others say meanwhile. `refused`: the operations that need it."""

    part: str
    how: How
    seconds: float
    readiness: Mapping[str, Readiness]
    refused: frozenset[str] = frozenset()


class Times(NamedTuple):
    """The loop's seconds: when it went, when all knew, when it was let back, when it was, when all were ready, and
    when what was written since then had arrived."""

    gone: float
    known: float
    let_back: float
    back: float
    ready: float
    caught_up: float


class Lines:
    """What processes log from now on."""

    def __init__(self, giroks: Mapping[str, GirokProcess]) -> None:
        self._giroks = giroks
        self._from = {name: len(each.log) for name, each in giroks.items()}

    def of(self, name: str) -> list[dict[str, Any]]:
        """The lines of one process. Raises AssertionError for a traceback among them."""
        log = self._giroks[name].log[self._from[name] :]
        assert "Traceback" not in log, log
        return [msgspec.json.decode(line) for line in log.splitlines() if line.startswith("{")]

    def check(self, name: str, logger: str = "", gone: str = "", back: str = "") -> None:
        """`logger` told once that something was `gone`, then that it was `back` (a pattern); nothing came with every
        request. Raises AssertionError.
        """
        lines = self.of(name)
        told = "\n".join(f"{line['logger']}: {line['message']}" for line in lines)
        print(f"{name}:\n{told}")
        ours = [line["message"] for line in lines if line["logger"] == logger]
        assert sum(gone in each for each in ours) == bool(logger), told
        assert any(re.search(back, each) for each in ours) == bool(logger), told
        assert len(lines) <= _MOST_LINES, told


async def suffer(town: Town, outage: Outage, meanwhile: Callable[[], Awaitable[None]]) -> Times:
    """Let it happen under traffic; `meanwhile` runs once every process knows of it, and what is not refused goes on."""
    where = town.cluster
    async with town.traffic.flowing(town.lanes()):
        await town.served()
        gone = _now()
        await _begin(town, outage)
        try:
            await eventually(lambda: where.is_so(outage.readiness), patient(KNOWN_WITHIN))
            known = _now()
            await meanwhile()
            await town.served(ASKED_FOR - outage.refused)
            # Not a wait for something: that is how long it lasts.
            await asyncio.sleep(max(outage.seconds - (_now() - gone), 0.0))
        finally:
            let_back = _now()
            await _end(town, outage)
        back = _now()
        await eventually(where.is_ready, patient(READY_WITHIN))
        ready = _now()
        await _arrives(town)
        caught_up = _now()
        await town.served()
    return Times(gone, known, let_back, back, ready, caught_up)


async def _begin(town: Town, outage: Outage) -> None:
    part = town.cluster.parts[outage.part]
    if outage.how == "killed":
        await part.kill()
    else:
        part.pause()


async def _end(town: Town, outage: Outage) -> None:
    part = town.cluster.parts[outage.part]
    if outage.how == "killed":
        await part.start()
    else:
        part.go_on()


async def _arrives(town: Town) -> None:
    """A post that is written now gets into the timeline of somebody who follows its author."""
    text = "all is well again"
    reader, author = town.people[0], town.people[1]
    async with reader.browser(town.cluster.url) as reading, author.browser(town.cluster.url) as writing:
        post = await create_post(writing, text)

        async def look() -> bool:
            return post["id"] in [edge["node"]["id"] for edge in (await timeline(reading, 100))["edges"]]

        await eventually(look, patient(30.0))
    town.ledger.posts.append(SentPost(author.username, text, None, post["id"], Fact(True)))


def patient(seconds: float) -> float:
    """So many seconds, or more on a machine that has more to do than it has cores."""
    return seconds * min(max(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0), _MOST_PATIENT)


def _now() -> float:
    return asyncio.get_running_loop().time()
