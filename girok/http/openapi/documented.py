"""Which routes belong to the document."""

from collections.abc import Iterator

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

__all__ = ["documented"]


def documented(app: Litestar) -> Iterator[tuple[HTTPRoute, str, HTTPRouteHandler]]:
    """The routes that belong to the document, with each of their methods, by path and method."""
    for route in sorted(app.routes, key=lambda each: each.path):
        if isinstance(route, HTTPRoute):
            # Litestar keeps a path's handlers in the order of a set.
            handlers = {method: each for each in route.route_handlers for method in each.http_methods}
            for method, handler in sorted(handlers.items()):
                if handler.resolve_include_in_schema():
                    yield route, method, handler
