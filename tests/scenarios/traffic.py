"""Traffic that goes on through outages: what is refused as unavailable is begun anew, and all calls are kept."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from statistics import median
from typing import Any, NamedTuple

import httpx

from girok.testing.client import Answer, Browser

__all__ = ["Call", "Lane", "Refused", "Traffic", "middle", "refusals"]

Lane = Callable[[], Coroutine[Any, Any, None]]
_FIELD = re.compile(r"\{\s*(\w+)")
_PAUSE = 0.1
_NO_CONNECTION = "NO_CONNECTION"


class Refused(Exception):
    """The answer was UNAVAILABLE; the reason."""


class _Over(Exception):
    """Nothing more is sent."""


class Call(NamedTuple):
    """One operation: its first field, when it was sent and for how long it took (the loop's seconds).

    `reason` says why it was refused; empty: it was not. `lost` are the cookies that the answer took away.
    """

    field: str
    begin: float
    seconds: float
    reason: str
    lost: frozenset[str]


class Traffic:
    """Lanes of requests. `pace`: each waits so many seconds between two of its requests."""

    def __init__(self, *, pace: float = 0.0) -> None:
        self.calls: list[Call] = []
        self._pace = pace
        self._flows = self._ends = False

    def browser(self, base_url: str) -> Browser:
        """A browser whose operations are kept in `calls`, and raise Refused for UNAVAILABLE."""
        return _Watched(base_url, self)

    def since(self, begin: float, end: float = float("inf")) -> list[Call]:
        """The calls that were sent between these times."""
        return [each for each in self.calls if begin <= each.begin < end]

    @asynccontextmanager
    async def flowing(self, lanes: Sequence[Lane]) -> AsyncGenerator[None, None]:
        """Run the lanes while the body runs, each again and again. What else ends one is raised, in a group."""
        self._flows = True
        try:
            async with asyncio.TaskGroup() as group:
                for lane in lanes:
                    group.create_task(self._run(lane))
                yield
                self._ends = True
        finally:
            self._flows = self._ends = False

    async def call(
        self, query: str, send: Callable[[], Coroutine[Any, Any, Answer]], cookies: dict[str, str]
    ) -> Answer:
        """What `send` gives. Raises Refused, and the transport's errors."""
        if self._flows:
            await asyncio.sleep(self._pace)
        if self._ends:
            raise _Over
        found = _FIELD.search(query)
        assert found is not None
        before, begin, reason = set(cookies), _now(), _NO_CONNECTION
        try:
            answer = await send()
            reason = _refusal(answer)
        finally:
            self.calls.append(Call(found[1], begin, _now() - begin, reason, frozenset(before - set(cookies))))
        if reason:
            raise Refused(reason)
        return answer

    async def _run(self, lane: Lane) -> None:
        while True:
            try:
                await lane()
            except _Over:
                return
            except (Refused, httpx.TransportError):
                await asyncio.sleep(_PAUSE)


def refusals(calls: list[Call]) -> Counter[str]:
    """How often each field was refused."""
    return Counter(each.field for each in calls if each.reason)


def middle(calls: list[Call]) -> float:
    """The median of their seconds; 0 without any."""
    return median(each.seconds for each in calls) if calls else 0.0


class _Watched(Browser):
    def __init__(self, base_url: str, traffic: Traffic) -> None:
        super().__init__(base_url)
        self._traffic = traffic

    async def graphql(self, query: str, variables: dict[str, Any] | None = None, **headers: str) -> Answer:
        send = super().graphql
        return await self._traffic.call(query, lambda: send(query, variables, **headers), self.cookies)


def _refusal(answer: Answer) -> str:
    for each in answer.body.get("errors", ()):
        if each["extensions"]["code"] == "UNAVAILABLE":
            return each["extensions"]["reason"]
    return ""


def _now() -> float:
    return asyncio.get_running_loop().time()
