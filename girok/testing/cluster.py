"""A cluster of real processes in a test: NATS, Valkey and a database of its own, S3, roles as they are named."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import randrange
from typing import NamedTuple

from girok.manifest import discover
from girok.servers.nats import nats
from girok.servers.process import ServerProcess
from girok.servers.seaweedfs import keys_of
from girok.servers.valkey import valkey
from girok.testing.postgres import new_database
from girok.testing.process import GirokProcess, free_port
from girok.testing.servers import is_free, started
from girok.up.layout import ports_of

__all__ = ["Servers", "free_offset", "girok_starting", "girok_up", "processes", "servers"]

_UP_SECONDS = 110.0


class Servers(NamedTuple):
    """What the processes of a cluster share; `env` leads them to it."""

    nats: ServerProcess
    valkey: ServerProcess
    postgres: ServerProcess
    s3: ServerProcess
    env: Mapping[str, str]


@asynccontextmanager
async def servers(postgres: ServerProcess, s3: ServerProcess, **env: str) -> AsyncGenerator[Servers, None]:
    """NATS and Valkey, empty, an empty database of `postgres`, and `s3` (SeaweedFS) as it is.

    `env` is added to the processes' settings.
    """
    async with started(nats) as bus, started(valkey) as cache, new_database(postgres) as database:
        keys = keys_of(s3.folder)
        shared = {
            "GIROK_NATS_URL": bus.url,
            "GIROK_VALKEY_URL": cache.url,
            "GIROK_DATABASE_URL": database,
            "GIROK_S3_ENDPOINT": s3.url,
            "GIROK_S3_ACCESS_KEY": keys.access,
            "GIROK_S3_SECRET_KEY": keys.secret,
            "GIROK_CLUSTER_SECRET": "only-for-tests-of-girok",
        }
        yield Servers(bus, cache, postgres, s3, {**shared, **env})


@asynccontextmanager
async def processes(folder: Path, env: Mapping[str, str], *roles: str) -> AsyncGenerator[list[GirokProcess], None]:
    """A process for each of `roles` ("bff,auth"; "" for all of them), started at once; killed at the end."""
    made: list[GirokProcess] = []
    for number, names in enumerate(roles):
        chosen = ["--roles", names] if names else []
        args = [*chosen, "--grpc-port", str(free_port())]
        made.append(GirokProcess(folder / f"process-{number}", free_port(), args=args, env=dict(env)))
    async with AsyncExitStack() as stack:
        for each in made:
            stack.push_async_callback(each.kill)
        await asyncio.gather(*(each.start() for each in made))
        yield made


@asynccontextmanager
async def girok_up(
    data: Path, *options: str, **env: str
) -> AsyncGenerator[tuple[asyncio.subprocess.Process, int], None]:
    """`girok up`, ready, and the offset of its ports. At the end it is asked to stop, if it still runs."""
    async with girok_starting(data, *options, env=env) as (child, offset):
        async with asyncio.timeout(_UP_SECONDS):
            await _line(child, b"ready\n")
        yield child, offset


@asynccontextmanager
async def girok_starting(
    data: Path, *options: str, offset: int | None = None, env: Mapping[str, str] | None = None
) -> AsyncGenerator[tuple[asyncio.subprocess.Process, int], None]:
    """The same from its first moment on, in a session of its own."""
    offset = free_offset() if offset is None else offset
    command = [sys.executable, "-m", "girok", "up", *options, "--port-offset", str(offset), "--data", str(data)]
    child = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=data.parent,
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )
    try:
        yield child, offset
    finally:
        if child.returncode is None:
            child.terminate()
        await asyncio.wait_for(child.wait(), _UP_SECONDS)


async def _line(child: asyncio.subprocess.Process, wanted: bytes) -> None:
    """Read what it prints until that line. Raises AssertionError when it ends before."""
    if child.stdout is None:
        raise AssertionError("its output was not asked for")
    while (line := await child.stdout.readline()) != wanted:
        if not line:
            _, said = await child.communicate()
            raise AssertionError(f"girok up ended with {child.returncode} before it was ready: {said.decode()}")


def free_offset() -> int:
    """An offset with which every port of `girok up` is free."""
    while True:
        offset = randrange(1_000, 14_000)
        if all(is_free(port) for port in ports_of(discover(), offset)):
            return offset
