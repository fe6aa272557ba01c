"""The call context of a request: who asks from where, under which id and trace, in which language."""

import os
import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any

from girok.context import CallContext, Locale

__all__ = ["as_get", "asks_for_headers_alone", "call_context", "locale_of"]

_HEAD = "girok.head"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
# W3C trace context: ids of zeros and version ff do not exist; later versions may append fields, which are left out.
_IDS = r"((?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})"
_TRACEPARENT = re.compile(rf"(?:00-{_IDS}|(?!00|ff)[0-9a-f]{{2}}-{_IDS}(?:-.*)?)")


def call_context(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> CallContext:
    """The context of a request with these headers. An id or a trace that is not sane is replaced by a new one.

    Where both are new, the id of the request and of its trace are the same: one thing to look for.
    """
    fresh = os.urandom(24).hex()
    given = headers.get(b"x-request-id")
    request_id = given.decode("latin-1") if given else ""
    trace = headers.get(b"traceparent")
    client = scope.get("client")
    return CallContext(
        request_id=request_id if _REQUEST_ID.fullmatch(request_id) else fresh[:32],
        traceparent=(trace and _known(trace)) or f"00-{fresh[:32]}-{fresh[32:]}-00",
        locale=locale_of(headers.get(b"accept-language", b"")),
        address=client[0] if client else "",
    )


def as_get(scope: MutableMapping[str, Any]) -> None:
    """Let a HEAD request be answered as GET is; the server leaves the body out."""
    scope["method"] = "GET"
    scope[_HEAD] = True


def asks_for_headers_alone(scope: Mapping[str, Any]) -> bool:
    """Whether it came as HEAD: nobody will see the body."""
    return _HEAD in scope


@lru_cache(maxsize=512)
def locale_of(accept_language: bytes) -> Locale:
    """Korean where `Accept-Language` (RFC 9110) prefers it to English, else English."""
    preferred: Locale = "en"
    most = 0.0
    for entry in accept_language.decode("latin-1").lower().split(","):
        name, _, parameter = entry.partition(";")
        language = name.strip().split("-")[0]
        weight = _weight(parameter)
        if weight > most and (language == "ko" or language == "en"):  # noqa: PLR1714 - narrows the type
            preferred, most = language, weight
    return preferred


def _weight(parameter: str) -> float:
    value = parameter.strip().removeprefix("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0


def _known(traceparent: bytes) -> str:
    """A traceparent in version 00, empty when it is not valid."""
    match = _TRACEPARENT.fullmatch(traceparent.decode("latin-1"))
    return f"00-{match[1] or match[2]}" if match else ""
