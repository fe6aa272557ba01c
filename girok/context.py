"""The call context: who acts, under which request id, until when, in which language.

It travels in a context variable, in process and (as metadata) over gRPC, so that no message ever carries an actor
field and a service reads the same thing in both.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import msgspec

from girok.errors import Forbidden, Unauthenticated

__all__ = ["ANONYMOUS", "Actor", "CallContext", "Locale", "Role", "acting_as", "current", "require_user", "use"]

Role = Literal["GUEST", "USER", "MANAGER", "MASTER"]
Locale = Literal["en", "ko"]


class Actor(msgspec.Struct, frozen=True):
    """The signed-in user of a call and the session it came with."""

    user_id: str
    role: Role = "USER"
    session_id: str = ""


class CallContext(msgspec.Struct, frozen=True):
    """`deadline` is a time of the running loop's clock (seconds), None for no limit. `address` is the client's.

    `operator` is the local user who gives a command on the machine itself, where nobody is signed in. It does not
    travel to other processes.
    """

    actor: Actor | None = None
    request_id: str = ""
    deadline: float | None = None
    traceparent: str = ""
    locale: Locale = "en"
    address: str = ""
    operator: str = ""


ANONYMOUS = CallContext()
_current: ContextVar[CallContext] = ContextVar("girok_call", default=ANONYMOUS)


def current() -> CallContext:
    """The context of the running call; ANONYMOUS outside of one."""
    return _current.get()


def require_user() -> Actor:
    """Who acts. Raises Unauthenticated when nobody does, Forbidden for a guest token."""
    actor = _current.get().actor
    if actor is None:
        raise Unauthenticated
    if actor.role == "GUEST":
        raise Forbidden
    return actor


@contextmanager
def use(context: CallContext) -> Generator[CallContext, None, None]:
    """Run the body under `context`."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


@contextmanager
def acting_as(actor: Actor | None) -> Generator[CallContext, None, None]:
    """Run the body as `actor`, all else of the context unchanged."""
    with use(msgspec.structs.replace(_current.get(), actor=actor)) as context:
        yield context
