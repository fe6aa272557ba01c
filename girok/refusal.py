"""The reason not to start, or not to do what a command asked: one sentence for the operator, exit 2, no traceback."""

__all__ = ["Refusal"]


class Refusal(Exception):
    """Something is wrong or missing outside of girok's code; its text says what, and where to change it."""
