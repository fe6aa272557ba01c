"""The processes of a cluster by role, and which of them takes a call."""

import asyncio
import random
import ssl
from collections.abc import Iterable, Mapping

from girok.rpc.peer import Peer

__all__ = ["Peers"]

_FAREWELL_SECONDS = 20.0


class Peers:
    """See PeerDirectory in client.py. A connection is made when it is needed, one for all roles of a process."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._peers: dict[str, Peer] = {}
        self._roles: dict[str, tuple[Peer, ...]] = {}
        self._farewells: set[asyncio.Task[None]] = set()

    async def replace(self, addresses: Mapping[str, Iterable[str]]) -> None:
        """These are the processes by role from now on. Those that are gone finish what they were asked."""
        by_role = {role: tuple(some) for role, some in addresses.items()}
        kept = {each: self._peers.get(each) or Peer(each, self._tls) for some in by_role.values() for each in some}
        gone = [peer for address, peer in self._peers.items() if address not in kept]
        self._peers = kept
        self._roles = {role: tuple(kept[each] for each in some) for role, some in by_role.items()}
        for each in gone:
            task = asyncio.create_task(each.leave(_FAREWELL_SECONDS))
            self._farewells.add(task)
            task.add_done_callback(self._farewells.discard)

    def pick(self, role: str, tried: set[Peer]) -> Peer | None:
        """Of two that are up and not among `tried`, the one with less under way; None without any."""
        up = [each for each in self._roles.get(role, ()) if each.up and each not in tried]
        return min(random.sample(up, min(2, len(up))), key=lambda each: each.in_flight, default=None)

    async def reach(self, role: str) -> None:
        """Connect to whom nobody called yet, so that `is_up` knows of them, too."""
        await asyncio.gather(*(each.reach() for each in self._roles.get(role, ())))

    def is_up(self, role: str) -> bool:
        """Whether a call of the role has somewhere to go, as far as is known."""
        return any(each.up for each in self._roles.get(role, ()))

    async def close(self) -> None:
        """Close every connection; calls on them are lost. Twice is no error."""
        leaving = [*self._farewells]
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, *(each.close() for each in self._peers.values()), return_exceptions=True)
        self._peers, self._roles = {}, {}
