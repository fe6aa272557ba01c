"""The rate limiter of a cluster: what was spent stands in Valkey, so every process counts the same.

GCRA as in `LocalRateLimiter`, in one script over all subjects: all are spent or none. The time is the server's, so that
processes whose clocks differ agree. It counts in microseconds, rounded down: Lua's numbers hold them exactly.

While Valkey is away each process counts for itself, from nothing. So a limit may be passed once for each process and
each time that Valkey goes, and no further; people still sign in. A call whose answer was lost may have been counted.

Subjects are emails and addresses: a key is a keyed hash of one, so that who reads Valkey learns neither.
"""

import hashlib
import math
from collections.abc import Callable, Mapping

from girok.errors import RateLimited
from girok.manifest import Limit
from girok.ratelimit import LocalRateLimiter
from girok.valkey import Script, Valkey, ValkeyUnavailable

__all__ = ["ValkeyRateLimiter"]

_MICROSECONDS = 1_000_000
_SPEND = Script("""
local step, window, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local free_at, longest = {}, 0
for i, key in ipairs(KEYS) do
  -- No further than a whole window ahead, which it is when the limit was lowered or the clock was set back.
  local at = math.min(tonumber(redis.call('GET', key) or now), now + window)
  free_at[i] = math.max(at, now) + step
  longest = math.max(longest, free_at[i] - window - now)
end
if longest > 0 then
  return longest
end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, free_at[i], 'PX', math.ceil((free_at[i] - now) / 1000))
end
return 0
""")


class ValkeyRateLimiter:
    """See RateLimiter. `secret` keys the hashes, the same in every process; `now` is for tests, in microseconds."""

    def __init__(
        self,
        valkey: Valkey,
        limits: Mapping[str, Limit],
        *,
        secret: str,
        enabled: bool = True,
        now: Callable[[], int] | None = None,
    ) -> None:
        self._valkey = valkey
        self._limits = limits
        self._secret = hashlib.sha256(secret.encode()).digest()
        self._enabled = enabled
        self._now = now
        self._local = LocalRateLimiter(limits, enabled=enabled)

    async def spend(self, limit: str, *subjects: str) -> None:
        """Spend one request of `limit` for each subject, or raise RateLimited and spend none. Raises LookupError."""
        declared = self._limits.get(limit)
        if declared is None or not self._enabled:
            await self._local.spend(limit, *subjects)
            return
        step = declared.seconds * _MICROSECONDS // declared.count
        keys = [self._key(limit, each) for each in subjects]
        now = "" if self._now is None else self._now()
        try:
            wait = await self._valkey.run(_SPEND, keys, [step, step * declared.count, now])
        except ValkeyUnavailable:
            await self._local.spend(limit, *subjects)
            return
        if wait:
            raise RateLimited(retry_after=math.ceil(wait / 1_000) / 1_000)

    def _key(self, limit: str, subject: str) -> str:
        text = f"{limit}\0{subject}".encode(errors="surrogatepass")
        return f"girok:limit:{hashlib.blake2b(text, digest_size=16, key=self._secret).hexdigest()}"
