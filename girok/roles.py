"""Roles as data: which roles a process runs, in which order, and which it reaches elsewhere. Pure functions."""

from collections.abc import Mapping, Sequence

import msgspec

from girok.manifest import Manifest
from girok.refusal import Refusal

__all__ = ["CyclicRolesError", "Plan", "RolesError", "UnknownRoleError", "resolve"]


class RolesError(Refusal):
    """The roles asked for cannot be run; the message says why."""


class UnknownRoleError(RolesError):
    """A role that no plugin has."""


class CyclicRolesError(RolesError):
    """Roles that require one another in a circle."""


class Plan(msgspec.Struct, frozen=True):
    """`local`: roles of this process, each after those it requires. `remote`: what they require and is not here.

    `http_port` and `grpc_port` are where it listens when the settings do not say: those of the first role that was
    asked for (gRPC: the first that has one). 0: the settings' own default; nothing to serve.
    """

    local: tuple[str, ...]
    remote: tuple[str, ...]
    http_port: int = 0
    grpc_port: int = 0


def resolve(manifests: Mapping[str, Manifest], asked: Sequence[str] = ()) -> Plan:
    """The plan for `asked` (all roles when empty). Raises UnknownRoleError or CyclicRolesError."""
    for name in asked:
        if name not in manifests:
            raise UnknownRoleError(f"unknown role {name!r}; known roles: {', '.join(manifests)}")
    for manifest in manifests.values():
        for name in manifest.requires:
            if name not in manifests:
                raise UnknownRoleError(f"role {manifest.name!r} requires {name!r}, which no plugin has")
    order = _order(manifests)
    local = set(asked) or set(manifests)
    reached = _closure(manifests, local)
    return Plan(
        local=tuple(name for name in order if name in local),
        remote=tuple(name for name in order if name in reached and name not in local),
        http_port=manifests[asked[0]].http_port if len(local) < len(manifests) else 0,
        grpc_port=next((manifests[name].grpc_port for name in asked or order if manifests[name].grpc_port), 0),
    )


def _closure(manifests: Mapping[str, Manifest], start: set[str]) -> set[str]:
    """`start` and all that it calls, directly or not; an edge may call every role."""
    reached: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        manifest = manifests[name]
        waiting.extend(manifests if manifest.edge else manifest.requires)
    return {name for name in reached if name in start or not manifests[name].edge}


def _order(manifests: Mapping[str, Manifest]) -> list[str]:
    """Every role after those it requires, edges last, else alphabetically."""
    done: list[str] = []
    path: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            raise CyclicRolesError(f"roles require one another: {circle}")
        path.append(name)
        for required in sorted(manifests[name].requires):
            visit(required)
        path.pop()
        done.append(name)

    for name in sorted(manifests, key=lambda each: (manifests[each].edge, each)):
        visit(name)
    return done
