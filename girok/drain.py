"""The end of a serving process: what runs is finished, what comes too late is told so, and all of it in time.

    clean = await drain(box, app, control, server, serving)

At once the process is not ready and its answers close their connections. For an instant it still serves: what was sent
before the signal may be on its way yet. After that new requests are refused with 503, while the listener stays open for
probes, and the control socket for `girok status`, until the last request is answered and the last delivery done. Then
running control commands may end, too.
"""

import asyncio
import logging
from collections.abc import Sequence

from granian.server.embed import Server

from girok.app import App
from girok.control import ControlServer
from girok.http.edge import Edge
from girok.sections import Drain
from girok.surroundings import Part
from girok.wiring import Box

__all__ = ["drain"]

_ON_ITS_WAY_SECONDS = 0.25
_RESERVE_SECONDS = 2.0
"""Kept for what follows once nobody is waited for any more: closing the store takes its time, too."""
_log = logging.getLogger(__name__)


async def drain(box: Box, app: App, control: ControlServer, server: Server, serving: asyncio.Task[None]) -> bool:
    """Stop serving within `drain.seconds`. False when a request or a delivery had to be cut off.

    Raises what the server raised.
    """
    app.drain()
    seconds = box.settings.get(Drain).seconds
    reserve = min(_RESERVE_SECONDS, seconds / 2)
    end = _now() + seconds - reserve
    answered, delivered = await asyncio.gather(
        _requests(app.edge, seconds - reserve, reserve / 4), _parts(box.parts, seconds - reserve)
    )
    await control.stop(max(end - _now(), 0.0))
    server.stop()
    # A connection without a request on it is nobody's loss: kept alive, or with a head that never ends.
    ended, _ = await asyncio.wait([serving], timeout=reserve / 4)
    for each in ended:
        each.result()
    return answered and delivered


async def _requests(edge: Edge, seconds: float, more: float) -> bool:
    """Answer what was sent. A body that is not here by then is given up, and whoever sends it told so."""
    end = _now() + seconds
    await asyncio.sleep(min(_ON_ITS_WAY_SECONDS, seconds / 4))
    edge.refusing = True
    if await edge.idle(end - _now()):
        return True
    edge.arrivals.give_up()
    if await edge.idle(more):
        return True
    _log.warning("%d requests did not end in %g s and are cut off", edge.in_flight, seconds)
    edge.cut_off()
    await edge.idle(more)
    return False


async def _parts(parts: Sequence[Part], seconds: float) -> bool:
    """Deliveries and calls of other processes; whether all of them ended in time."""
    end = _now() + seconds
    await asyncio.gather(*(each.drain(seconds) for each in parts))
    return _now() < end


def _now() -> float:
    return asyncio.get_running_loop().time()
