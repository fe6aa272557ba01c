"""The servers that a process of a cluster needs, looked for in the settings before anything is opened."""

from collections.abc import Mapping

from girok.manifest import Manifest
from girok.refusal import Refusal
from girok.roles import Plan
from girok.sections_cluster import S3, Database, Nats, Valkey
from girok.settings import Settings

__all__ = ["ServerNeeded", "needed_servers"]


class ServerNeeded(Refusal):
    """A server without which a role cannot run in a cluster is not configured."""


def needed_servers(settings: Settings, manifests: Mapping[str, Manifest], plan: Plan) -> frozenset[str]:
    """What the local roles name in `MANIFEST.needs`, where `nats.url` makes this a cluster; else nothing.

    Raises ServerNeeded for the first one that the settings do not lead to, PostgreSQL included.
    """
    if not settings.get(Nats).url:
        return frozenset()
    needs = {"database": ", ".join(plan.local)}
    needs |= {need: name for name in plan.local for need in manifests[name].needs}
    given = {
        "database": ("database.url", "GIROK_DATABASE_URL", settings.get(Database).url),
        "valkey": ("valkey.url", "GIROK_VALKEY_URL", settings.get(Valkey).url),
        "s3": ("s3.endpoint", "GIROK_S3_ENDPOINT", settings.get(S3).endpoint),
    }
    for need, roles in needs.items():
        key, variable, value = given[need]
        if not value:
            raise ServerNeeded(f"{key} ({variable}) is needed in a cluster (nats.url) by {roles}")
    return frozenset(needs)
