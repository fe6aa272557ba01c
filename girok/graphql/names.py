"""Names on both sides: GraphQL's camelCase, Python's snake_case."""

import re

__all__ = ["snake"]

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake(name: str) -> str:
    """`replyToId` -> `reply_to_id`, `htmlURL` -> `html_url`."""
    return _HUMP.sub("_", name).lower()
