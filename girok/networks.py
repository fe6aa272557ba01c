"""Sets of networks, as settings name them: `10.1.0.0/16`, `10.1.2.3`, `fd00::/8`."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["Networks", "host_network", "parse_address", "parse_network"]

_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{2,45}")


class Networks:
    """The addresses of some networks."""

    def __init__(self, names: Sequence[str]) -> None:
        """Raises ValueError on what is not a network."""
        self._networks = [parse_network(name) for name in names]

    def __contains__(self, address: str) -> bool:
        """Whether one of them holds `address`; what is no address is in none."""
        parsed = parse_address(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def parse_network(name: str) -> IPv4Network | IPv6Network:
    """A network, an address alone being one of its own. Raises ValueError."""
    return ip_network(name.strip(), strict=False)


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that `text` is; IPv4 in IPv6 (`::ffff:10.1.2.3`) is IPv4. None for anything else, zones included."""
    if not _ADDRESS.fullmatch(text):
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def host_network(address: str) -> str:
    """Whom a limit by address counts: an IPv4 address, or the /64 that an IPv6 host has for itself."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, 64), strict=False))
