"""The RateLimiter port over each adapter. An adapter joins by a Rig of its own in RIGS."""

import asyncio
import math
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from girok.errors import RateLimited
from girok.manifest import Limit
from girok.ratelimit import LocalRateLimiter, RateLimiter
from girok.ratelimit_valkey import ValkeyRateLimiter
from girok.servers.valkey import valkey as valkey_server
from girok.testing.servers import started
from girok.valkey import Valkey, open_valkey


class Rig(Protocol):
    """How the suite makes a limiter and lets time go by."""

    async def limiter(self, limits: Mapping[str, Limit]) -> RateLimiter:
        """A limiter that remembers nothing yet."""
        ...

    async def wait(self, seconds: float) -> None:
        """Let the limiter's time advance by `seconds`, a multiple of a millisecond."""
        ...


class LocalRig:
    """The limiter in the process, on a clock that the test moves."""

    def __init__(self) -> None:
        self._milliseconds = 1_000_000_000

    async def limiter(self, limits: Mapping[str, Limit]) -> RateLimiter:
        return LocalRateLimiter(limits, monotonic=lambda: self._milliseconds / 1000)

    async def wait(self, seconds: float) -> None:
        self._milliseconds += round(seconds * 1000)


class ValkeyRig:
    """The limiter in Valkey, in a namespace of its own and on a clock that the test moves."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey
        self._milliseconds = 1_800_000_000_000

    async def limiter(self, limits: Mapping[str, Limit]) -> RateLimiter:
        return ValkeyRateLimiter(
            self._valkey, limits, secret=secrets.token_hex(), now=lambda: self._milliseconds * 1000
        )

    async def wait(self, seconds: float) -> None:
        self._milliseconds += round(seconds * 1000)


@asynccontextmanager
async def local() -> AsyncGenerator[Callable[[], Rig], None]:
    yield LocalRig


@asynccontextmanager
async def valkey() -> AsyncGenerator[Callable[[], Rig], None]:
    async with started(valkey_server) as server, open_valkey(server.url) as opened:
        yield lambda: ValkeyRig(opened)


RIGS = [local, valkey]


@pytest.fixture(params=RIGS)
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Callable[[], Rig]]:
    async with request.param() as made:
        yield made


@pytest.fixture
def rig(make: Callable[[], Rig]) -> Rig:
    return make()


async def refused_for(limiter: RateLimiter, limit: str, *subjects: str) -> float:
    """Spend; `retry_after`, 0 when there was one to spend."""
    try:
        await limiter.spend(limit, *subjects)
    except RateLimited as refusal:
        return refusal.retry_after or math.nan
    return 0.0


class TestSpend:
    async def test_as_many_at_once_as_the_limit_says(self, rig: Rig) -> None:
        limiter = await rig.limiter({"post": Limit(3, seconds=60)})
        assert [await refused_for(limiter, "post", "ada") for _ in range(4)] == [0, 0, 0, 20]

    async def test_then_evenly(self, rig: Rig) -> None:
        limiter = await rig.limiter({"post": Limit(3, seconds=60)})
        await asyncio.gather(*(limiter.spend("post", "ada") for _ in range(3)))
        await rig.wait(19.999)
        assert await refused_for(limiter, "post", "ada") == 0.001
        await rig.wait(0.001)
        assert [await refused_for(limiter, "post", "ada") for _ in range(2)] == [0, 20]

    @pytest.mark.parametrize("count", [1, 7, 1000])
    async def test_all_are_there_again_after_its_seconds(self, rig: Rig, count: int) -> None:
        limiter = await rig.limiter({"post": Limit(count, seconds=60)})
        for _ in range(3):
            assert [await refused_for(limiter, "post", "ada") for _ in range(count)] == [0] * count
            assert await refused_for(limiter, "post", "ada") > 0
            await rig.wait(60)

    async def test_a_refusal_costs_nothing(self, rig: Rig) -> None:
        limiter = await rig.limiter({"post": Limit(1, seconds=10)})
        assert [await refused_for(limiter, "post", "ada") for _ in range(3)] == [0, 10, 10]
        await rig.wait(10)
        assert await refused_for(limiter, "post", "ada") == 0

    async def test_who_waits_as_told_is_let_through(self, rig: Rig) -> None:
        limiter = await rig.limiter({"post": Limit(7, seconds=60)})
        waits = [await refused_for(limiter, "post", "ada") for _ in range(8)]
        await rig.wait(waits[-1])
        assert await refused_for(limiter, "post", "ada") == 0

    async def test_many_at_once_get_no_more(self, rig: Rig) -> None:
        limiter = await rig.limiter({"post": Limit(10, seconds=60)})
        waits = await asyncio.gather(*(refused_for(limiter, "post", "ada") for _ in range(50)))
        assert waits.count(0) == 10


class TestSubjects:
    async def test_do_not_share_a_limit(self, rig: Rig) -> None:
        limiter = await rig.limiter({"post": Limit(1), "like": Limit(1)})
        assert await refused_for(limiter, "post", "ada") == 0
        assert await refused_for(limiter, "post", "ben") == 0
        assert await refused_for(limiter, "like", "ada") == 0
        assert await refused_for(limiter, "post", "ada") > 0

    async def test_one_that_has_none_left_spares_the_others(self, rig: Rig) -> None:
        limiter = await rig.limiter({"login": Limit(2)})
        await limiter.spend("login", "ada")
        await limiter.spend("login", "ada", "10.0.0.1")
        assert await refused_for(limiter, "login", "10.0.0.1", "ada") == 30
        assert await refused_for(limiter, "login", "ada", "10.0.0.2") == 30
        assert [await refused_for(limiter, "login", "10.0.0.1") for _ in range(2)] == [0, 30]
        assert [await refused_for(limiter, "login", "10.0.0.2") for _ in range(3)] == [0, 0, 30]

    async def test_the_longest_wait_is_told(self, rig: Rig) -> None:
        limiter = await rig.limiter({"login": Limit(1)})
        await limiter.spend("login", "ada")
        await rig.wait(15)
        await limiter.spend("login", "ben")
        assert await refused_for(limiter, "login", "ada", "ben") == 60

    async def test_one_named_twice_is_one(self, rig: Rig) -> None:
        limiter = await rig.limiter({"login": Limit(2)})
        assert [await refused_for(limiter, "login", "ada", "ada") for _ in range(3)] == [0, 0, 30]

    @pytest.mark.parametrize("strange", ["", "\0", "a:b", "아다", "x" * 10_000])
    async def test_may_be_any_text(self, rig: Rig, strange: str) -> None:
        limiter = await rig.limiter({"a": Limit(1), "a:b": Limit(1)})
        assert [await refused_for(limiter, "a", strange) for _ in range(2)] == [0, 60]
        assert await refused_for(limiter, "a", f"{strange}:") == 0
        assert await refused_for(limiter, "a:b", strange) == 0

    async def test_none_spend_nothing(self, rig: Rig) -> None:
        limiter = await rig.limiter({"post": Limit(1)})
        assert [await refused_for(limiter, "post") for _ in range(3)] == [0, 0, 0]


class TestLimit:
    async def test_an_undeclared_one_is_a_mistake_of_the_caller(self, rig: Rig) -> None:
        limiter = await rig.limiter({"post": Limit(1)})
        with pytest.raises(LookupError, match="'like'"):
            await limiter.spend("like", "ada")


class Bucket:
    """The model: a bucket for each subject, which takes `count` and drains evenly, empty after `seconds`."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._drain = Fraction(limit.count, limit.seconds * 1000)
        self._levels: dict[str, Fraction] = {}

    def wait(self, milliseconds: int) -> None:
        self._levels = {name: max(Fraction(0), x - self._drain * milliseconds) for name, x in self._levels.items()}

    def spend(self, subjects: set[str]) -> float:
        """How long the bucket that is fullest must drain before all have room; 0 when they have, and one is taken."""
        levels = {each: self._levels.get(each, Fraction(0)) + 1 for each in subjects}
        over = max(levels.values(), default=Fraction(0)) - self._limit.count
        if over > 0:
            return float(over / self._drain / 1000)
        self._levels |= levels
        return 0.0


class TestModel:
    @settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.builds(Limit, st.integers(1, 12), st.integers(1, 90)),
        st.lists(st.tuples(st.sampled_from([0, 0, 1, 333, 5_000, 20_000, 60_000]), st.sets(st.sampled_from("abc")))),
    )
    async def test_answers_as_leaking_buckets_do(
        self, make: Callable[[], Rig], limit: Limit, steps: list[tuple[int, set[str]]]
    ) -> None:
        rig, model = make(), Bucket(limit)
        limiter = await rig.limiter({"post": limit})
        for milliseconds, subjects in steps:
            await rig.wait(milliseconds / 1000)
            model.wait(milliseconds)
            expected = model.spend(subjects)
            told = await refused_for(limiter, "post", *subjects)
            assert (told > 0) == (expected > 0)
            # Told in milliseconds, rounded up.
            assert -1e-9 <= told - expected < 0.001
