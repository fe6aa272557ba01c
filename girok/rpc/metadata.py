"""The call context as gRPC metadata and back: who acts, the request's id and trace, language, the client's address.

The deadline travels as gRPC's own timeout. Metadata is only believed together with the cluster's secret.
"""

import re
from collections.abc import Mapping
from typing import cast, get_args

from girok.context import Actor, CallContext, Role
from girok.errors import InvalidInput, Text
from girok.rpc.http2 import Headers

__all__ = ["SECRET", "InvalidActor", "from_fields", "to_fields"]

SECRET = b"girok-cluster-secret"
_ACTOR = b"girok-actor"
_REQUEST_ID = b"girok-request-id"
_TRACEPARENT = b"traceparent"
_LOCALE = b"girok-locale"
_ADDRESS = b"girok-address"
_ROLES = frozenset(get_args(Role))
_VALUE = re.compile(r"[ -~]+")


class InvalidActor(InvalidInput):
    """`girok-actor` is not `<user id>;<role>;<session id>`."""

    reason = "INVALID_ACTOR"
    text = Text("`girok-actor` must be `<user id>;<role>;<session id>`.", "`girok-actor` 형식이 올바르지 않습니다.")


def to_fields(context: CallContext) -> Headers:
    """The metadata of a call under `context`, its deadline aside. What no header can carry is left out.

    Raises InvalidActor for an actor that no header can carry.
    """
    fields: list[tuple[bytes, bytes]] = []
    if (actor := context.actor) is not None:
        value = f"{actor.user_id};{actor.role};{actor.session_id}"
        if not _VALUE.fullmatch(value):
            raise InvalidActor
        fields.append((_ACTOR, value.encode()))
    if _VALUE.fullmatch(context.request_id):
        fields.append((_REQUEST_ID, context.request_id.encode()))
    if _VALUE.fullmatch(context.traceparent):
        fields.append((_TRACEPARENT, context.traceparent.encode()))
    if context.locale != "en":
        fields.append((_LOCALE, context.locale.encode()))
    if _VALUE.fullmatch(context.address):
        fields.append((_ADDRESS, context.address.encode()))
    return fields


def from_fields(fields: Mapping[bytes, bytes], deadline: float) -> CallContext:
    """The context of a call that ends at `deadline`. Raises InvalidActor."""
    return CallContext(
        actor=_actor(_text(fields, _ACTOR)),
        request_id=_text(fields, _REQUEST_ID),
        deadline=deadline,
        traceparent=_text(fields, _TRACEPARENT),
        locale="ko" if _text(fields, _LOCALE) == "ko" else "en",
        address=_text(fields, _ADDRESS),
    )


def _text(fields: Mapping[bytes, bytes], name: bytes) -> str:
    return fields.get(name, b"").decode("ascii", "replace")


def _actor(value: str) -> Actor | None:
    if not value:
        return None
    parts = value.split(";")
    if len(parts) != 3 or not parts[0] or parts[1] not in _ROLES:
        raise InvalidActor
    return Actor(parts[0], cast("Role", parts[1]), parts[2])
