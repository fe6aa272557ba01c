"""A port that is called over gRPC though it is answered in this process: for the suites that every port has to pass
in both ways."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from girok.rpc.client import remote_port
from girok.rpc.contract import contract_of
from girok.rpc.peers import Peers
from girok.rpc.server import RpcServer
from girok.testing.process import free_port

__all__ = ["CARRIERS", "over_grpc"]

CARRIERS = ("in process", "over gRPC")
_SECRET = "only-for-tests-of-girok"


@asynccontextmanager
async def over_grpc(ports: Mapping[tuple[str, str], Any]) -> AsyncGenerator[list[Any], None]:
    """Serve `ports`, by role and name; the ports that call them, in the same order."""
    contracts = [contract_of(role, name) for role, name in ports]
    server = RpcServer(list(zip(contracts, ports.values(), strict=True)), secret=_SECRET)
    port, peers = free_port(), Peers()
    await server.start("127.0.0.1", port)
    await peers.replace({each.role: [f"127.0.0.1:{port}"] for each in contracts})
    try:
        yield [remote_port(each, peers, secret=_SECRET) for each in contracts]
    finally:
        await peers.close()
        await server.drain(1.0)
