"""Which media type an answer has, from the request's `Accept` (RFC 9110, section 12.5.1)."""

from collections.abc import Mapping
from functools import lru_cache

__all__ = ["GRAPHQL_RESPONSE", "JSON", "media_type"]

GRAPHQL_RESPONSE = b"application/graphql-response+json; charset=utf-8"
JSON = b"application/json; charset=utf-8"


@lru_cache(maxsize=256)
def media_type(accept: bytes) -> bytes | None:
    """The Content-Type of the answer; None when the client takes neither. JSON where it does not care.

    Of two that are equally welcome it is `application/graphql-response+json`, where that is named.
    """
    if not accept.strip():
        return JSON
    weights = _weights(accept)
    graphql, json = (_weight(weights, each) for each in ("application/graphql-response+json", "application/json"))
    if max(graphql, json) <= 0:
        return None
    named = "application/graphql-response+json" in weights
    return GRAPHQL_RESPONSE if graphql > json or (graphql == json and named) else JSON


def _weight(weights: Mapping[str, float], name: str) -> float:
    """How welcome a media type is: the most specific range that holds it decides."""
    return next((weights[each] for each in (name, "application/*", "*/*") if each in weights), 0.0)


def _weights(accept: bytes) -> dict[str, float]:
    """The weight of each media range."""
    found: dict[str, float] = {}
    for entry in accept.decode("latin-1").lower().split(","):
        name, *parameters = (each.strip() for each in entry.split(";"))
        weight = 1.0
        for each in parameters:
            if each.startswith("q="):
                weight = _number(each[2:])
        found[name] = max(weight, found.get(name, 0.0))
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
