"""Valkey, what the processes of a cluster share and may lose. Importing this costs 0.5 s: one box does not."""

from girok.valkey.address import Address, ValkeyRefused, parse
from girok.valkey.client import Script, Valkey, ValkeyUnavailable, open_valkey

__all__ = ["Address", "Script", "Valkey", "ValkeyRefused", "ValkeyUnavailable", "open_valkey", "parse"]
