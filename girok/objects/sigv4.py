"""Signed URLs of S3: AWS Signature Version 4 in the query (API reference, "Authenticating Requests: Using Query
Parameters").

It is made here rather than by botocore, whose asyncio client makes it in a coroutine only, of the machine's clock, and
binds the length of an upload only when told to. Keys need no escaping (girok/objects/port.py), which is the hard part.
"""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from girok.clock import Clock

__all__ = ["QuerySigner"]

_ALGORITHM = "AWS4-HMAC-SHA256"


class QuerySigner:
    """Signs requests to one endpoint, as `https://s3.example.com`, with one pair of keys."""

    def __init__(self, endpoint: str, *, region: str, access_key: str, secret_key: str, clock: Clock) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._region = region
        self._access_key = access_key
        self._secret_key = secret_key
        self._clock = clock

    def url(self, method: str, path: str, *, expires_in: int, headers: Mapping[str, str] | None = None) -> str:
        """The URL of `path` for `method` and `expires_in` seconds; it is good with exactly these headers' values."""
        time = self._clock.now().strftime("%Y%m%dT%H%M%SZ")
        scope = f"{time[:8]}/{self._region}/s3/aws4_request"
        base = urlsplit(self.endpoint)
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        signed = sorted({**sent, "host": _host(base)}.items())
        names = ";".join(name for name, _ in signed)
        query = urlencode(
            {
                "X-Amz-Algorithm": _ALGORITHM,
                "X-Amz-Credential": f"{self._access_key}/{scope}",
                "X-Amz-Date": time,
                "X-Amz-Expires": expires_in,
                "X-Amz-SignedHeaders": names,
            },
            quote_via=quote,
            safe="",
        )
        lines = [method, base.path + path, query, *(f"{name}:{value}" for name, value in signed), "", names]
        request = "\n".join([*lines, "UNSIGNED-PAYLOAD"])
        return f"{self.endpoint}{path}?{query}&X-Amz-Signature={self._signature(time, scope, request)}"

    def _signature(self, time: str, scope: str, request: str) -> str:
        key = f"AWS4{self._secret_key}".encode()
        for step in scope.split("/"):
            key = hmac.digest(key, step.encode(), "sha256")
        to_sign = "\n".join([_ALGORITHM, time, scope, hashlib.sha256(request.encode()).hexdigest()])
        return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _host(url: SplitResult) -> str:
    """As clients write it into Host: without a port that goes without saying."""
    host = url.netloc.rpartition("@")[2].lower()
    return host.removesuffix(":443" if url.scheme == "https" else ":80")
