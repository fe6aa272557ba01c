"""How much of a slow test is run: GIROK_TEST_BUDGET is a percentage, 100 unless told."""

import os

__all__ = ["share"]

_PERCENT = float(os.environ.get("GIROK_TEST_BUDGET", "100"))


def share(full: int) -> int:
    """What the budget leaves of so many rounds, examples or seconds; one at least."""
    return max(round(full * _PERCENT / 100), 1)
