"""This process' connection to NATS: made once, kept for as long as the process runs, made anew whenever it breaks.

    connection = NatsConnection(settings.get(Nats).url, name="girok feed,chat")
    await connection.open()
    session = await connection.session()     # waits while NATS is away
    answer = await session.request("$JS.API.INFO")
    await connection.close()

Every connection is a session of its own: what was subscribed or asked on it ends with it (`session.lost`), and whoever
needs it begins again on the next one. nats-py's own reconnecting is off: it keeps what is published while the server is
away and sends it later, which here would be acknowledgements and requests that nobody waits for any more.
"""

import asyncio
import logging
import ssl
from urllib.parse import urlsplit

from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from girok.nats_client import NatsClient
from girok.nats_session import MessageRefused, NatsSession, NatsUnavailable, NoResponders
from girok.refusal import Refusal

__all__ = ["MessageRefused", "NatsConnection", "NatsRefused", "NatsSession", "NatsUnavailable", "NoResponders"]

_CONNECT_SECONDS = 2.0
_PING_SECONDS = 2.0
"""A server that says nothing to two of these in a row is given up: after four to six seconds."""
_LONGEST_PAUSE = 0.5
_LOOK_SECONDS = 0.2
_BUFFER_BYTES = 16 << 20
"""More than a session ever has unsent: nats-py's own way to wait for the server may be for ever."""
_JETSTREAM_SECONDS = 3.0
_log = logging.getLogger("girok.nats")


class NatsRefused(Refusal):
    """`nats.url` is wrong, or the server does not take this process."""


class NatsConnection:
    """The connection of this process; `url` may name several servers of one cluster, with commas between."""

    def __init__(self, url: str, *, name: str = "girok") -> None:
        """Raises NatsRefused for something that is no URL."""
        self._servers = url.split(",")
        self._where = ", ".join(_without_credentials(each) for each in self._servers)
        self._name = name
        self._session: NatsSession | None = None
        self._there = asyncio.Event()
        self._first: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._said = ""
        self._why: Exception | None = None
        self.joined = False
        """Whether NATS was ever reached."""

    @property
    def is_connected(self) -> bool:
        """Whether there is a session now."""
        return self._session is not None and not self._session.lost.done()

    async def open(self) -> None:
        """Connect. When the server is not there yet, says so and goes on trying; see `joined`.

        Raises NatsRefused when the server is there and does not take this process, or has no JetStream.
        """
        self._first = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(), name="nats")
        try:
            await self._first
            if self._session is not None:
                await self._expect_jetstream(self._session)
        except BaseException:
            await self.close()
            raise

    async def session(self) -> NatsSession:
        """The session, as soon as there is one."""
        while self._session is None or self._session.lost.done():
            self._there.clear()
            await self._there.wait()
        return self._session

    def current(self) -> NatsSession:
        """The session now. Raises NatsUnavailable without one."""
        if self._session is None or self._session.lost.done():
            raise NatsUnavailable
        return self._session

    def jetstream(self, timeout: float = 5.0) -> JetStreamContext:
        """nats-py's own JetStream client on the session now. Raises NatsUnavailable without one."""
        return self.current().jetstream(timeout)

    async def probe(self) -> str | None:
        """For `Health.add`: what is wrong while NATS is away."""
        return None if self.is_connected else f"NATS at {self._where} is away"

    async def probe_joined(self) -> str | None:
        """For `Health.add`, vital: what is wrong until NATS was reached for the first time."""
        return None if self.joined else f"NATS at {self._where} was not reached yet"

    async def close(self) -> None:
        """Send what was published, and end the connection. Twice is no error."""
        self._closing = True
        while self._task is not None and not self._task.done():
            # Again and again: nats-py and Python 3.11 lose a cancellation that comes together with a failed connect.
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=_LOOK_SECONDS)
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _run(self) -> None:
        pause = 0.0
        while not self._closing:
            try:
                session = await self._connect()
            except (OSError, NatsError, TimeoutError) as error:
                self._failed(error)
                await asyncio.sleep(pause)
                pause = min(max(2 * pause, 0.05), _LONGEST_PAUSE)
            else:
                pause = 0.0
                self._begin(session)
                await session.watch()
                self._end()

    async def _connect(self) -> NatsSession:
        client = NatsClient()
        session = NatsSession(client)
        seen: list[Exception] = []

        async def on_error(error: Exception) -> None:
            seen.append(error)
            if self._session is session:
                self._why = error
                _log.debug("NATS: %s", error)

        async def on_closed() -> None:
            session.end()

        try:
            async with asyncio.timeout(2 * _CONNECT_SECONDS):
                await client.connect(
                    list(self._servers),
                    name=self._name,
                    error_cb=on_error,
                    closed_cb=on_closed,
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=_CONNECT_SECONDS,  # pyright: ignore[reportArgumentType] - a float does as well
                    ping_interval=_PING_SECONDS,  # pyright: ignore[reportArgumentType]
                    pending_size=_BUFFER_BYTES,
                )
        except (OSError, NatsError, TimeoutError) as error:
            session.abort()
            # "No servers" is what nats-py says in the end; what it met is told to the callback.
            raise (seen[-1] if seen else error) from None
        return session

    def _begin(self, session: NatsSession) -> None:
        if self._said:
            _log.info("NATS at %s is %s", self._where, "back" if self.joined else "there")
            self._said = ""
        self._session = session
        self.joined = True
        self._there.set()
        self._tell_first(None)

    def _end(self) -> None:
        self._session = None
        self._say(f"NATS at {self._where} is lost: {_text(self._why)}; trying to reach it again")
        self._why = None

    def _failed(self, error: Exception) -> None:
        refused = _refusal(error)
        if refused:
            self._say(f"NATS at {self._where}: {refused}", again=True)
            self._tell_first(NatsRefused(f"nats.url (GIROK_NATS_URL): the server at {self._where}: {refused}"))
        else:
            self._say(f"NATS at {self._where} is not there yet: {_text(error)}; waiting for it")
            self._tell_first(None)

    def _say(self, line: str, *, again: bool = False) -> None:
        """Warn once of each outage; `again` when it is something else than before."""
        if not self._said or (again and self._said != line):
            self._said = line
            _log.warning("%s", line)

    def _tell_first(self, error: NatsRefused | None) -> None:
        if self._first is None or self._first.done():
            return
        if error is None:
            self._first.set_result(None)
        else:
            self._first.set_exception(error)

    async def _expect_jetstream(self, session: NatsSession) -> None:
        """Raises NatsRefused when the server has JetStream off; a server that only begins is given some seconds."""
        end = asyncio.get_running_loop().time() + _JETSTREAM_SECONDS
        while True:
            try:
                answer = await session.request("$JS.API.INFO")
            except NoResponders:
                if asyncio.get_running_loop().time() < end:
                    await asyncio.sleep(_LOOK_SECONDS)
                    continue
                why = "it has JetStream switched off"
            except NatsUnavailable:
                return  # gone again: whoever needs it will see
            else:
                if b'"err_code":10039' not in answer.data:
                    return
                why = "JetStream is not enabled for this account"
            raise NatsRefused(f"nats.url (GIROK_NATS_URL): the server at {self._where}: {why}")


def _without_credentials(url: str) -> str:
    """`nats://host:4222` of `nats://user:password@host`. Raises NatsRefused."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 4222
    except ValueError as error:
        raise NatsRefused(f"nats.url (GIROK_NATS_URL): {error}") from error
    if not host:
        raise NatsRefused("nats.url (GIROK_NATS_URL): there is no host in it")
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _refusal(error: Exception) -> str:
    """Why the server does not take us, in words; empty when it may just not be there."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if "authorization violation" in str(error).lower():
        return "it refuses the user, password or token"
    return ""


def _text(error: Exception | None) -> str:
    if error is None:
        return "the connection ended"
    return str(error) or type(error).__name__
