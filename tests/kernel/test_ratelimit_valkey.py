"""The rate limiter of a cluster: what processes share, what stands in Valkey, and what holds while it is away."""

import asyncio
import math
from collections.abc import AsyncIterator

import pytest

from girok.errors import RateLimited
from girok.manifest import Limit
from girok.ratelimit_valkey import ValkeyRateLimiter
from girok.servers.process import ServerProcess
from girok.valkey import Valkey, open_valkey

SECRET = "the cluster's"


@pytest.fixture
async def valkey(valkey_server: ServerProcess) -> AsyncIterator[Valkey]:
    async with open_valkey(valkey_server.url) as opened:
        yield opened


async def spent(limiter: ValkeyRateLimiter, *subjects: str, times: int) -> list[bool]:
    """Whether each of `times` went through, all at once."""
    outcomes = await asyncio.gather(*(limiter.spend("post", *subjects) for _ in range(times)), return_exceptions=True)
    assert {type(each) for each in outcomes} <= {type(None), RateLimited}
    return [each is None for each in outcomes]


async def refused_for(limiter: ValkeyRateLimiter, subject: str) -> float:
    with pytest.raises(RateLimited) as refusal:
        await limiter.spend("post", subject)
    return refusal.value.retry_after or math.nan


async def until_back(valkey: Valkey) -> None:
    async with asyncio.timeout(30):
        while await valkey.health() is not None:
            await asyncio.sleep(0.005)


class TestProcesses:
    async def test_share_a_limit_by_the_servers_clock(self, valkey_server: ServerProcess, valkey: Valkey) -> None:
        limits = {"post": Limit(10, seconds=3600)}
        async with open_valkey(valkey_server.url) as other:
            processes = [ValkeyRateLimiter(each, limits, secret=SECRET) for each in (valkey, other)]
            through = await asyncio.gather(*(spent(each, "ada", times=20) for each in processes))
            assert sum(map(sum, through)) == 10
            for each in processes:
                assert 300 < await refused_for(each, "ada") <= 360

    async def test_a_subject_is_free_again_after_its_time(self, valkey: Valkey) -> None:
        limiter = ValkeyRateLimiter(valkey, {"post": Limit(1, seconds=1)}, secret=SECRET)
        await limiter.spend("post", "ada")
        await asyncio.sleep(await refused_for(limiter, "ada"))
        await limiter.spend("post", "ada")


class TestStored:
    async def test_no_key_tells_a_subject(self, valkey: Valkey) -> None:
        limiter = ValkeyRateLimiter(valkey, {"post": Limit(10)}, secret=SECRET)
        await limiter.spend("post", "ada@example.org", "address:10.0.0.1")
        keys = await valkey.command("KEYS", "girok:limit:*")
        assert len(keys) == 2
        assert not any(word in key for key in keys for word in (b"ada", b"example", b"10.0.0.1", b"post"))
        await ValkeyRateLimiter(valkey, {"post": Limit(10)}, secret="another").spend("post", "ada@example.org")
        assert len(await valkey.command("KEYS", "girok:limit:*")) == 3

    async def test_a_key_goes_when_its_subject_is_free(self, valkey: Valkey) -> None:
        limiter = ValkeyRateLimiter(valkey, {"post": Limit(10, seconds=600)}, secret=SECRET)
        await spent(limiter, "ada", times=3)
        (key,) = await valkey.command("KEYS", "girok:limit:*")
        assert 170_000 < await valkey.command("PTTL", key) <= 180_000

    async def test_half_a_surrogate_pair_is_a_subject(self, valkey: Valkey) -> None:
        limiter = ValkeyRateLimiter(valkey, {"post": Limit(1)}, secret=SECRET)
        assert await spent(limiter, "\ud800", times=2) == [True, False]


class TestChange:
    async def test_a_clock_that_was_set_back_makes_nobody_wait_for_longer_than_the_limit(self, valkey: Valkey) -> None:
        time = 1_800_000_000_000_000
        limiter = ValkeyRateLimiter(valkey, {"post": Limit(1, seconds=60)}, secret=SECRET, now=lambda: time)
        await limiter.spend("post", "ada")
        time -= 3_600_000_000
        assert await refused_for(limiter, "ada") == 60

    async def test_a_limit_that_was_raised_holds_at_once(self, valkey: Valkey) -> None:
        await ValkeyRateLimiter(valkey, {"post": Limit(1, seconds=3600)}, secret=SECRET).spend("post", "ada")
        raised = ValkeyRateLimiter(valkey, {"post": Limit(10, seconds=60)}, secret=SECRET)
        assert await refused_for(raised, "ada") <= 6


class TestEnabled:
    async def test_when_it_is_not_all_go_through_but_names_still_count(self, valkey: Valkey) -> None:
        limiter = ValkeyRateLimiter(valkey, {"post": Limit(1)}, secret=SECRET, enabled=False)
        assert all(await spent(limiter, "ada", times=10))
        with pytest.raises(LookupError):
            await limiter.spend("like", "ada")


class TestAway:
    async def test_the_process_counts_alone_and_then_with_the_others_again(
        self, valkey_server: ServerProcess, valkey: Valkey
    ) -> None:
        limiter = ValkeyRateLimiter(valkey, {"post": Limit(5, seconds=3600)}, secret=SECRET)
        assert sum(await spent(limiter, "ada", times=9)) == 5
        await valkey_server.stop()  # which, unlike a kill, keeps all that was acknowledged
        assert sum(await spent(limiter, "ada", times=9)) == 5
        await valkey_server.start()
        await until_back(valkey)
        assert sum(await spent(limiter, "ada", times=9)) == 0
        assert sum(await spent(limiter, "ben", times=9)) == 5

    async def test_a_paused_server_holds_up_nobody_for_long(self, valkey_server: ServerProcess, valkey: Valkey) -> None:
        limiter = ValkeyRateLimiter(valkey, {"post": Limit(5, seconds=3600)}, secret=SECRET)
        valkey_server.pause()
        async with asyncio.timeout(10):
            assert sum(await spent(limiter, "ada", times=9)) == 5
            for _ in range(20):
                await refused_for(limiter, "ada")
        valkey_server.go_on()
        await until_back(valkey)
        await limiter.spend("post", "ben")
