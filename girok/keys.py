"""Secrets of this installation that nobody has to configure: made at the first start, kept at mode 0600."""

from typing import Protocol

__all__ = ["Keys"]


class Keys(Protocol):
    """Named secrets of 32 random bytes each."""

    def get(self, name: str) -> bytes:
        """The secret `name`, the same at every start; made when it does not exist."""
        ...
