"""Passwords: hashes in their usual form, and a pool that neither blocks the loop nor fills up."""

import asyncio
from collections.abc import Iterator

import pytest

from plugins.auth.errors import HashingBusy
from plugins.auth.passwords import Argon2, Passwords

CHEAP = Argon2(memory_kib=64, passes=1, lanes=1)
SLOW = Argon2(memory_kib=65_536, passes=2, lanes=1)
"""Some 50 to 150 ms."""


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(CHEAP, at_once=1)
    yield made
    made.close()


@pytest.fixture
def slow() -> Iterator[Passwords]:
    made = Passwords(SLOW, at_once=1)
    yield made
    made.close()


class TestHash:
    async def test_says_its_cost_and_has_a_salt_of_its_own(self, passwords: Passwords) -> None:
        first, second = await passwords.hash(b"secret"), await passwords.hash(b"secret")
        assert first.startswith("$argon2id$v=19$m=64,t=1,p=1$")
        assert first != second
        assert "secret" not in first

    async def test_verifies_its_own_password_alone(self, passwords: Passwords) -> None:
        stored = await passwords.hash(b"secret")
        assert await passwords.verify(stored, b"secret")
        for wrong in (b"Secret", b"secret\x00", b"", b"secret" * 10_000):
            assert not await passwords.verify(stored, wrong)

    async def test_no_hash_or_no_password_is_wrong(self, passwords: Passwords) -> None:
        assert not await passwords.verify(None, b"secret")
        assert not await passwords.verify(await passwords.hash(b""), None)
        assert not await passwords.verify(None, None)

    async def test_old_costs_are_verified_and_known_as_outdated(self, passwords: Passwords) -> None:
        stored = await passwords.hash(b"secret")
        later = Passwords(Argon2(memory_kib=128, passes=2, lanes=2))
        assert not passwords.is_outdated(stored)
        assert later.is_outdated(stored)
        assert await later.verify(stored, b"secret")
        later.close()


class TestPool:
    async def test_loop_goes_on_while_a_password_is_hashed(self, slow: Passwords) -> None:
        hashing = asyncio.create_task(slow.hash(b"secret"))
        turns = 0
        while not hashing.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns > 100

    async def test_cancelled_callers_give_up_their_turn(self, slow: Passwords) -> None:
        running = asyncio.create_task(slow.hash(b"first"))
        waiting = [asyncio.create_task(slow.hash(b"later")) for _ in range(200)]
        await asyncio.sleep(0)
        for each in waiting:
            each.cancel()
        async with asyncio.timeout(5):
            assert all(isinstance(each, asyncio.CancelledError) for each in await _outcomes(waiting))
            await running
            assert await slow.verify(await slow.hash(b"secret"), b"secret")

    async def test_cancelled_while_hashing_the_pool_goes_on(self, slow: Passwords) -> None:
        for _ in range(300):
            task = asyncio.create_task(slow.hash(b"secret"))
            await asyncio.sleep(0)
            task.cancel()
            await _outcomes([task])
        async with asyncio.timeout(5):
            assert await slow.verify(await slow.hash(b"secret"), b"secret")

    async def test_too_many_at_once_are_refused_and_the_rest_is_served(self, passwords: Passwords) -> None:
        outcomes = await _outcomes([asyncio.create_task(passwords.hash(b"secret")) for _ in range(300)])
        assert [isinstance(each, HashingBusy) for each in outcomes] == [False] * 257 + [True] * 43
        assert await passwords.hash(b"secret")


async def _outcomes(tasks: list[asyncio.Task[str]]) -> list[str | BaseException]:
    return await asyncio.gather(*tasks, return_exceptions=True)
