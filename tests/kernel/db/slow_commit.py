"""A COMMIT of PostgreSQL that takes as long as one likes: the server waits for a standby that nobody has."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from girok.servers.process import ServerProcess

__all__ = ["AT_ONCE", "committing", "waiting_for_nobody"]

AT_ONCE = "synchronous_commit=local"
"""For the query of a URL: commits of these connections wait for nobody."""
_LOOK_SECONDS = 0.01


@asynccontextmanager
async def waiting_for_nobody(server: ServerProcess) -> AsyncGenerator[None, None]:
    """Meanwhile commits are not done, unless they are told to be AT_ONCE."""
    operator = await asyncpg.connect(f"{server.url}?{AT_ONCE}")
    try:
        await operator.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        await operator.execute("SELECT pg_reload_conf()")
        while True:  # until the server has read it
            probe = await asyncpg.connect(server.url)
            async with committing(probe, operator, "SELECT pg_logical_emit_message(true, '', '')") as is_waiting:
                if is_waiting:
                    break
        yield
    finally:
        await operator.execute("ALTER SYSTEM RESET synchronous_standby_names")
        await operator.execute("SELECT pg_reload_conf()")
        await operator.close()


@asynccontextmanager
async def committing(
    connection: asyncpg.Connection, operator: asyncpg.Connection, command: str = "COMMIT"
) -> AsyncGenerator[bool, None]:
    """`command` commits on `connection`, and is done after the body; whether it waits. It ends the connection."""
    pid = connection.get_server_pid()
    done = asyncio.create_task(connection.execute(command))
    waits = "SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = $1"
    while not (done.done() or await operator.fetchval(waits, pid)):
        await asyncio.sleep(_LOOK_SECONDS)
    try:
        yield not done.done()
    finally:
        await operator.execute(f"SELECT pg_cancel_backend({pid})")
        await done
        await connection.close()
