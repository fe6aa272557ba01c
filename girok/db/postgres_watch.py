"""Whether the server is there, told by one connection that asks it every second, and whose store it is.

A server that is gone, or silent for two seconds, is away: every connection is cut and every caller is told at once,
until it answers again. So a statement may take as long as it needs, and nobody waits for one that has no answer.

The same connection holds an advisory lock on the database: one box has it for itself (`alone`), the processes of a
cluster share it. It is lost with the connection. Whoever finds it taken then does not serve.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from girok.db.database import StoreUnavailable, StoreUnreadable
from girok.db.postgres_errors import ERRORS
from girok.db.postgres_locks import LOCKS, STORE_LOCK
from girok.db.postgres_pool import Link
from girok.db.postgres_server import URL_KEY, Server, reason
from girok.errors import Text

__all__ = ["StoreTaken", "Watch"]

_BEAT_SECONDS = 1.0
_SILENT_SECONDS = 2.0
_AGAIN_SECONDS = 0.2
_LOCK = {
    True: f"SELECT pg_try_advisory_lock({LOCKS}, {STORE_LOCK})",
    False: f"SELECT pg_try_advisory_lock_shared({LOCKS}, {STORE_LOCK})",
}
_HOLDER = (
    "SELECT l.pid, coalesce(nullif(a.application_name, ''), 'another process') AS name "
    "FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.pid <> pg_backend_pid() "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND l.classid = $1 AND l.objid = $2 AND l.objsubid = 2 LIMIT 1"
)
_log = logging.getLogger("girok.db")


class StoreTaken(StoreUnavailable):
    """Another girok has the store now."""

    reason = "STORE_TAKEN"


class Watch:
    """The one connection that watches. `cut` is called when the server turns out to be away."""

    def __init__(self, server: Server, cut: Callable[[], None], *, alone: bool) -> None:
        self._server = server
        self._cut = cut
        self._alone = alone
        self._trouble: StoreUnavailable | None = None
        self._told: type[Exception] | None = None
        """What the log has last said, None when all is well."""
        self._since = 0.0
        self._backend = 0
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None

    def check(self) -> None:
        """Raises StoreUnavailable while the server is away, StoreTaken while somebody else has the store."""
        if self._trouble is not None:
            raise type(self._trouble) from self._trouble

    async def start(self) -> None:
        """Connect and take the lock. Raises StoreUnreadable."""
        try:
            self._link = await self._hold(await self._server.first())
        except StoreUnreadable:
            raise
        except StoreUnavailable as error:
            why = error if isinstance(error, StoreTaken) else f"{self._server.place} is away again: {reason(error)}"
            raise StoreUnreadable(f"{URL_KEY}: {why}") from error
        self._trouble = self._told = None
        self._task = asyncio.get_running_loop().create_task(self._watch(self._link), name="girok watches PostgreSQL")

    async def stop(self) -> None:
        """Close the connection; the lock is free after that. Twice is no error."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if self._link is not None:
            with suppress(*ERRORS):
                await self._link.close(timeout=_SILENT_SECONDS)

    async def _watch(self, link: Link) -> None:
        while True:
            silent = await _until_lost(link)
            link.terminate()
            if silent:
                self._say(_silence())
            elif self._alone:
                self._trouble = StoreUnavailable()  # nobody knows whose the store is now
            self._link = link = await self._return()

    async def _return(self) -> Link:
        """A new connection with the lock, however long it takes."""
        while True:
            try:
                link = await self._hold(await self._server.connect())
            except Exception as error:  # noqa: BLE001 - the boundary: nothing ends the watch
                self._say(error)
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            if self._told is not None:
                _log.warning("PostgreSQL at %s is back after %.1f s", self._server.place, _now() - self._since)
            self._trouble = self._told = None
            return link

    async def _hold(self, link: Link) -> Link:
        """The same connection with the lock. Raises StoreUnavailable, StoreTaken; then it is closed."""
        try:
            async with asyncio.timeout(_SILENT_SECONDS):
                await self._take(link)
        except ERRORS as error:
            link.terminate()
            raise StoreUnavailable from error
        except BaseException:
            link.terminate()
            raise
        self._backend = link.get_server_pid()
        return link

    async def _take(self, link: Link) -> None:
        if await link.fetchval(_LOCK[self._alone]):
            return
        holder = await link.fetchrow(_HOLDER, LOCKS, STORE_LOCK)
        if holder is not None and holder["pid"] == self._backend:
            # The connection that this process lost; the server has not missed it yet.
            await link.execute(f"SELECT pg_terminate_backend({self._backend})")
            raise StoreUnavailable
        name = holder["name"] if holder is not None else "another process"
        message = f"the database {self._server.place} is in use by {name}"
        raise StoreTaken(Text(message, message))

    def _say(self, error: Exception) -> None:
        """Serve nobody from now on; say so once."""
        self._trouble = error if isinstance(error, StoreTaken) else StoreUnavailable()
        if self._told is type(error):
            return
        if self._told is None:
            self._since = _now()
        self._told = type(error)
        self._cut()
        if isinstance(error, StoreTaken):
            _log.error("%s: nothing is read or written here until it is free again", error)
        else:
            _log.warning("PostgreSQL at %s is away: %s", self._server.place, reason(error))


async def _until_lost(link: Link) -> bool:
    """Return when the connection is lost, True when it is silent."""
    lost = asyncio.Event()
    link.add_termination_listener(lambda _: lost.set())
    while not link.is_closed():
        beat = asyncio.ensure_future(link.execute("SELECT 1"))
        beat.add_done_callback(_retrieve)
        # In two looks: when this process itself was stopped for a while, the answer is read between them.
        for _ in range(2):
            await asyncio.wait({beat}, timeout=_SILENT_SECONDS / 2)
        if not beat.done():
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(_BEAT_SECONDS):
                await lost.wait()
    return False


def _silence() -> StoreUnavailable:
    error = StoreUnavailable()
    error.__cause__ = TimeoutError()
    return error


def _now() -> float:
    return asyncio.get_running_loop().time()


def _retrieve(beat: "asyncio.Future[str]") -> None:
    """What went wrong shows in the connection; the loop would complain of an error that nobody asked for."""
    if not beat.cancelled():
        beat.exception()
