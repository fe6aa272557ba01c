"""A port that calls: what it is asked goes to one of the processes that have the role.

    feed = remote_port(contract_of("feed", "FeedService"), peers, secret=secret)
    post = await feed.get_post(GetPostRequest(id))

The policy is the port's: its deadline (the caller's when that is sooner), its limit of calls at once. A call that was
not begun is tried elsewhere; one that was lost on the way only when it is idempotent. What the callee raised is raised.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, Protocol

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from girok.context import current
from girok.errors import GirokError
from girok.port import DeadlineExceeded
from girok.rpc.contract import Contract, Method
from girok.rpc.framing import timeout_of
from girok.rpc.metadata import SECRET, to_fields
from girok.rpc.peer import CallLost, NotReached, Peer
from girok.rpc.status import Draining, PeerUnavailable, SecretRefused, local_error
from girok.telemetry.tracing import span

__all__ = ["PeerDirectory", "remote_port"]

_MOST_LOST = 3
"""Processes that one call may take with it."""
_DRAINING_SECONDS = 1.0
_REFUSED_SECONDS = 5.0
_REFUSES_US = "refuses this process: cluster.secret (GIROK_CLUSTER_SECRET) is not the same in both"
_GRPC = {"rpc.system": "grpc"}
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
    first = ((b":path", method.path.encode()), (SECRET, secret.encode()))

    async def call(request: Any) -> Any:
        with span(method.path[1:], "client", _GRPC):
            return await _call(request)

    async def _call(request: Any) -> Any:
        context = current()
        now = asyncio.get_running_loop().time
        end = now() + policy.deadline if context.deadline is None else min(now() + policy.deadline, context.deadline)
        data = method.request.encode(request)
        fields = to_fields(context)

        async def ask(peer: Peer) -> bytes:
            return await peer.call((*first, (b"grpc-timeout", timeout_of(end - now())), *fields), data)

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
    """Ask one process after another, until one answers."""
    tried: set[Peer] = set()
    lost = 0
    error: GirokError = PeerUnavailable()
    while (peer := peers.pick(contract.role, tried)) is not None:
        tried.add(peer)
        try:
            return await ask(peer)
        except NotReached:
            continue
        except CallLost as loss:
            lost += 1
            if not method.policy.idempotent or lost >= _MOST_LOST:
                raise PeerUnavailable from loss
        except GRPCError as refusal:
            raised = local_error(refusal, contract.errors)
            if isinstance(raised, Draining):
                peer.rest(_DRAINING_SECONDS)
            elif isinstance(raised, SecretRefused):
                peer.rest(_REFUSED_SECONDS, _REFUSES_US)
            elif refusal.status is Status.UNIMPLEMENTED:  # an older version, or one that has another role by now
                error = raised
            else:
                raise raised from None
    raise error
