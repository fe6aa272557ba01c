"""The rate limiter port, its section of the settings, and its adapter for one process.

A limit of N per S seconds lets N requests through at once, then one every S/N seconds: the generic cell rate algorithm
(GCRA, ITU-T I.371), one number for each limit and subject.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Protocol, cast

import msgspec
from msgspec import Meta

from girok.errors import RateLimited
from girok.manifest import Limit, Manifest, ManifestError
from girok.settings import Section, Settings

__all__ = ["Limits", "LocalRateLimiter", "RateLimiter", "limits_of", "limits_section"]

_NANOSECONDS = 1_000_000_000
_LOOKED_AT = 8


class RateLimiter(Protocol):
    """Counts requests against the limits that manifests declare (`Manifest.limits`) and `[limits]` changes."""

    async def spend(self, limit: str, *subjects: str) -> None:
        """Spend one request of `limit` for each subject (an account, an address); one named twice is one.

        Raises RateLimited with `retry_after` (seconds) when any of them has none left; then none is spent.
        Raises LookupError for a limit that no manifest declares.
        """
        ...


class Limits(Section, frozen=True):
    """How often something may be done. `enabled = false` is for load tests."""

    section: ClassVar[str] = "limits"

    enabled: Annotated[bool, Meta(description="Whether the limits below hold; false only for load tests.")] = True


def limits_section(manifests: Mapping[str, Manifest]) -> type[Limits]:
    """The type of `[limits]`: `enabled`, and a key for each limit of the manifests. Raises ManifestError."""
    fields = [
        (
            name,
            Annotated[int, Meta(ge=1, description=f"{owner}: {name} this often in {limit.seconds} s, each subject.")],
            limit.count,
        )
        for name, (owner, limit) in _declared(manifests).items()
    ]
    made = msgspec.defstruct(
        "LimitsSection", fields, bases=(Limits,), namespace={"__doc__": Limits.__doc__}, frozen=True, kw_only=True
    )
    return cast("type[Limits]", made)


def limits_of(settings: Settings, manifests: Mapping[str, Manifest]) -> dict[str, Limit]:
    """The manifests' limits by name, with the counts of the settings."""
    section = settings.get(Limits)
    return {
        name: Limit(getattr(section, name, limit.count), limit.seconds)
        for name, (_, limit) in _declared(manifests).items()
    }


def _declared(manifests: Mapping[str, Manifest]) -> dict[str, tuple[str, Limit]]:
    """Each limit by name, with its plugin's name."""
    found: dict[str, tuple[str, Limit]] = {}
    for manifest in manifests.values():
        for name, limit in manifest.limits.items():
            if not name.isidentifier() or name in (*Limits.__struct_fields__, *found):
                raise ManifestError(f"plugin {manifest.name!r}: the limit {name!r} is no key, or taken")
            if min(limit.count, limit.seconds) < 1:
                raise ManifestError(f"plugin {manifest.name!r}: the limit {name!r} lets nothing through")
            found[name] = (manifest.name, limit)
    return found


class _Pace:
    """A limit in whole nanoseconds. Rounded down: who waits as long as the limit says is never refused."""

    __slots__ = ("step", "window")

    def __init__(self, limit: Limit) -> None:
        self.step = limit.seconds * _NANOSECONDS // limit.count
        self.window = self.step * limit.count


class LocalRateLimiter:
    """The rate limiter of one process: what was spent is forgotten when it ends.

    `monotonic` is a clock in seconds. At most `capacity` subjects are remembered (some 300 bytes each). One more, and
    of a few the one is forgotten that would have been free again soonest: a flood of new subjects is at the cost of
    those that have spent least.
    """

    def __init__(
        self,
        limits: Mapping[str, Limit],
        *,
        enabled: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        capacity: int = 65_536,
    ) -> None:
        self._paces = {name: _Pace(limit) for name, limit in limits.items()}
        self._enabled = enabled
        self._monotonic = monotonic
        self._capacity = capacity
        self._free_at: OrderedDict[tuple[str, str], int] = OrderedDict()
        """When a subject has its whole limit again: GCRA's theoretical arrival time."""

    def __len__(self) -> int:
        """How many subjects are remembered."""
        return len(self._free_at)

    async def spend(self, limit: str, *subjects: str) -> None:
        """Spend one request of `limit` for each subject, or raise RateLimited and spend none. Raises LookupError."""
        try:
            pace = self._paces[limit]
        except KeyError:
            raise LookupError(f"no manifest declares the limit {limit!r}") from None
        if not self._enabled:
            return
        now = int(self._monotonic() * _NANOSECONDS)
        after = {(limit, each): max(self._free_at.get((limit, each), now), now) + pace.step for each in subjects}
        wait = max(after.values(), default=now) - pace.window - now
        if wait > 0:
            raise RateLimited(retry_after=math.ceil(wait / 1_000_000) / 1_000)
        for subject, free_at in after.items():
            self._free_at[subject] = free_at
            self._tidy(now)

    def _tidy(self, now: int) -> None:
        """Look at the few that were not looked at for longest: drop what is free again, and one more when too many."""
        looked_at = [self._free_at.popitem(last=False) for _ in range(min(_LOOKED_AT, len(self._free_at)))]
        kept = [each for each in looked_at if each[1] > now]
        if len(self._free_at) + len(kept) > self._capacity:
            kept.remove(min(kept, key=lambda each: each[1]))
        self._free_at.update(kept)
