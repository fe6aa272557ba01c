"""What a plugin says of its collections, in `documents.py`: `COLLECTIONS`, a tuple of these."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pymongo import ASCENDING, IndexModel

from girok.mongo.outbox import EVENTS_DUE

__all__ = ["Collection"]


class Collection(NamedTuple):
    """A collection and its indexes, made at the start; its name begins with that of the role.

    With `events`, its documents may carry events for the relay to move.
    """

    name: str
    indexes: Sequence[IndexModel] = ()
    events: bool = False

    @property
    def wanted(self) -> list[IndexModel]:
        """Its indexes, with that of the relay."""
        due: list[Any] = [IndexModel([(EVENTS_DUE, ASCENDING)], sparse=True)] if self.events else []
        return [*self.indexes, *due]
