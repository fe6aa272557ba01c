"""Which addresses may read what is meant for operators."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from girok.refusal import Refusal

__all__ = ["LOCAL", "Networks"]

LOCAL = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""Loopback and private networks (RFC 1918, RFC 4193)."""


class Networks:
    """A set of networks, as `[metrics] allow` names them: `10.1.0.0/16`, `10.1.2.3`, `fd00::/8`."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        """None stands for LOCAL. Raises Refusal on what is not a network."""
        self._networks = [_network(name) for name in names or LOCAL]

    def allow(self, peer: str, forwarded_for: Iterable[str] = ()) -> bool:
        """Whether `peer`, the address of the connection, and every client it says it speaks for are in the set.

        A reverse proxy on this machine is on loopback itself: what it forwards for strangers must stay refused. A
        client can add hops to `X-Forwarded-For` but remove none, so that it only ever loses by it.
        """
        return all(self._holds(hop.strip()) for hop in (peer, *forwarded_for))

    def _holds(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


def _network(name: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(name.strip(), strict=False)
    except ValueError:
        raise Refusal(f"metrics.allow (GIROK_METRICS_ALLOW): {name!r} is not a network like 10.0.0.0/8") from None
