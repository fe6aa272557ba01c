"""A plugin's port beside its gRPC service: `feed.proto` and `ports.py` have to say the same, or no cluster starts.

One box does not look, as it would have to load protobuf; `tests/contract/test_proto.py` does, for every port.

`get_timeline` is GetTimeline. What a method takes and gives are the Structs of its signature.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple, get_type_hints

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from girok.manifest import Manifest, part
from girok.port import Policy, methods
from girok.rpc import converter, metadata
from girok.rpc.agreement import ContractMismatch
from girok.rpc.converter import Converter
from girok.rpc.status import ErrorClasses, known_errors

__all__ = ["Contract", "Method", "contract_of"]


class Method(NamedTuple):
    """One call. `path` is its HTTP/2 path."""

    name: str
    path: str
    policy: Policy
    request: Converter
    response: Converter


class Contract(NamedTuple):
    """A port as it is called over gRPC. `errors`: what its methods raise, by reason."""

    role: str
    protocol: type[Any]
    service: str
    methods: tuple[Method, ...]
    errors: ErrorClasses


def contract_of(role: str, port: str) -> Contract:
    """The contract of a role's port. Raises ContractMismatch."""
    messages = part(role, f"{role}_pb2")
    service: ServiceDescriptor | None = messages.DESCRIPTOR.services_by_name.get(port) if messages else None
    if service is None:
        raise ContractMismatch(f"plugins/{role}/{role}.proto has no service {port}")
    protocol: type[Any] = getattr(part(role, "ports"), port)
    policies = {_rpc_name(name): (name, policy) for name, policy in methods(protocol).items()}
    for name in policies.keys() ^ {each.name for each in service.methods}:
        missing = service.full_name if name in policies else f"{port} in plugins/{role}/ports.py"
        raise ContractMismatch(f"{missing} has no method {name}")
    found = tuple(_method(protocol, each, *policies[each.name]) for each in service.methods)
    return Contract(role, protocol, service.full_name, found, known_errors(*_error_modules(role)))


def _method(protocol: type[Any], method: MethodDescriptor, name: str, policy: Policy) -> Method:
    hints = get_type_hints(getattr(protocol, name))
    return Method(
        name,
        f"/{method.containing_service.full_name}/{method.name}",
        policy,
        Converter(hints["request"], method.input_type),
        Converter(hints["return"], method.output_type),
    )


def _error_modules(role: str) -> Iterator[ModuleType | None]:
    """What a call may raise: the kernel's errors, the role's, and those of the roles that it asks itself."""
    from girok import paging
    from girok.db import database

    yield from (paging, database, converter, metadata)
    asked = [role]
    for each in asked:
        yield part(each, "errors")
        asked.extend(name for name in _requires(each) if name not in asked)


def _requires(role: str) -> tuple[str, ...]:
    manifest: Manifest = getattr(part(role, "plugin"), "MANIFEST")  # noqa: B009 - a module that is not known here
    return manifest.requires


def _rpc_name(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
