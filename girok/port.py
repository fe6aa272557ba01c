"""Ports: Protocols whose methods take one Struct and return one, and whose policy is data.

    class FeedService(Protocol):
        @policy(deadline=2.0, idempotent=True)
        async def get_post(self, request: GetPostRequest) -> Post: ...

The policy is the same whether the port is answered in this process (`local_port`) or over gRPC.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import msgspec

from girok.context import current
from girok.errors import Unavailable

__all__ = ["DeadlineExceeded", "Policy", "Ports", "local_port", "methods", "policy"]

P = TypeVar("P")
F = TypeVar("F", bound=Callable[..., Any])
Method = Callable[[Any], Awaitable[Any]]
_MARK = "__girok_policy__"


class DeadlineExceeded(Unavailable):
    """The call took longer than its deadline."""

    reason = "DEADLINE_EXCEEDED"


class Policy(msgspec.Struct, frozen=True):
    """How a method may be called: `deadline` in seconds; `idempotent` calls may be retried; `concurrency` at once."""

    deadline: float = 5.0
    idempotent: bool = False
    concurrency: int | None = None


def policy(*, deadline: float = 5.0, idempotent: bool = False, concurrency: int | None = None) -> Callable[[F], F]:
    """Attach a Policy to a Protocol's method."""

    def attach(function: F) -> F:
        setattr(function, _MARK, Policy(deadline, idempotent, concurrency))
        return function

    return attach


def methods(protocol: type[Any]) -> dict[str, Policy]:
    """The methods of a port and their policies, in the order they are written."""
    return {
        name: getattr(value, _MARK, Policy())
        for name, value in vars(protocol).items()
        if callable(value) and not name.startswith("_")
    }


def local_port(protocol: type[P], service: P) -> P:
    """`service` behind the policies of `protocol`, in process: Structs are passed as they are."""
    port = SimpleNamespace()
    for name, each in methods(protocol).items():
        setattr(port, name, _limited(getattr(service, name), each))
    return cast("P", port)


def _limited(method: Method, limits: Policy) -> Method:
    """`method` with its deadline (the caller's when that is sooner) and its limit of calls at once."""
    turn = asyncio.Semaphore(limits.concurrency) if limits.concurrency else None

    async def call(request: Any) -> Any:
        outer = current().deadline
        end = asyncio.get_running_loop().time() + limits.deadline
        try:
            async with asyncio.timeout_at(end if outer is None else min(end, outer)):
                if turn is None:
                    return await method(request)
                async with turn:
                    return await method(request)
        except TimeoutError as error:
            raise DeadlineExceeded from error

    return call


class Ports:
    """The ports that this process can call, local or remote, by their Protocol."""

    def __init__(self) -> None:
        self._ports: dict[type[Any], Any] = {}

    def add(self, protocol: type[P], port: P) -> None:
        """Called by the wiring, in start order."""
        self._ports[protocol] = port

    def __contains__(self, protocol: type[Any]) -> bool:
        """Whether there is one: for what a plugin can do without."""
        return protocol in self._ports

    def __getitem__(self, protocol: type[P]) -> P:
        """The port. Raises LookupError when the wiring gave none: the manifest does not require its role."""
        try:
            return self._ports[protocol]
        except KeyError:
            raise LookupError(f"no port {protocol.__name__} here: is its role in MANIFEST.requires?") from None
