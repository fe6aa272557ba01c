"""How large the body of a request may be: `http.max_body`, or what its route says by `request_max_body_size`.

The edge has to know before Litestar looks for the route, as it guards the body from its first byte on.
"""

import re

from litestar import Litestar
from litestar.routes import HTTPRoute

__all__ = ["BodyLimits"]

_PARAMETER = re.compile(r"\\{[^}]*\\}")


class BodyLimits:
    """The limits of an application. `app` sets none for all of its routes."""

    def __init__(self, app: Litestar, usual: int) -> None:
        self._usual = usual
        limits = {
            route.path: limit
            for route in app.routes
            if isinstance(route, HTTPRoute)
            for handler in route.route_handlers
            if (limit := handler.resolve_request_max_body_size()) is not None
        }
        self._limits = tuple(limits.values())
        self._paths = re.compile("|".join(f"({_pattern(path)})/?" for path in limits) or r"(?!)")

    def of(self, path: str) -> int:
        """The limit for a path, in bytes."""
        match = self._paths.fullmatch(path)
        return self._usual if match is None or match.lastindex is None else self._limits[match.lastindex - 1]


def _pattern(path: str) -> str:
    """What matches a template such as `/v1/resume/{id:str}/attachments`."""
    return _PARAMETER.sub("[^/]+", re.escape(path))
