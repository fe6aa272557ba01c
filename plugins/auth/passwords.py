"""Passwords as argon2id hashes (RFC 9106), worked out beside the event loop.

Hashing takes 25 ms and 19 MiB on purpose, so it has a pool of its own: its size bounds the memory, and a flood of
logins leaves the loop and the threads of others free. argon2 and bcrypt release the interpreter's lock.

bcrypt hashes ($2a$, $2b$, $2y$) are checked too, for accounts that come from an earlier system, and are outdated: a
login makes an argon2id hash of what was typed. Until then a wrong password costs such an account what its bcrypt costs,
so the time of the answer tells that it is one of those; an unknown email costs what an argon2id account costs.
"""

import asyncio
import logging
import os
import re
import sys
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec
from argon2.exceptions import VerificationError, VerifyMismatchError
from argon2.low_level import Type, hash_secret, verify_secret

from plugins.auth.common_passwords import CommonPasswords
from plugins.auth.errors import HashingBusy

__all__ = ["Argon2", "Passwords"]

T = TypeVar("T")

_log = logging.getLogger(__name__)

_VERSION = 19
"""Argon2's own version, 1.3."""
_HASH = 32
_SALT = 16
_WAITING = 256
_MOST_THREADS = 4
_NICE = 10
_BCRYPT = re.compile(r"\$2[aby]\$(?:0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}")
"""Of costs up to 16, which takes some 4 seconds: each one more takes a thread of the pool twice as long."""
_BCRYPT_BYTES = 72
"""bcrypt looks at no more of a password, and the libraries of old systems cut it there without a word."""


class Argon2(msgspec.Struct, frozen=True):
    """What a hash costs: memory in KiB, passes over it, threads that share the work."""

    memory_kib: int
    passes: int
    lanes: int


class Passwords:
    """Makes and checks hashes, `at_once` of them; up to 256 more wait their turn.

    at_once: 0 leaves a core to the loop and takes the others, 4 at most
    common: the passwords that nobody may choose

    A caller that is cancelled gives up its turn; a hash that has begun is finished and thrown away.
    """

    def __init__(self, cost: Argon2, common: CommonPasswords, at_once: int = 0) -> None:
        threads = at_once or min(max(len(os.sched_getaffinity(0)) - 1, 1), _MOST_THREADS)
        self.common = common
        self._cost = cost
        self._pool = ThreadPoolExecutor(threads, "girok-argon2", initializer=_stand_back)
        self._most = threads + _WAITING
        self._pending = 0
        self._prefix = f"$argon2id$v={_VERSION}$m={cost.memory_kib},t={cost.passes},p={cost.lanes}$"
        self._has_told = False
        self._nobody = f"{self._prefix}{_base64(os.urandom(_SALT))}${_base64(os.urandom(_HASH))}"

    async def hash(self, password: bytes) -> str:
        """A new hash with its own salt, in the usual text form. Raises HashingBusy."""
        return await self._run(lambda: self._hash(password))

    async def verify(self, stored: str | None, password: bytes | None) -> bool:
        """Whether `stored` is a hash of `password`. Raises HashingBusy.

        The same work is done without a hash (nobody has that email) or a password (nobody can have that one): then
        against a hash that is random, and the answer is no. So it is for a stored hash of no known form.
        """
        matches = await self._run(lambda: self._matches(stored or self._nobody, password or b""))
        return matches and stored is not None and password is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether `stored` is another kind of hash than those made now, or cost something else."""
        return not stored.startswith(self._prefix)

    def close(self) -> None:
        """Take no more work. Calls that still wait are cancelled."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _hash(self, password: bytes) -> str:
        cost = self._cost
        return hash_secret(
            password, os.urandom(_SALT), cost.passes, cost.memory_kib, cost.lanes, _HASH, Type.ID
        ).decode()

    def _matches(self, stored: str, password: bytes) -> bool:
        try:
            if _BCRYPT.fullmatch(stored):
                return _bcrypt_matches(stored, password)
            return verify_secret(stored.encode(), password, Type.ID)
        except VerifyMismatchError:
            return False
        except (VerificationError, ValueError):
            self._tell_of_unknown()
            return self._matches(self._nobody, password)

    def _tell_of_unknown(self) -> None:
        """Once a process, since such an account may be tried again and again; never what was stored."""
        if not self._has_told:
            self._has_told = True
            _log.error("a stored password hash is of no known form: its account has to reset the password")

    async def _run(self, work: Callable[[], T]) -> T:
        if self._pending >= self._most:
            raise HashingBusy
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._pending -= 1


def _stand_back() -> None:
    """Let the loop's thread go first where it wants the core that hashes."""
    if sys.platform == "linux":  # elsewhere it would be the whole process
        os.nice(_NICE)


def _bcrypt_matches(stored: str, password: bytes) -> bool:
    import bcrypt

    return bcrypt.checkpw(password[:_BCRYPT_BYTES], stored.encode())


def _base64(value: bytes) -> str:
    return b64encode(value).rstrip(b"=").decode()
