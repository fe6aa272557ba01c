"""Membership: processes find one another in a JetStream bucket, and keep what they know while NATS is away."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from girok.nats import NatsConnection
from girok.rpc.membership import BUCKET, Membership
from girok.rpc.peers import Peers
from girok.servers.nats import nats
from girok.servers.process import ServerProcess
from girok.testing.servers import started
from tests.scenarios.story import eventually


@pytest.fixture
async def server() -> AsyncGenerator[ServerProcess, None]:
    async with started(nats) as running:
        yield running


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[NatsConnection, None]:
    connection = NatsConnection(url)
    await connection.open()
    try:
        yield connection
    finally:
        await connection.close()


class Member:
    """One process of a cluster: its membership and whom it knows."""

    def __init__(
        self, client: NatsConnection, name: str, roles: Sequence[str], port: int, **fixed: Sequence[str]
    ) -> None:
        self.client = client
        self.peers = Peers()
        self.membership = Membership(
            client, self.peers, name=name, roles=roles, grpc=f"127.0.0.1:{port}" if port else "", fixed=fixed
        )

    def knows(self, role: str) -> set[str]:
        return {each.address for each in self.peers._roles.get(role, ())}


@asynccontextmanager
async def member(
    server: ServerProcess, name: str, roles: Sequence[str], port: int, **fixed: Sequence[str]
) -> AsyncGenerator[Member, None]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(connected(server.url))
        made = Member(client, name, roles, port, **fixed)
        stack.push_async_callback(made.peers.close)
        stack.push_async_callback(made.membership.close)
        await made.membership.start()
        await asyncio.wait_for(made.membership._announced.wait(), 10)
        yield made


def seen(look: Callable[[], bool]) -> Awaitable[None]:
    async def looked() -> bool:
        return look()

    return eventually(looked, within=15)


class TestMembership:
    async def test_processes_see_one_another_by_role(self, server: ServerProcess) -> None:
        async with (
            member(server, "a", ["auth"], 1) as a,
            member(server, "b", ["feed", "auth"], 2) as b,
            member(server, "c", ["bff"], 0) as c,
        ):
            await seen(lambda: all(each.knows("auth") == {"127.0.0.1:1", "127.0.0.1:2"} for each in (a, b, c)))
            assert [each.knows("feed") for each in (a, b, c)] == [{"127.0.0.1:2"}] * 3
            assert [each.knows("bff") for each in (a, b, c)] == [set()] * 3

    async def test_who_leaves_is_gone_at_once(self, server: ServerProcess) -> None:
        async with member(server, "a", ["auth"], 1) as a:
            async with member(server, "b", ["auth"], 2):
                await seen(lambda: len(a.knows("auth")) == 2)
            await asyncio.wait_for(seen(lambda: a.knows("auth") == {"127.0.0.1:1"}), 2)

    async def test_who_falls_silent_is_gone_after_a_while(
        self, server: ServerProcess, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "girok.rpc")
        async with member(server, "a", ["auth"], 1) as a, member(server, "b", ["auth"], 2) as b:
            await seen(lambda: len(a.knows("auth")) == 2)
            await b.client.close()
            await seen(lambda: a.knows("auth") == {"127.0.0.1:1"})
        told = [each for each in caplog.messages if "127.0.0.1:2" in each]
        assert told == ["peer 127.0.0.1:2 is there: auth", "peer 127.0.0.1:2 is gone: not heard for 4 s"]

    async def test_known_peers_are_kept_while_nats_is_away_and_after_it_is_back(self, server: ServerProcess) -> None:
        async with member(server, "a", ["auth"], 1) as a, member(server, "b", ["auth"], 2) as b:
            await seen(lambda: len(a.knows("auth")) == len(b.knows("auth")) == 2)
            await server.kill()
            await asyncio.sleep(6)
            assert len(a.knows("auth")) == 2
            await server.start()
            async with member(server, "c", ["feed"], 3) as c:
                await seen(lambda: a.knows("feed") == b.knows("feed") == {"127.0.0.1:3"})
                await seen(lambda: len(c.knows("auth")) == 2)
            assert len(a.knows("auth")) == 2

    async def test_fixed_addresses_go_before_what_is_announced(self, server: ServerProcess) -> None:
        async with member(server, "a", ["auth"], 1), member(server, "b", ["bff"], 0, auth=["10.0.0.1:5"]) as b:
            assert b.knows("auth") == {"10.0.0.1:5"}

    async def test_an_entry_that_nobody_can_read_is_passed_over(self, server: ServerProcess) -> None:
        async with member(server, "a", ["auth"], 1) as a:
            await (await a.client.jetstream().key_value(BUCKET)).put("z", b"\xff")
            async with member(server, "b", ["feed"], 2):
                await seen(lambda: a.knows("feed") == {"127.0.0.1:2"})
