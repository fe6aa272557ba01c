"""Runs what layout.py laid out, until it is told to stop.

Every child has a session of its own, so a signal to the group of `girok up` (Ctrl-C in a terminal) reaches only that:
it ends the roles first, each of them drains, and then the servers. What ends by itself is started again.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Mapping, Sequence

from girok.cli.table import table
from girok.refusal import Refusal
from girok.servers.process import ServerNotReady
from girok.up.layout import Layout, Place

__all__ = ["PortsInUse", "run_cluster"]

_START_SECONDS = 120.0
_TELL_SECONDS = 20.0
"""After which a start that takes long is told of: on a machine that has much else to do it does."""
_LOOK_SECONDS = 0.5
_LONGEST_PAUSE = 30.0
_PATIENCE_SECONDS = 2.0
_SERVER_STOP_SECONDS = 10.0
Say = Callable[[str], None]


class PortsInUse(Refusal):
    """Others listen on ports of the cluster."""


async def run_cluster(layout: Layout, say: Say, *, drain_seconds: float) -> int:
    """Start everything, say `ready`, and stop everything at SIGTERM or SIGINT; then 0. Raises Refusal."""
    await _claim([*layout.servers, *layout.roles])
    stop = _stop_on_signals()
    try:
        starting = asyncio.create_task(_start(layout, say))
        await asyncio.wait([starting, stop], return_when=asyncio.FIRST_COMPLETED)
        if stop.done():
            starting.cancel()
            await asyncio.wait([starting])
        else:
            starting.result()
            say(_told(layout))
            say("ready")
            await _watch(layout, stop, say)
    finally:
        await asyncio.gather(*(each.process.stop(drain_seconds) for each in layout.roles))
        await asyncio.gather(*(each.process.stop(_SERVER_STOP_SECONDS) for each in layout.servers))
    return 0


async def _start(layout: Layout, say: Say) -> None:
    """The servers, all at once, then the roles, all at once. Raises what the first one that failed raised."""
    late: dict[str, Place] = {}
    telling = asyncio.create_task(_tell(late, say))
    try:
        for places in (layout.servers, layout.roles):
            late.update({each.name: each for each in places})
            async with asyncio.TaskGroup() as group:
                for each in places:
                    group.create_task(_start_one(each, late))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    finally:
        telling.cancel()


async def _start_one(place: Place, late: dict[str, Place]) -> None:
    await place.process.start(_START_SECONDS)
    del late[place.name]


async def _tell(late: Mapping[str, Place], say: Say) -> None:
    """Say what is waited for, now and then. Does not end."""
    while True:
        await asyncio.sleep(_TELL_SECONDS)
        if late:
            say(f"waiting for {', '.join(late)}")


async def _watch(layout: Layout, stop: asyncio.Future[None], say: Say) -> None:
    """Start again what ends, until `stop`."""
    keeping = [asyncio.create_task(_keep(each, say)) for each in (*layout.servers, *layout.roles)]
    await stop
    for each in keeping:
        each.cancel()
    await asyncio.wait(keeping)


async def _keep(place: Place, say: Say) -> None:
    """Start it again whenever it ends, each time in a row that it cannot be started a while later. Does not end."""
    pause = _LOOK_SECONDS
    while True:
        await asyncio.sleep(pause)
        if place.process.running:
            pause = _LOOK_SECONDS
            continue
        say(f"{place.name} ended with {place.process.exit_code}: it is started again")
        try:
            await place.process.start(_START_SECONDS)
        except ServerNotReady as error:
            say(str(error))
            pause = min(2 * pause, _LONGEST_PAUSE)


async def _claim(places: Sequence[Place]) -> None:
    """Raises PortsInUse with every port that somebody has.

    Some lie where the system takes ports for clients from: one of those is free again in a moment.
    """
    end = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while taken := [f"{port} ({each.name})" for each in places for port in each.ports if not _is_free(port)]:
        if asyncio.get_running_loop().time() < end:
            await asyncio.sleep(_LOOK_SECONDS)
            continue
        raise PortsInUse(f"in use by another process: port {', '.join(taken)}; --port-offset N moves all ports by N")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True


def _stop_on_signals() -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[None] = loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: stop.done() or stop.set_result(None))
    return stop


def _told(layout: Layout) -> str:
    rows = [
        (each.name, each.process.url if each in layout.roles else "", ", ".join(map(str, each.ports)), _log_of(each))
        for each in [*layout.roles, *layout.servers]
    ]
    return table(("process", "at", "ports", "log"), rows)


def _log_of(place: Place) -> str:
    return str(place.process.folder / "server.log")
