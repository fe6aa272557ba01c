"""Clusters with servers of their own, and people in them whose traffic goes on whatever is away."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import httpx

from girok.servers.process import ServerProcess
from girok.testing.box import CHEAP
from girok.testing.cluster import Servers, processes, servers
from girok.testing.process import GirokProcess
from tests.scenarios import store_postgres
from tests.scenarios.audit import audit, events, settled
from tests.scenarios.ledger import Ledger
from tests.scenarios.load import Person
from tests.scenarios.story import eventually
from tests.scenarios.traffic import Lane, Refused, Traffic

__all__ = [
    "ASKED_FOR",
    "DEGRADED",
    "GIROKS",
    "READY",
    "SERVERS",
    "UNAVAILABLE",
    "Cluster",
    "Readiness",
    "Town",
    "split",
    "twins",
]

GIROKS = ("bff", "auth", "feed")
SERVERS = ("nats", "valkey", "postgres")
SETTINGS = {
    **CHEAP,
    "GIROK_FEED_BACKFILL": "10000",
    "GIROK_FEED_FAN_OUT_CHUNK": "2",  # so that a kill comes between two chunks of one fan-out
    "GIROK_LOG_FORMAT": "json",
}
ASKED_FOR = frozenset({"timeline", "createPost", "me", "login", "likePost"})
"""Of what the traffic asks for."""
FAITHFUL = 2
"""How many each follows for good: following somebody again would fill the gaps that a lost event left."""


class Readiness(NamedTuple):
    """What a process says of itself at /readyz."""

    code: int
    status: str


READY, DEGRADED, UNAVAILABLE = Readiness(200, "ready"), Readiness(200, "degraded"), Readiness(503, "unavailable")


class Cluster:
    """Processes by name, on servers of their own. People come in by the `door`; the consumers are told of by `feed`."""

    def __init__(self, shared: Servers, giroks: Mapping[str, GirokProcess], *, door: str, feed: str) -> None:
        self.giroks = giroks
        self.database = shared.env["GIROK_DATABASE_URL"]
        self.url = giroks[door].base_url
        self.feed_url = giroks[feed].base_url
        self.parts: Mapping[str, GirokProcess | ServerProcess] = {
            **giroks,
            "nats": shared.nats,
            "valkey": shared.valkey,
            "postgres": shared.postgres,
        }

    async def is_so(self, expected: Mapping[str, Readiness]) -> bool:
        """Whether these processes say that of themselves now."""
        async with httpx.AsyncClient(timeout=5.0) as http:
            found = await asyncio.gather(*(_readiness(http, self.giroks[name].base_url) for name in expected))
        return list(found) == list(expected.values())

    async def is_ready(self) -> bool:
        """Whether all processes are ready, and miss nothing."""
        return await self.is_so(dict.fromkeys(self.giroks, READY))

    async def check_settled(self) -> None:
        """Wait until every event is handled, then look into the database. Raises AssertionError."""
        await store_postgres.outbox_drained(self.database)
        await settled(self.feed_url)
        assert (await events(self.feed_url))["dead"] == 0
        await store_postgres.check_settled(self.database)


@asynccontextmanager
async def split(folder: Path, postgres: ServerProcess, s3: ServerProcess) -> AsyncGenerator[Cluster, None]:
    """bff, auth and feed, a process each, personal beside feed. At the end `postgres` runs, whatever was done to it."""
    roles = {**{name: name for name in GIROKS}, "feed": "feed,personal"}
    async with _cluster(folder, postgres, s3, roles, door="bff", feed="feed") as found:
        yield found


@asynccontextmanager
async def twins(folder: Path, postgres: ServerProcess, s3: ServerProcess) -> AsyncGenerator[Cluster, None]:
    """`one` and `other`, which have all roles each. People come to the other."""
    async with _cluster(folder, postgres, s3, {"one": "", "other": ""}, door="other", feed="other") as found:
        yield found


@asynccontextmanager
async def _cluster(
    folder: Path, postgres: ServerProcess, s3: ServerProcess, roles: Mapping[str, str], *, door: str, feed: str
) -> AsyncGenerator[Cluster, None]:
    async with (
        servers(postgres, s3, **SETTINGS) as shared,
        processes(folder, shared.env, *roles.values()) as giroks,
    ):
        try:
            yield Cluster(shared, dict(zip(roles, giroks, strict=True)), door=door, feed=feed)
        finally:
            if not postgres.running:
                await postgres.start()


class Town:
    """People of a cluster, under traffic: they write, delete, like, follow, read, sign in and out."""

    def __init__(self, where: Cluster, names: Sequence[str], chance: Random, *, pace: float = 0.0) -> None:
        self.cluster = where
        self.ledger = Ledger()
        self.traffic = Traffic(pace=pace)
        self.people = [Person(name, self.ledger, chance, self.traffic.browser) for name in names]

    async def settle_in(self) -> None:
        """Once the cluster is ready, everybody signs up, and follows some for good."""
        await eventually(self.cluster.is_ready, within=60.0)
        await asyncio.gather(*(each.sign_up(self.cluster.url) for each in self.people))
        await asyncio.gather(*(each.follow(self.cluster.url, self._others(each)[:FAITHFUL]) for each in self.people))

    def lanes(self) -> list[Lane]:
        """What everybody does at once."""
        url = self.cluster.url
        found: list[Lane] = [lambda: self.people[0].visit(url)]
        for each in self.people:
            found += [
                lambda each=each: each.write(url),
                lambda each=each: each.like(url),
                lambda each=each: each.read(url),
                lambda each=each: each.waver(url, self._others(each)[FAITHFUL:]),
            ]
        return found

    async def served(self, fields: frozenset[str] = ASKED_FOR) -> None:
        """Until each of these operations was asked for and given from now on. Raises TimeoutError."""
        begin = asyncio.get_running_loop().time()

        async def look() -> bool:
            return {each.field for each in self.traffic.since(begin) if not each.reason} >= fields

        await eventually(look, within=60.0)

    async def audit(self) -> None:
        """Wait until every event is handled; then all is as it was acknowledged, in every view and in the database.

        It reads much at once: on a busy machine a process may stand still over it for longer than its callers wait.
        """
        await self.cluster.check_settled()

        async def look() -> bool:
            try:
                await audit(self.people, self.ledger, self.cluster.url)
            except Refused:
                return False
            return True

        await eventually(look, within=120.0)

    def _others(self, person: Person) -> list[Person]:
        """Everybody else, from the next one on."""
        number = self.people.index(person)
        return [*self.people[number + 1 :], *self.people[:number]]


async def _readiness(http: httpx.AsyncClient, url: str) -> Readiness:
    try:
        answer = await http.get(f"{url}/readyz")
    except httpx.TransportError:
        return Readiness(0, "no answer")
    return Readiness(answer.status_code, answer.json()["status"])
