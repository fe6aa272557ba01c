"""The HTTP application of a process: Litestar with every route, behind the edge.

    http = build_http(handlers, settings=settings, roles={"feed": "posts and timelines"}, health=health, ...)
    Server(http.edge, interface="asgi", ...)

Litestar's default plugins import pydantic and attrs when they are installed, which takes as long as all the rest
together; only msgspec's is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from litestar import Litestar
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from girok import __version__
from girok.clock import Clock
from girok.http.body_limits import BodyLimits
from girok.http.cors import Cors, Origins
from girok.http.decode import JsonRequest
from girok.http.edge import Edge
from girok.http.landing import landing
from girok.http.openapi.routes import routes as schema_routes
from girok.http.problems import exception_handlers
from girok.http.proxies import Proxies
from girok.sections import Http, Log
from girok.settings import Settings
from girok.telemetry.health import Health
from girok.telemetry.metrics import Metrics

__all__ = ["HttpApp", "Lifespan", "build_http"]

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


class HttpApp(NamedTuple):
    """`edge` is what the server serves; `litestar`, inside of it, has the routes."""

    litestar: Litestar
    edge: Edge


class _Lean(Litestar):
    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def build_http(
    handlers: Sequence[ControllerRouterHandler],
    *,
    settings: Settings,
    roles: Mapping[str, str],
    health: Health,
    metrics: Metrics,
    origins: Origins,
    clock: Clock,
    lifespan: Sequence[Lifespan] = (),
) -> HttpApp:
    """The application with these routes, /livez, /readyz, /metrics and a page at /; /schema where there is REST.

    `roles` are those of this process with what they do; `lifespan` is entered when the server starts.
    """
    litestar = _Lean(
        [*health.routes(metrics), landing(roles, __version__), *handlers],
        request_class=JsonRequest,
        exception_handlers=exception_handlers(clock),
        lifespan=list(lifespan),
        openapi_config=None,  # ours (openapi/) says what the handlers' annotations do not
        logging_config=None,
        request_max_body_size=None,  # the edge's, which also holds for what Litestar does not read
        debug=False,
        pdb_on_exception=False,
    )
    for each in schema_routes(litestar):
        litestar.register(each)
    _answer_options(litestar)
    http = settings.get(Http)
    edge = Edge(
        litestar,
        cors=Cors(origins),
        metrics=metrics,
        clock=clock,
        limits=BodyLimits(litestar, http.max_body),
        access_log=settings.get(Log).access,
        proxies=Proxies(http.trusted_proxies) if http.trusted_proxies else None,
    )
    metrics.watch({"girok_http_requests_in_flight": lambda: edge.in_flight})
    return HttpApp(litestar, edge)


def _answer_options(app: Litestar) -> None:
    """Let OPTIONS name every method of a path: where a path has several handlers, Litestar names the first one's."""
    for route in app.routes:
        if isinstance(route, HTTPRoute) and len(route.methods) > 2:
            handler = route.create_options_handler(route.path)
            handler.owner = route.route_handlers[0].owner
            handler.on_registration(app)
            model = handler.create_kwargs_model(path_parameters=route.path_parameters)
            route.route_handler_map["OPTIONS"] = (handler, model)
