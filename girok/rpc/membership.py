"""Who is in the cluster: every process says once a second which roles it has and where, in a JetStream bucket.

A process is gone when it says so, or when it was not heard for some seconds while NATS was there. While NATS is away
everybody keeps the peers that they know: whether one of those answers is found out by calling it (peer.py).
Our own word comes back through the watch, too: when it does not, the watch is dead and is made anew.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from nats.errors import Error as NatsError
from nats.js.api import KeyValueConfig, StorageType
from nats.js.errors import BucketNotFoundError
from nats.js.kv import KV_DEL, KV_PURGE, KeyValue

from girok.nats import NatsConnection, NatsSession, NatsUnavailable
from girok.rpc.peers import Peers

__all__ = ["BUCKET", "Membership"]

BUCKET = "girok-peers"
_EVERY_SECONDS = 1.0
_GONE_AFTER = 4.0
_CANCEL_AGAIN = 0.2
_GONE = (KV_DEL, KV_PURGE)
_TROUBLE = (NatsError, NatsUnavailable, TimeoutError)
_log = logging.getLogger("girok.rpc")


class _Member(msgspec.Struct, frozen=True):
    """What a process says of itself. `grpc` is host:port."""

    roles: tuple[str, ...]
    grpc: str


class Membership:
    """This process' entry, if it serves anything, and the others', which `peers` is kept at.

    `name` is unique among all processes that ever run. `fixed` are addresses by role that go before what is announced.
    """

    def __init__(
        self,
        nats: NatsConnection,
        peers: Peers,
        *,
        name: str,
        roles: Sequence[str],
        grpc: str,
        fixed: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._nats = nats
        self._peers = peers
        self._name = name
        self._own = msgspec.json.encode(_Member(tuple(roles), grpc))
        self._fixed = {role: tuple(each) for role, each in (fixed or {}).items() if each}
        self._members: dict[str, _Member] = {}
        self._heard: dict[str, float] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._announced = asyncio.Event()
        self._left = False

    async def start(self) -> None:
        """Begin to announce and to listen, now or as soon as NATS is there."""
        await self._apply()
        self._tasks = [asyncio.create_task(self._announce()), asyncio.create_task(self._listen())]

    async def probe_joined(self) -> str | None:
        """For `Health.add`, vital: what is wrong until this process was announced and saw who is there."""
        return None if self._announced.is_set() else "this process was not announced to the cluster yet"

    async def drain(self, seconds: float) -> None:
        """Leave, within `seconds`. Who calls this process meanwhile is answered still."""
        async with asyncio.timeout(seconds):
            await self.leave()

    def counts(self) -> Mapping[str, int]:
        """See Part: processes that are known, this one included."""
        return {"girok_members": len(self._members)}

    async def leave(self) -> None:
        """Say that this process is gone, and stop saying that it is there. Twice is no error."""
        if self._left:
            return
        self._left = True
        with suppress(*_TROUBLE):
            async with asyncio.timeout(_EVERY_SECONDS):
                await (await _bucket(self._nats.current())).delete(self._name)

    async def close(self) -> None:
        """Leave, and listen no more. Twice is no error."""
        await self.leave()
        running = {each for each in self._tasks if not each.done()}
        while running:
            # More than once: on Python 3.11 a cancellation may be lost in asyncio.wait_for, which nats-py uses.
            for each in running:
                each.cancel()
            _, running = await asyncio.wait(running, timeout=_CANCEL_AGAIN)

    async def _announce(self) -> None:
        while not self._left:
            with suppress(*_TROUBLE):
                await (await _bucket(self._nats.current())).put(self._name, self._own)
            await asyncio.sleep(_EVERY_SECONDS)

    async def _listen(self) -> None:
        while True:
            session = await self._nats.session()
            watching = asyncio.create_task(self._watch(session))
            try:
                await asyncio.wait({watching, session.lost}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                watching.cancel()
                await asyncio.wait({watching})
            await asyncio.sleep(_EVERY_SECONDS)

    async def _watch(self, session: NatsSession) -> None:
        """Take in what the others say, until nothing was heard for long, our own word included."""
        with suppress(*_TROUBLE):
            watcher: Any = await (await _bucket(session)).watchall()  # pyright: ignore[reportUnknownMemberType] - its options
            try:
                await self._follow(watcher)
            finally:
                with suppress(*_TROUBLE):
                    await watcher.stop()

    async def _follow(self, watcher: Any) -> None:
        begin = _now()
        while True:
            async with asyncio.timeout(_GONE_AFTER):
                entry = await anext(watcher)
            if entry is not None and await self._take(entry.key, entry.value, entry.operation):
                self._announced.set()
            if _now() - begin > _GONE_AFTER:
                await self._forget()

    async def _take(self, name: str, value: bytes | None, operation: str | None) -> bool:
        """One entry; whether it is our own."""
        if operation in _GONE:
            # Expired entries count as silent: their process may be there, and NATS just back.
            if operation == KV_DEL and self._members.pop(name, None) is not None:
                await self._apply()
            return False
        try:
            member = msgspec.json.decode(value or b"", type=_Member)
        except msgspec.DecodeError:
            _log.warning("an entry of %s cannot be read: %s", BUCKET, name)
            return False
        self._heard[name] = _now()
        if self._members.get(name) != member:
            if member.grpc and name != self._name:
                _log.info("peer %s is there: %s", member.grpc, ", ".join(member.roles))
            self._members[name] = member
            await self._apply()
        return name == self._name

    async def _forget(self) -> None:
        """Drop who was not heard for long."""
        silent = [name for name in self._members if _now() - self._heard.get(name, 0.0) > _GONE_AFTER]
        for name in silent:
            _log.warning("peer %s is gone: not heard for %g s", self._members.pop(name).grpc, _GONE_AFTER)
        if silent:
            await self._apply()

    async def _apply(self) -> None:
        found: dict[str, set[str]] = {}
        for member in self._members.values():
            for role in member.roles if member.grpc else ():
                found.setdefault(role, set()).add(member.grpc)
        await self._peers.replace({**found, **self._fixed})


async def _bucket(session: NatsSession) -> KeyValue:
    jetstream: Any = session.jetstream(timeout=2.0)
    try:
        return await jetstream.key_value(BUCKET)
    except BucketNotFoundError:
        # In files: a server that was restarted still knows everybody.
        config = KeyValueConfig(bucket=BUCKET, ttl=3 * _GONE_AFTER, storage=StorageType.FILE)
        return await jetstream.create_key_value(config)


def _now() -> float:
    return asyncio.get_running_loop().time()
