"""A serving process: opens the box, listens, waits for a signal, drains.

granian is embedded (`granian.server.embed`): the process is one process, on one loop, and girok owns its signals. The
port is tried with a plain bind first, since granian would share a taken one silently (SO_REUSEPORT).
"""

import asyncio
import errno
import gc
import signal
import socket
import sys
from collections.abc import Coroutine, Mapping
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from girok import __version__
from girok.app import App, build
from girok.control import ControlServer
from girok.manifest import Manifest
from girok.refusal import Refusal
from girok.roles import Plan
from girok.sections import Drain, Http
from girok.settings import Settings
from girok.telemetry import logs
from girok.wiring import Box, open_box

__all__ = ["ControlRefused", "PortInUse", "run_on_uvloop", "serve"]

_BACKLOG = 1024
_HEADER_SECONDS = 10
_LET_GO_SECONDS = 0.5


class PortInUse(Refusal):
    """Somebody listens there already, or this user may not, or there is no such address."""


class ControlRefused(Refusal):
    """Something has the name of the control socket, or it cannot be made."""


def run_on_uvloop(main: Coroutine[Any, Any, int]) -> int:
    """Run `main` on a uvloop loop to its end; what it returned."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def serve(settings: Settings, manifests: Mapping[str, Manifest], plan: Plan) -> int:
    """Serve until SIGTERM or SIGINT; 0 after a drain in time, 1 when something had to be cut off.

    Raises Refusal when the process cannot start as configured.
    """
    http = settings.get(Http)
    port = claim(http.host, http.port)
    url = _url(http.host, port)
    stop = _stop_on_signals()
    async with open_box(settings, manifests, plan, base_url=url) as box:
        app = build(box)
        control = await _control(box, app)
        await box.bus.start()
        # What the start made stays: without it in the way, later collections are short.
        gc.collect()
        gc.freeze()
        server = _server(app, http, port)
        serving = asyncio.create_task(server.serve())
        _announce(box, url)
        await asyncio.wait([serving, stop], return_when=asyncio.FIRST_COMPLETED)
        clean = await _drain(box, app, control, server, serving)
    return 0 if clean and stop.done() else 1


def claim(host: str, port: int) -> int:
    """The port to listen on, found free (any free one for 0). Raises PortInUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            # As servers do: a port in TIME_WAIT is free, one that somebody listens on is not.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen(1)
        except (OSError, UnicodeError) as error:
            raise PortInUse(_why(error, host, port)) from error
        return int(probe.getsockname()[1])


def _why(error: OSError | UnicodeError, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"http.port (GIROK_HTTP_PORT): {host}:{port} is in use by another process"
    key = "http.port (GIROK_HTTP_PORT)" if isinstance(error, PermissionError) else "http.host (GIROK_HTTP_HOST)"
    why = error.strerror if isinstance(error, OSError) else "that is no host name"
    return f"{key}: cannot listen on {host}:{port}: {why}"


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _stop_on_signals() -> asyncio.Future[None]:
    """Done at the first SIGTERM or SIGINT; later ones change nothing."""
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[None] = loop.create_future()

    def ask() -> None:
        if not stop.done():
            stop.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)
    return stop


async def _control(box: Box, app: App) -> ControlServer:
    """The control socket, listening. Raises ControlRefused."""
    control = ControlServer(box.data, {**box.commands, "status": app.status})
    try:
        await control.start()
    except OSError as error:
        raise ControlRefused(f"the control socket in {box.data} cannot be opened: {error}") from error
    return control


def _server(app: App, http: Http, port: int) -> Server:
    return Server(
        app.edge,
        address=http.host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        backlog=_BACKLOG,
        backpressure=_BACKLOG,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_SECONDS * 1000),
        log_dictconfig=logs.granian_logging(),
        log_level=LogLevels.warning,
        log_access=False,
    )


def _announce(box: Box, url: str) -> None:
    roles = ", ".join(box.plan.local)
    sys.stdout.write(f"girok {__version__} ({roles}) at {url}  data in {box.data}\n")
    sys.stdout.flush()


async def _drain(box: Box, app: App, control: ControlServer, server: Server, serving: asyncio.Task[None]) -> bool:
    """Not ready, running requests and events finish, then the listener closes; False when time ran out."""
    seconds = box.settings.get(Drain).seconds
    app.drain()
    clean = True
    try:
        async with asyncio.timeout(seconds):
            await app.edge.idle(seconds)
            server.stop()
            await serving
            await box.bus.drain(seconds)
    except TimeoutError:
        clean = False
        serving.cancel()
    await control.stop()
    # granian's own threads let go of kept-alive connections a moment after its server returned.
    await asyncio.sleep(_LET_GO_SECONDS)
    return clean
