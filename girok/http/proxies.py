"""Who really asks, and over what, when a trusted proxy hands a request on.

    proxies = Proxies(["10.0.0.0/8"])
    proxies.unwrap(scope)                 # before anything else looks at it

A proxy says in `X-Forwarded-For`, `-Proto` and `-Host` whom it speaks for, and so can anybody else: that counts only on
a connection from a trusted proxy, and only as far as trusted proxies wrote it. Each adds to the right of what it was
sent, so that everything left of the first stranger is hearsay. A trusted proxy must set all three or take them out:
one that it hands on as it came is the client's own word. For that reason `Forwarded` (RFC 7239) is not read at all:
few proxies write it, and the others would hand on a forged one.
"""

import re
from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from typing import Any

from girok.networks import Networks, parse_address

__all__ = ["Proxies"]

_MOST_HOPS = 32
_PORT = re.compile(r"\[([^\]]*)\](?::\d{1,5})?|([^:]*):\d{1,5}")
_HOST = re.compile(rb"(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_SCHEMES = {"http": {"http": "http", "https": "https"}, "websocket": {"http": "ws", "https": "wss"}}


class Proxies:
    """The proxies whose word is taken."""

    def __init__(self, networks: Sequence[str]) -> None:
        """`networks` is `[http] trusted_proxies`. Raises ValueError on what is not a network."""
        trusted = Networks(networks)
        self._trusts = lru_cache(maxsize=1024)(trusted.__contains__)

    def unwrap(self, scope: MutableMapping[str, Any]) -> None:
        """Put the client's address, scheme and Host in place of the proxy's, in an ASGI scope.

        What is malformed is left as it is: an address that is none ends the chain at the proxy that wrote it.
        """
        peer = scope.get("client")
        if not peer or not self._trusts(peer[0]):
            return
        named = [each for each in scope["headers"] if each[0].startswith(b"x-forwarded-")]
        address, hops = self._client(peer[0], _values(named, b"x-forwarded-for"))
        if hops:
            scope["client"] = (address, 0)
        proto = _of(_values(named, b"x-forwarded-proto"), hops).decode("latin-1").lower()
        scope["scheme"] = _SCHEMES[scope["type"]].get(proto, scope["scheme"])
        host = _of(_values(named, b"x-forwarded-host"), hops)
        if _HOST.fullmatch(host):
            scope["headers"] = [(name, host if name == b"host" else value) for name, value in scope["headers"]]

    def _client(self, peer: str, forwarded_for: list[bytes]) -> tuple[str, int]:
        """The right-most address that is no trusted proxy's, else the first, and how many hops away it is."""
        address = peer
        hops = 0
        for value in reversed(forwarded_for[-_MOST_HOPS:]):
            parsed = parse_address(_without_port(value.decode("latin-1")))
            if parsed is None:
                break
            address = str(parsed)
            hops += 1
            if not self._trusts(address):
                break
        return address, hops


def _values(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    """The entries of a list header, over all its lines."""
    lines = [value for each, value in headers if each == name]
    return [entry.strip() for entry in b",".join(lines).split(b",")] if lines else []


def _of(values: list[bytes], hops: int) -> bytes:
    """What the proxy wrote that spoke with the client; the first of those there are, where not every proxy adds one."""
    return values[-min(max(hops, 1), len(values))] if values else b""


def _without_port(hop: str) -> str:
    """An address, of `192.0.2.1:4711` and `[2001:db8::1]:4711` too."""
    match = _PORT.fullmatch(hop)
    return (match[1] or match[2] or "") if match else hop
