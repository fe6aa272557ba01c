"""The call context as gRPC metadata and back: who acts, the request's id and trace, language, the client's address.

The deadline travels as gRPC's own timeout. Metadata is only believed together with the cluster's secret.
"""

import asyncio
from collections.abc import Mapping
from typing import cast, get_args

from girok.context import Actor, CallContext, Role
from girok.errors import InvalidInput, Text

__all__ = ["SECRET", "InvalidActor", "from_metadata", "to_metadata"]

SECRET = "girok-cluster-secret"  # noqa: S105 - the name of it
_ACTOR = "girok-actor"
_REQUEST_ID = "girok-request-id"
_TRACEPARENT = "traceparent"
_LOCALE = "girok-locale"
_ADDRESS = "girok-address"
_ROLES = frozenset(get_args(Role))


class InvalidActor(InvalidInput):
    """`girok-actor` is not `<user id>;<role>;<session id>`."""

    reason = "INVALID_ACTOR"
    text = Text("`girok-actor` must be `<user id>;<role>;<session id>`.", "`girok-actor` 형식이 올바르지 않습니다.")


def to_metadata(context: CallContext, secret: str) -> dict[str, str]:
    """The metadata of a call under `context`."""
    actor = context.actor
    items = {
        SECRET: secret,
        _ACTOR: f"{actor.user_id};{actor.role};{actor.session_id}" if actor else "",
        _REQUEST_ID: context.request_id,
        _TRACEPARENT: context.traceparent,
        _LOCALE: context.locale,
        _ADDRESS: context.address,
    }
    return {name: value for name, value in items.items() if value}


def from_metadata(metadata: Mapping[str, object], remaining: float | None) -> CallContext:
    """The context of a call that has `remaining` seconds. Raises InvalidActor."""
    return CallContext(
        actor=_actor(_text(metadata, _ACTOR)),
        request_id=_text(metadata, _REQUEST_ID),
        deadline=None if remaining is None else asyncio.get_running_loop().time() + remaining,
        traceparent=_text(metadata, _TRACEPARENT),
        locale="ko" if _text(metadata, _LOCALE) == "ko" else "en",
        address=_text(metadata, _ADDRESS),
    )


def _text(metadata: Mapping[str, object], name: str) -> str:
    value = metadata.get(name, "")
    return value if isinstance(value, str) else ""


def _actor(value: str) -> Actor | None:
    if not value:
        return None
    user_id, role, session_id = [*value.split(";"), "", ""][:3]
    if value.count(";") != 2 or not user_id or role not in _ROLES:
        raise InvalidActor
    return Actor(user_id, cast("Role", role), session_id)
