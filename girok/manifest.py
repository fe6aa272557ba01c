"""What a plugin says of itself, and how plugins are found.

A plugin is a folder of the package `plugins` with a `plugin.py` that holds one `MANIFEST`. Its other files have the
same names everywhere (`ports.py`, `service.py`, `http.py`, `graphql.py`, `consumers.py`, ...) and are absent when not
needed; `part` loads them by these names, so there is no list of routes, schemas or consumers to keep.
"""

import importlib
import importlib.util
import pkgutil
from types import ModuleType
from typing import Literal

import msgspec

from girok.refusal import Refusal
from girok.settings import Section

__all__ = ["Limit", "Manifest", "ManifestError", "discover", "has_part", "part"]


class ManifestError(Refusal):
    """A plugin folder whose manifest is missing or contradicts the folder."""


class Limit(msgspec.Struct, frozen=True):
    """A rate limit's default: `count` requests per `seconds`, in a burst or evenly. Settings may replace `count`."""

    count: int
    seconds: int = 60


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin's declaration. `name` equals its folder and its role."""

    name: str
    summary: str
    requires: tuple[str, ...] = ()
    """Roles whose ports this one calls: in this process or, in a cluster, over gRPC."""
    provides: tuple[str, ...] = ()
    """Names of the Protocols in `ports.py` that `service.build` answers."""
    consumes: tuple[str, ...] = ()
    """Event subjects that `consumers.py` listens to."""
    events_days: int = 0
    """How long a cluster keeps the events of this domain for consumers that are away; 0: it has none."""
    needs: tuple[Literal["valkey", "s3"], ...] = ()
    """Servers without which the role cannot run in a cluster, PostgreSQL aside."""
    settings: type[Section] | None = None
    limits: dict[str, Limit] = msgspec.field(default_factory=dict[str, Limit])
    """Rate limits by name; `[limits] NAME = N` replaces the count."""
    edge: bool = False
    """An edge collects every plugin's `graphql.py` or `realtime.py` and may call any port."""
    http_port: int = 0
    """The port it listens on when its role is the first of a process in a cluster."""
    grpc_port: int = 0


def discover() -> dict[str, Manifest]:
    """All manifests by name, alphabetically. Raises ManifestError on a folder without one or with a wrong name."""
    import plugins

    found: dict[str, Manifest] = {}
    for info in sorted(pkgutil.iter_modules(plugins.__path__), key=lambda each: each.name):
        if not info.ispkg:
            continue
        manifest: object = getattr(part(info.name, "plugin"), "MANIFEST", None)
        if not isinstance(manifest, Manifest):
            raise ManifestError(f"plugins/{info.name}/plugin.py has no MANIFEST")
        if manifest.name != info.name:
            raise ManifestError(f"plugins/{info.name}/plugin.py: MANIFEST.name is {manifest.name!r}")
        found[manifest.name] = manifest
    return found


def part(plugin: str, file: str) -> ModuleType | None:
    """The module `plugins.<plugin>.<file>`, or None when the plugin has no such file."""
    return importlib.import_module(f"plugins.{plugin}.{file}") if has_part(plugin, file) else None


def has_part(plugin: str, file: str) -> bool:
    """Whether the plugin has that file; it is not imported."""
    return importlib.util.find_spec(f"plugins.{plugin}.{file}") is not None
