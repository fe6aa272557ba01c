"""A serving process: opens the box, listens, waits for a signal, drains.

granian is embedded (`granian.server.embed`): the process is one process, on one loop, and girok owns its signals. The
port is claimed with a plain bind first, since granian would share a taken one silently (SO_REUSEPORT).
"""

import asyncio
import atexit
import errno
import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from girok import __version__
from girok.app import App, build
from girok.control import ControlServer
from girok.drain import drain
from girok.manifest import Manifest
from girok.refusal import Refusal
from girok.roles import Plan
from girok.sections import Http, Traces
from girok.settings import Settings
from girok.telemetry import logs, tracing
from girok.wiring import Box, open_box

__all__ = ["ControlRefused", "PortInUse", "run_on_uvloop", "serve"]

_BACKLOG = 1024
_MOST_CONNECTIONS = 16_384
"""At 10 KB each when they are idle."""
_OTHER_FILES = 256
"""Files that are open beside connections: the store's, objects on their way, the control socket's clients."""
_IDLE_SECONDS = 75
"""How long a connection may wait for the head of a request: longer than proxies keep an idle one (60 s, mostly), or
they would find it closed just when they send."""
_LAST_SPANS_SECONDS = 2.0
_log = logging.getLogger(__name__)


class PortInUse(Refusal):
    """Somebody listens there already, or this user may not, or there is no such address."""


class ControlRefused(Refusal):
    """Something has the name of the control socket, or it cannot be made."""


def run_on_uvloop(main: Coroutine[Any, Any, int]) -> NoReturn:
    """Run `main` on a uvloop loop and end the process with the exit code that it returns. Raises what it raises.

    The interpreter is not taken down in order: threads of granian's may still hold objects, and would abort the process
    when they let go of one after that. What is to be kept was closed by `main`.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(main)
    atexit._run_exitfuncs()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - what Python would do before that
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


async def serve(settings: Settings, manifests: Mapping[str, Manifest], plan: Plan) -> int:
    """Serve until SIGTERM or SIGINT; 0 after a drain in time, 1 when something had to be cut off.

    Raises Refusal when the process cannot start as configured.
    """
    http = settings.get(Http)
    port = http.port if settings.source("http.port") else plan.http_port or http.port
    stop = _stop_on_signals()
    with claim(http.host, port) as (address, port), _cut_short(stop) as opened:
        async with open_box(settings, manifests, plan, base_url=_url(http.host, port)) as box:
            opened()
            return await _serve(box, stop, address, port)
    return 0


@contextmanager
def _cut_short(stop: asyncio.Future[None]) -> Generator[Callable[[], None]]:
    """A signal ends the body, which may wait for a server that is late, until it calls what it is given."""
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("no task runs here")

    def cancel(_: object) -> None:
        task.cancel()

    def opened() -> None:
        stop.remove_done_callback(cancel)

    stop.add_done_callback(cancel)
    try:
        yield opened
    except asyncio.CancelledError:
        if not stop.done():
            raise
        task.uncancel()


async def _serve(box: Box, stop: asyncio.Future[None], address: str, port: int) -> int:
    settings = box.settings
    url = _url(settings.get(Http).host, port)
    app = build(box)
    control = await _control(box, app)
    tracing.start(settings.get(Traces), box.plan.local)
    async with app.lifespan():
        for each in box.parts:
            await each.start()
        # What the start made stays: without it in the way, later collections are short.
        gc.collect()
        gc.freeze()
        server = _server(app, address, port)
        serving = asyncio.create_task(server.serve())
        await _until_listening(serving, address, port)
        _announce(box, url)
        await asyncio.wait([serving, stop], return_when=asyncio.FIRST_COMPLETED)
        clean = await drain(box, app, control, server, serving)
    with suppress(TimeoutError):  # a collector that is away does not hold up the end
        await asyncio.wait_for(asyncio.to_thread(tracing.stop), _LAST_SPANS_SECONDS)
    return 0 if clean and stop.done() else 1


@contextmanager
def claim(host: str, port: int) -> Generator[tuple[str, int]]:
    """The IP address and the port to listen on, found free (any free one for 0). Raises PortInUse.

    Nobody else who claims it gets it meanwhile: of two processes that start at once, one serves.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as held:
        try:
            # As servers do: a port in TIME_WAIT is free, one that somebody listens on is not.
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind((host, port))
        except (OSError, UnicodeError) as error:
            raise PortInUse(_why(error, host, port)) from error
        # From now on it is shared with our own server, which asks for that, and with no plain bind.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        address, port, *_ = held.getsockname()
        yield address, port


def _why(error: OSError | UnicodeError, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"http.port (GIROK_HTTP_PORT): {host}:{port} is in use by another process"
    key = "http.port (GIROK_HTTP_PORT)" if isinstance(error, PermissionError) else "http.host (GIROK_HTTP_HOST)"
    why = error.strerror if isinstance(error, OSError) else "that is no host name"
    return f"{key}: cannot listen on {host}:{port}: {why}"


def _url(host: str, port: int) -> str:
    """Where this machine reaches it; every address is the loopback one, too."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _stop_on_signals() -> asyncio.Future[None]:
    """Done at the first SIGTERM or SIGINT; later ones change nothing.

    The handlers are the process', not the loop's: that would take them away when it closes, and a second signal at that
    moment would kill the process.
    """
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[None] = loop.create_future()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: stop.done() or stop.set_result(None))

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return stop


async def _control(box: Box, app: App) -> ControlServer:
    """The control socket, listening. Raises ControlRefused."""
    control = ControlServer(box.data, {**box.commands, "status": app.status})
    try:
        await control.start()
    except OSError as error:
        raise ControlRefused(f"the control socket in {box.data} cannot be opened: {error}") from error
    return control


def _server(app: App, address: str, port: int) -> Server:
    return Server(
        app.edge,
        address=address,
        port=port,
        interface=Interfaces.ASGINL,  # the lifespan is entered here, whatever becomes of connections
        http=HTTPModes.http1,
        backlog=_BACKLOG,
        backpressure=_connections(),
        http1_settings=HTTP1Settings(header_read_timeout=_IDLE_SECONDS * 1000),
        log_dictconfig=logs.granian_logging(),
        log_level=LogLevels.warning,
        log_access=False,
    )


async def _until_listening(serving: asyncio.Task[None], address: str, port: int) -> None:
    """Return once a connection is taken. Raises what the server raised."""
    while not serving.done():
        with suppress(ConnectionError):
            _, writer = await asyncio.open_connection(address, port)
            writer.close()
            return
        await asyncio.sleep(0.001)
    serving.result()


def _connections() -> int:
    """How many connections may be open: granian accepts no more before one is closed, and idle ones count."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _OTHER_FILES
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - _OTHER_FILES, 1)


def _announce(box: Box, url: str) -> None:
    roles = ", ".join(box.plan.local)
    try:
        sys.stdout.write(f"girok {__version__} ({roles}) at {url}  data in {box.data}\n")
        sys.stdout.flush()
    except OSError as error:  # nobody reads it, or its disk is full: no reason not to serve
        _log.warning("standard output cannot be written: %s", error.strerror)
