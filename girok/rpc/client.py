"""A port that calls: what it is asked goes to one of the processes that have the role.

    feed = remote_port(contract_of("feed", "FeedService"), peers, secret=secret)
    post = await feed.get_post(GetPostRequest(id))

The policy is the port's: its deadline (the caller's when that is sooner), its limit of calls at once. A call that was
not sent is tried elsewhere; one that was lost on the way only when it is idempotent. What the callee raised is raised.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, Protocol

from grpclib.exceptions import GRPCError

from girok.context import current
from girok.port import DeadlineExceeded
from girok.rpc.contract import Contract, Method
from girok.rpc.metadata import to_metadata
from girok.rpc.peer import CallLost, NotReached, Peer
from girok.rpc.status import Draining, PeerUnavailable, local_error

__all__ = ["PeerDirectory", "remote_port"]

_TRIES = 3
_Call = Callable[[Any], Awaitable[Any]]


class PeerDirectory(Protocol):
    """Which processes have a role."""

    def pick(self, role: str, tried: set[Peer]) -> Peer | None:
        """The one to call next: up, not among `tried`, with the least under way; None without one."""
        ...


def remote_port(contract: Contract, peers: PeerDirectory, *, secret: str) -> Any:
    """The port of a role that runs elsewhere."""
    port = SimpleNamespace()
    for each in contract.methods:
        setattr(port, each.name, _remote(contract, each, peers, secret))
    return port


def _remote(contract: Contract, method: Method, peers: PeerDirectory, secret: str) -> _Call:
    policy = method.policy
    turn = asyncio.Semaphore(policy.concurrency) if policy.concurrency else None

    async def call(request: Any) -> Any:
        context = current()
        now = asyncio.get_running_loop().time
        end = now() + policy.deadline if context.deadline is None else min(now() + policy.deadline, context.deadline)
        data = method.request.encode(request)
        metadata = to_metadata(context, secret)

        async def ask(peer: Peer) -> bytes:
            return await peer.call(method.path, data, metadata, max(end - now(), 0.001))

        try:
            async with asyncio.timeout_at(end):
                if turn is None:
                    return method.response.decode(await _ask(contract, method, peers, ask))
                async with turn:
                    return method.response.decode(await _ask(contract, method, peers, ask))
        except TimeoutError as error:
            raise DeadlineExceeded from error

    return call


async def _ask(
    contract: Contract, method: Method, peers: PeerDirectory, ask: Callable[[Peer], Awaitable[bytes]]
) -> bytes:
    tried: set[Peer] = set()
    for _ in range(_TRIES):
        peer = peers.pick(contract.role, tried)
        if peer is None:
            break
        tried.add(peer)
        try:
            return await ask(peer)
        except NotReached:
            continue
        except CallLost as error:
            if not method.policy.idempotent:
                raise PeerUnavailable from error
        except GRPCError as error:
            raised = local_error(error, contract.errors)
            if not isinstance(raised, Draining):
                raise raised from None
    raise PeerUnavailable
