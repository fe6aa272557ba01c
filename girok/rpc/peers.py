"""The processes of a cluster by role, and which of them takes a call."""

import random
import ssl
from collections.abc import Iterable, Mapping

from girok.rpc.peer import Peer

__all__ = ["Peers"]


class Peers:
    """See PeerDirectory in client.py. A connection is made when it is needed, one for all roles of a process."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._peers: dict[str, Peer] = {}
        self._roles: dict[str, tuple[Peer, ...]] = {}

    async def replace(self, addresses: Mapping[str, Iterable[str]]) -> None:
        """These are the processes by role from now on; the connections of those that are gone are closed."""
        kept: dict[str, Peer] = {}
        for each in {address for role in addresses.values() for address in role}:
            kept[each] = self._peers.get(each) or Peer(each, self._tls)
        gone = [peer for address, peer in self._peers.items() if address not in kept]
        self._peers = kept
        self._roles = {role: tuple(kept[each] for each in some) for role, some in addresses.items()}
        for each in gone:
            await each.close()

    def pick(self, role: str, tried: set[Peer]) -> Peer | None:
        """Of two that are up and not among `tried`, the one with less under way; None without any."""
        up = [each for each in self._roles.get(role, ()) if each.up and each not in tried]
        return min(random.sample(up, min(2, len(up))), key=lambda each: each.in_flight, default=None)

    def is_up(self, role: str) -> bool:
        """Whether a call of the role has somewhere to go."""
        return any(each.up for each in self._roles.get(role, ()))

    async def close(self) -> None:
        """Close every connection. Twice is no error."""
        await self.replace({})
