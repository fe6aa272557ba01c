"""One process' connections to Valkey: bounded in number and in time, and refused at once while it is away.

    async with open_valkey(settings.get(sections_cluster.Valkey).url) as valkey:
        await valkey.command("SET", key, value, "PX", 60_000, idempotent=True)
        await valkey.run(SCRIPT, keys=[key], values=[value])

A call that finds the server away, or gets no answer in time, raises ValkeyUnavailable and so does every later one, at
once: none waits for a server that does not answer. Meanwhile one task asks it again ten times a second; when it answers
and takes writes, calls go through again. The log has one line when it goes and one when it is back.

Whether a call that failed was carried out is not known, and it may still be, later, when a server that was paused goes
on: what is sent must bear that.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias, cast

from redis import exceptions as errors
from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
from redis.maint_notifications import MaintNotificationsConfig

from girok.breaker import Breaker
from girok.errors import Unavailable
from girok.valkey.address import KEY, Address, ValkeyRefused, parse

__all__ = ["Script", "Valkey", "ValkeyUnavailable", "Word", "open_valkey"]

Word: TypeAlias = str | bytes | int
_CONNECTIONS = 16
_SECONDS = 1.0
"""How long a call may take: less than a port's deadline, so that its caller can still go another way."""
_TROUBLES = ("BUSY", "MISCONF", "NOREPLICAS", "UNKILLABLE")
"""Answers of a server that cannot work now, beside those that the client has classes for."""
_log = logging.getLogger(__name__)


class ValkeyUnavailable(Unavailable):
    """Valkey is away, is too slow, or takes no writes."""

    reason = "VALKEY_UNAVAILABLE"


class Script:
    """A Lua script, sent once and then known to the server by its SHA-1. It runs whole or not at all."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


_PROBE = Script("redis.call('SET', KEYS[1], '', 'PX', 1000); redis.call('INFO', 'server')")
"""What the other scripts need: a server that takes writes, and a user who may run them."""


@asynccontextmanager
async def open_valkey(url: str, *, patience: float = 10.0) -> AsyncGenerator["Valkey", None]:
    """Valkey, found ready. A server that is late is waited for, `patience` seconds, and the log says so.

    Raises ValkeyRefused when the URL is wrong, when nothing answers there, or when the server refuses this user.
    """
    valkey = Valkey(parse(url))
    try:
        await valkey.arrive(patience)
        yield valkey
    finally:
        await valkey.aclose()


class Valkey:
    """`open_valkey` makes one. `seconds` is how long a call may take."""

    def __init__(self, address: Address, *, seconds: float = _SECONDS) -> None:
        self._address = address
        self._seconds = seconds
        self._pool = BlockingConnectionPool(
            connection_class=SSLConnection if address.tls else Connection,
            max_connections=_CONNECTIONS,
            host=address.host,
            port=address.port,
            db=address.database,
            username=address.username,
            password=address.password,
            protocol=3,
            # Every call has one limit of time, from its turn for a connection to its answer; see `_attempt`.
            timeout=None,
            socket_timeout=None,
            socket_connect_timeout=seconds,
            client_name="girok",
            driver_info=None,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        self._redis = Redis(connection_pool=self._pool)
        self._redis.response_callbacks.clear()  # so that answers are what the server says
        self._breaker = Breaker(f"Valkey at {address}", _log, look=self._look, said=_said, cut=self._cut)

    async def command(self, *words: Word, idempotent: bool = False) -> Any:
        """The answer to a command, texts as bytes. An idempotent one is sent again when its connection breaks.

        Raises ValkeyUnavailable.
        """
        if self._breaker.trouble is not None:
            raise ValkeyUnavailable
        try:
            try:
                return await self._attempt(words)
            except errors.ConnectionError:
                if not idempotent:
                    raise
                return await self._attempt(words)
        except (TimeoutError, OSError, errors.RedisError) as error:
            trouble = _trouble(error)
            if trouble is None:
                raise
            self._breaker.lose(trouble)
            raise ValkeyUnavailable from error

    async def run(
        self, script: Script, keys: Sequence[Word] = (), values: Sequence[Word] = (), *, idempotent: bool = False
    ) -> Any:
        """What a script returns, its `KEYS` and `ARGV` given. Raises ValkeyUnavailable."""
        try:
            return await self.command("EVALSHA", script.sha, len(keys), *keys, *values, idempotent=idempotent)
        except errors.NoScriptError:
            return await self.command("EVAL", script.text, len(keys), *keys, *values, idempotent=idempotent)

    async def health(self) -> str | None:
        """A probe for /readyz: None, or what is wrong."""
        return self._breaker.trouble

    async def arrive(self, patience: float) -> None:
        """Return once the server is ready. Raises ValkeyRefused after `patience` seconds, or when waiting is vain."""
        error = await self._breaker.arrive(patience, is_vain=_is_refusal)
        if error is None:
            return
        if _is_refusal(error):
            raise ValkeyRefused(f"{KEY}: Valkey at {self._address} refuses what girok needs: {error}") from error
        raise ValkeyRefused(f"{KEY}: no Valkey at {self._address} within {patience:g} s: {_said(error)}") from error

    async def aclose(self) -> None:
        """Close every connection; calls are refused from now on."""
        await self._breaker.aclose()
        await self._pool.aclose()

    async def _attempt(self, words: Sequence[Word]) -> Any:
        async with asyncio.timeout(self._seconds):
            return cast("Any", await self._redis.execute_command(*words))  # pyright: ignore[reportUnknownMemberType] - open in redis

    async def _look(self) -> Exception | None:
        """What is wrong with the server, None when it is ready."""
        try:
            await self._attempt(("EVAL", _PROBE.text, 1, "girok:probe"))
        except (TimeoutError, OSError, errors.RedisError) as error:
            return error
        return None

    async def _cut(self) -> None:
        """Connections to a server that is gone would each have to fail once; some cannot even be closed in time."""
        with suppress(errors.RedisError):
            await self._pool.disconnect(inuse_connections=False)


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, (errors.AuthenticationError, errors.NoPermissionError, errors.ReadOnlyError))


def _said(error: Exception) -> str:
    return _trouble(error) or str(error)


def _trouble(error: Exception) -> str | None:
    """What is wrong with the server; None when the call itself is."""
    if isinstance(error, (TimeoutError, errors.TimeoutError)):
        return "no answer in time"
    of_server = (
        OSError,
        errors.ConnectionError,
        errors.InvalidResponse,
        errors.OutOfMemoryError,
        errors.ReadOnlyError,
        errors.NoPermissionError,
        errors.ClusterDownError,
    )
    if isinstance(error, of_server) or str(error).startswith(_TROUBLES):
        return str(error)
    return None
