"""Passwords: hashes in their usual form, and a pool that neither blocks the loop nor fills up."""

import asyncio
import logging
import os
import sys
from collections.abc import Iterator

import pytest
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import Type, verify_secret

from plugins.auth.common_passwords import CommonPasswords
from plugins.auth.errors import HashingBusy
from plugins.auth.passwords import Argon2, Passwords

COMMON = CommonPasswords(listed=False)
CHEAP = Argon2(memory_kib=64, passes=1, lanes=1)
SLOW = Argon2(memory_kib=65_536, passes=2, lanes=1)
"""Some 50 to 150 ms."""


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(CHEAP, COMMON, at_once=1)
    yield made
    made.close()


@pytest.fixture
def slow() -> Iterator[Passwords]:
    made = Passwords(SLOW, COMMON, at_once=1)
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
        later = Passwords(Argon2(memory_kib=128, passes=2, lanes=2), COMMON)
        assert not passwords.is_outdated(stored)
        assert later.is_outdated(stored)
        assert await later.verify(stored, b"secret")
        later.close()


class TestBcrypt:
    """Hashes that Node's bcrypt 6.0 (native) and bcryptjs 3.0 made, at a cost of 4."""

    @pytest.mark.parametrize(
        ("password", "stored"),
        [
            ("비밀번호Aa1!", "$2b$04$Q4fibxOBVNJH1zPB64EEPeH60IUw.59KoOaQAyHxFcgShvB3IXEQ2"),
            ("Aa1!" + "x" * 68, "$2b$04$RUDX7cUtsvvU3sABAbwxPu2znaWJM0kijhks2f09D7nko7CiF13i."),
            ("Aa1!" + "x" * 96, "$2b$04$S2kOYN4/tRYIsZsit3iqAu4u.dLX5VHNPOhZWTLn4K0XlNGqQoLY6"),
            ("Aa1!" + "x" * 67 + "가나", "$2b$04$O4GSSkGLqZ6aQZhM7RM0y.AZjCLStfPqyUPIU4ckTA/97kzAm.13O"),
            ("Aa1!\0secret", "$2b$04$AEUxTarZlHgrpCtbFNupV.UnRzK0Hh6kmNqtteVrFZ7UidMa7JXO."),
            ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
        ],
    )
    async def test_of_an_earlier_system_is_verified_and_outdated(
        self, passwords: Passwords, password: str, stored: str
    ) -> None:
        assert passwords.is_outdated(stored)
        for spelling in ("$2a$", "$2b$", "$2y$"):
            assert await passwords.verify(spelling + stored[4:], password.encode())
        for wrong in (password[:4], "Wr0ng!pass", ""):
            assert not await passwords.verify(stored, wrong.encode())
        assert not await passwords.verify(stored, None)

    async def test_looks_at_72_bytes_as_the_earlier_system_did(self, passwords: Passwords) -> None:
        stored = "$2b$04$S2kOYN4/tRYIsZsit3iqAu4u.dLX5VHNPOhZWTLn4K0XlNGqQoLY6"
        assert await passwords.verify(stored, b"Aa1!" + b"x" * 68)
        assert not await passwords.verify(stored, b"Aa1!" + b"x" * 67)


class TestUnknownForm:
    @pytest.mark.parametrize(
        "stored",
        [
            "", "x", "plain text", "5f4dcc3b5aa765d61d8327deb882cf99", "\ud800", "$argon2id$", "$2b$04$short",
            "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$2b$31$Q4fibxOBVNJH1zPB64EEPeH60IUw.59KoOaQAyHxFcgShvB3IXEQ2",
            "$2b$04$zzzzzzzzzzzzzzzzzzzzzzH60IUw.59KoOaQAyHxFcgShvB3IXEQ2",
        ],
    )  # fmt: skip
    async def test_matches_nothing(self, passwords: Passwords, stored: str) -> None:
        for password in (b"", b"plain text", b"password", stored.encode(errors="replace")):
            assert not await passwords.verify(stored, password)

    async def test_is_told_once_and_not_shown(self, passwords: Passwords, caplog: pytest.LogCaptureFixture) -> None:
        for stored in ("$1$unknown$form", "$1$unknown$form", "another form"):
            assert not await passwords.verify(stored, b"secret")
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert "no known form" in caplog.text
        assert not any(each in caplog.text for each in ("$1$", "another", "secret"))

    @pytest.mark.parametrize("stored", [None, "$1$unknown$form", "plain text", "$2b$31$" + "a" * 53])
    async def test_costs_what_any_other_costs(
        self, passwords: Passwords, monkeypatch: pytest.MonkeyPatch, stored: str | None
    ) -> None:
        """Counted, since times lie on a busy machine: one whole argon2id of today's cost, whatever is stored."""
        worked: list[list[str]] = []

        def counted(hashed: bytes, password: bytes, kind: Type) -> bool:
            try:
                return verify_secret(hashed, password, kind)
            except VerifyMismatchError:  # which argon2 knows when it has done all its work
                worked.append(hashed.decode().split("$")[1:4])
                raise

        monkeypatch.setattr("plugins.auth.passwords.verify_secret", counted)
        for each in (await passwords.hash(b"another"), stored):
            assert not await passwords.verify(each, b"secret")
        assert worked == [["argon2id", "v=19", "m=64,t=1,p=1"]] * 2


class TestPool:
    async def test_loop_goes_on_while_a_password_is_hashed(self, slow: Passwords) -> None:
        hashing = asyncio.create_task(slow.hash(b"secret"))
        turns = 0
        while not hashing.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns > 100

    @pytest.mark.skipif(sys.platform != "linux", reason="a thread has no priority of its own")
    async def test_loop_goes_first(self, passwords: Passwords) -> None:
        hashing = await passwords._run(lambda: os.getpriority(os.PRIO_PROCESS, 0))
        assert hashing == min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)

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
