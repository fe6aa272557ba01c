"""The PostgreSQL server of `database.url`: how a connection to it is opened, and what is said when it cannot be."""

import asyncio
import logging
import os
import socket
import ssl
from urllib.parse import urlsplit

import asyncpg

from girok.db.database import StoreUnavailable, StoreUnreadable
from girok.db.postgres_pool import Link

__all__ = ["URL_KEY", "Server", "reason"]

URL_KEY = "database.url (GIROK_DATABASE_URL)"
_LATE_SECONDS = 15.0
"""How long a server that does not answer is waited for at the start."""
_CONNECT_SECONDS = 2.0
_PAUSE_SECONDS = 0.2
_CACHED_STATEMENTS = 1024

_SESSION = {
    # A statement outside of a unit reads; see Database.fetch.
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "read committed",
    # A sequential scan in a unit is a read of the whole table: every other unit that writes to it would be a conflict.
    # Small tables are scanned unless this is off. Measured with 200 rows: 435 reruns of 1000 follows, without it 29.
    "enable_seqscan": "off",
    "jit": "off",
    # A long read of a process that is gone ends, too.
    "client_connection_check_interval": "1s",
    # A process that stopped in the middle of a unit must not hold its locks for long, nor a machine that is gone.
    "idle_in_transaction_session_timeout": "10s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_UNUSABLE = (
    "no client of PostgreSQL can use this URL; one is like postgresql://user:password@host:5432/girok "
    "(in a password, write @ : / ? # % as %40 %3A %2F %3F %23 %25)"
)
_log = logging.getLogger("girok.db")


class Server:
    """A server and a database on it. `place` is where, without user and password."""

    def __init__(self, url: str) -> None:
        """Raises StoreUnreadable for a URL that cannot be one."""
        self._url = url
        self.place = _place(url)

    async def first(self) -> Link:
        """The first connection of a start: waits for a server that comes late.

        Raises StoreUnreadable, at once when waiting does not help.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + _LATE_SECONDS
        told = False
        while True:
            try:
                return await self.connect()
            except StoreUnreadable:
                raise
            except StoreUnavailable as error:
                why = reason(error)
                if loop.time() >= end:
                    raise StoreUnreadable(
                        f"{URL_KEY}: PostgreSQL at {self.place} does not answer within {_LATE_SECONDS:g} s: {why}"
                    ) from error
                if not told:
                    _log.warning("PostgreSQL at %s does not answer: %s; waiting for it", self.place, why)
                    told = True
            await asyncio.sleep(_PAUSE_SECONDS)

    async def connect(self) -> Link:
        """A connection. Raises StoreUnavailable with its cause; StoreUnreadable when trying again does not help."""
        try:
            link: Link = await asyncpg.connect(
                self._url,
                timeout=_CONNECT_SECONDS,
                statement_cache_size=_CACHED_STATEMENTS,
                max_cached_statement_lifetime=0,
                server_settings={**_SESSION, "application_name": f"girok {os.getpid()} on {socket.gethostname()}"[:63]},
            )
        except Exception as error:
            raise _told(self.place, error) from error
        encoding = link.get_settings().server_encoding
        if encoding != "UTF8":
            await link.close()
            raise StoreUnreadable(f"{URL_KEY}: {self.place} stores texts as {encoding}: make a database with UTF8")
        return link


def reason(error: BaseException) -> str:
    """Why a connection could not be opened, in a few words."""
    cause = error.__cause__ or error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, ConnectionError) and cause.errno:
        return os.strerror(cause.errno)
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return text.partition("\n")[0] or type(cause).__name__


def _told(place: str, error: Exception) -> Exception:
    """What to say of an error of asyncpg.connect; its own text may hold parts of the URL."""
    match error:
        case asyncpg.InvalidCatalogNameError():
            return StoreUnreadable(f"{URL_KEY}: PostgreSQL has no database of the name in {place}")
        case asyncpg.InvalidPasswordError():
            return StoreUnreadable(f"{URL_KEY}: PostgreSQL at {place} refuses the user or the password")
        case asyncpg.InvalidAuthorizationSpecificationError() | asyncpg.InsufficientPrivilegeError():
            return StoreUnreadable(f"{URL_KEY}: PostgreSQL at {place} does not let this user in from here")
        case ssl.SSLCertVerificationError():
            return StoreUnreadable(f"{URL_KEY}: PostgreSQL at {place} has no valid certificate: {error.verify_message}")
        case asyncpg.ClientConfigurationError() | ValueError():
            return StoreUnreadable(f"{URL_KEY}: {_UNUSABLE}")
        case _:
            return StoreUnavailable()


def _place(url: str) -> str:
    parts = urlsplit(url)
    # What follows an unescaped / or ? in a password would pass for the rest of the URL, and be shown.
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        raise StoreUnreadable(f"{URL_KEY}: {_UNUSABLE}")
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}"
