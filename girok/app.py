"""The HTTP application of an open box: its plugins' routes and the kernel's own, behind the edge.

app = build(box)
Server(app.edge, ...)
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from litestar import Litestar

from girok import __version__
from girok.db.statement import Sql
from girok.http.app import build_http
from girok.http.cors import Origins
from girok.http.edge import Edge
from girok.manifest import part
from girok.objects.http import routes as object_routes
from girok.process_status import ProcessStatus, status_command
from girok.sections import Core, Metrics, Web
from girok.telemetry.health import Health
from girok.telemetry.metrics import Metrics as Counters
from girok.telemetry.metrics import Reading
from girok.wiring import Box

__all__ = ["App", "build"]


@dataclass(frozen=True, slots=True)
class App:
    """`edge` is what a server serves, within `lifespan()`; `status` is a control command; `openapi` documents REST."""

    edge: Edge
    lifespan: Callable[[], AbstractAsyncContextManager[None]]
    health: Health
    status: Callable[[dict[str, Any]], Awaitable[ProcessStatus]]
    openapi: Callable[[], dict[str, Any]]

    def drain(self) -> None:
        """From now on the process is not ready, and answers close their connections."""
        self.health.draining = self.edge.draining = True


def build(box: Box) -> App:
    """The application of `box`. Raises Refusal for settings that it cannot serve with."""
    settings = box.settings
    health = Health(settings.get(Metrics))
    health.add("store", lambda: _store(box), vital=True)
    for name, (probe, vital) in box.around.probes.items():
        health.add(name, probe, vital=vital)
    counters = Counters(version=__version__, roles=box.plan.local)
    for each in (box.db, *box.parts):
        counters.watch(_readings(each.counts))
    counters.watch_bus(box.bus.stats)
    modules = [part(name, "http") for name in box.plan.local]
    http = build_http(
        [
            *(object_routes(box.around.files) if box.around.files else ()),
            *(route for module in modules if module is not None for route in module.routes(box.kit)),
        ],
        settings=settings,
        roles={name: box.manifests[name].summary for name in box.plan.local},
        health=health,
        metrics=counters,
        origins=Origins(settings.get(Web).origins, development=settings.get(Core).mode == "development"),
        clock=box.kit.clock,
    )
    status = status_command(box.plan.local, health)
    return App(http.edge, http.litestar.lifespan, health, status, lambda: _openapi(http.litestar))


def _openapi(app: Litestar) -> dict[str, Any]:
    from girok.http.openapi.document import document

    return document(app)


def _readings(counts: Callable[[], Mapping[str, int]]) -> Mapping[str, Reading]:
    return {name: lambda name=name: counts()[name] for name in counts()}


async def _store(box: Box) -> None:
    """The store answers a read; else what it raises is why not."""
    await box.db.fetch(Sql("SELECT 1"))
