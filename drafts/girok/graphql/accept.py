"""Which media type an answer has, from the request's `Accept` (RFC 9110, section 12.5.1)."""

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
    named = weights.get("application/graphql-response+json", 0.0)
    any_json = next((weights[each] for each in ("application/json", "application/*", "*/*") if each in weights), 0.0)
    if max(named, any_json) <= 0:
        return None
    return GRAPHQL_RESPONSE if named >= any_json else JSON


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
