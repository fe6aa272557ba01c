"""When, who and from where: what each use case tells the audit log beside what it did."""

from datetime import datetime

from girok.clock import Clock, IdFactory
from girok.context import CallContext, current
from girok.networks import host_network
from plugins.auth.audit import AuditEntry, Kind
from plugins.auth.rules import clean_label

__all__ = ["Story", "address_label", "by_address", "device_label"]

_LONGEST_DEVICE = 300
_LONGEST_ADDRESS = 64
_LONGEST_ACTOR = 100


class Story:
    """Makes audit entries out of the running call."""

    def __init__(self, clock: Clock, ids: IdFactory) -> None:
        self._clock = clock
        self._ids = ids

    def now(self) -> datetime:
        """This instant."""
        return self._clock.now()

    def new_id(self) -> str:
        """An id for something new."""
        return self._ids.new()

    def entry(
        self, kind: Kind, user_id: str | None, *, session_id: str = "", device: str | None = None, detail: str = ""
    ) -> AuditEntry:
        """`kind` was done to `user_id`, by who acts, now and from here."""
        call = current()
        return AuditEntry(
            id=self._ids.new(),
            kind=kind,
            created_at=self._clock.now(),
            user_id=user_id,
            actor=_who(call),
            session_id=session_id or (call.actor.session_id if call.actor else "") or None,
            address=address_label(),
            device=device_label(device),
            detail=detail,
        )


def _who(call: CallContext) -> str:
    """A user's id, `operator:NAME`, or nobody."""
    if call.actor is not None:
        return call.actor.user_id
    return f"operator:{call.operator}"[:_LONGEST_ACTOR] if call.operator else ""


def device_label(device: str | None) -> str | None:
    """A User-Agent for people to read."""
    return clean_label(device, _LONGEST_DEVICE)


def address_label() -> str | None:
    """The caller's address for people to read."""
    return clean_label(current().address, _LONGEST_ADDRESS)


def by_address() -> list[str]:
    """The subject of a limit by address; none when the call came without one."""
    address = current().address
    return [f"address:{host_network(address)}"] if address else []
