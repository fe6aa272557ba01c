"""Which routes belong to the document."""

from collections.abc import Iterator

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

__all__ = ["documented"]


def documented(app: Litestar) -> Iterator[tuple[HTTPRoute, str, HTTPRouteHandler]]:
    """The routes that belong to the document, with each of their methods, in the order of their paths."""
    for route in sorted(app.routes, key=lambda each: each.path):
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.resolve_include_in_schema():
                    yield from ((route, method, handler) for method in sorted(handler.http_methods))
