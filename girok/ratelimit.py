"""The rate limiter port, and its adapter for one process."""

from typing import Protocol

__all__ = ["RateLimiter"]


class RateLimiter(Protocol):
    """Counts requests against the limits that manifests declare (`Manifest.limits`) and `[limits]` changes."""

    async def spend(self, limit: str, *subjects: str) -> None:
        """Spend one request of `limit` for each subject (an account, an address).

        Raises RateLimited with `retry_after` (seconds) when any of them has none left; then none is spent.
        """
        ...
