"""The servers that a process needs, looked for in the settings before anything is opened."""

from collections.abc import Mapping

from girok.manifest import Manifest
from girok.refusal import Refusal
from girok.roles import Plan
from girok.sections_cluster import S3, Database, Mongo, Nats, StoreChoice, Valkey
from girok.settings import Section, Settings

__all__ = ["ServerNeeded", "needed_servers", "stored_on_mongo"]


class ServerNeeded(Refusal):
    """A server without which a role cannot run as it is configured is not configured."""


def needed_servers(settings: Settings, manifests: Mapping[str, Manifest], plan: Plan) -> frozenset[str]:
    """What the local roles name in `MANIFEST.needs`, where `nats.url` makes this a cluster; else nothing.

    Raises ServerNeeded for the first one that the settings do not lead to, PostgreSQL and MongoDB included.
    """
    for name in stored_on_mongo(settings, manifests, plan):
        if not settings.get(Mongo).url:
            raise ServerNeeded(f'mongo.url (GIROK_MONGO_URL) is needed by {name} ({name}.store = "mongo")')
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


def stored_on_mongo(settings: Settings, manifests: Mapping[str, Manifest], plan: Plan) -> tuple[str, ...]:
    """The local roles that are told to keep their data on MongoDB."""
    return tuple(name for name in plan.local if _is_on_mongo(settings, manifests[name].settings))


def _is_on_mongo(settings: Settings, kind: type[Section] | None) -> bool:
    return kind is not None and issubclass(kind, StoreChoice) and settings.get(kind).store == "mongo"
