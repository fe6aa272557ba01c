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

__all__ = ["PortInUse", "run_on_uvloop", "serve"]

_BACKLOG = 1024
_HEADER_SECONDS = 10


class PortInUse(Refusal):
    """Somebody listens there already, or this user may not."""


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
    stop = _stop_on_signals()
    async with open_box(settings, manifests, plan) as box:
        app = build(box, port)
        control = ControlServer(box.data, {**box.commands, "status": app.status})
        await box.bus.start()
        await control.start()
        # What the start made stays: without it in the way, later collections are short.
        gc.collect()
        gc.freeze()
        server = _server(app, http, port)
        serving = asyncio.create_task(server.serve())
        app.health.ready()
        _announce(box, http, port)
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
        except OSError as error:
            raise PortInUse(f"http.port (GIROK_HTTP_PORT): {_why(error, host, port)}") from error
        return int(probe.getsockname()[1])


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{host}:{port} is in use by another process"
    return f"cannot listen on {host}:{port}: {error.strerror}"


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


def _server(app: App, http: Http, port: int) -> Server:
    return Server(
        app.asgi,
        address=http.host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        backlog=_BACKLOG,
        backpressure=_BACKLOG,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_SECONDS * 1000),
        log_dictconfig=logs.GRANIAN,
        log_access=False,
    )


def _announce(box: Box, http: Http, port: int) -> None:
    host = f"[{http.host}]" if ":" in http.host else http.host
    roles = ", ".join(box.plan.local)
    sys.stdout.write(f"girok {__version__} ({roles}) at http://{host}:{port}  data in {box.data}\n")
    sys.stdout.flush()


async def _drain(box: Box, app: App, control: ControlServer, server: Server, serving: asyncio.Task[None]) -> bool:
    """Not ready, running requests and events finish, then the listener closes; False when time ran out."""
    seconds = box.settings.get(Drain).seconds
    app.health.drain()
    clean = True
    try:
        async with asyncio.timeout(seconds):
            await app.edge.idle()
            server.stop()
            await serving
            await box.bus.drain()
    except TimeoutError:
        clean = False
        serving.cancel()
    await control.stop()
    return clean
