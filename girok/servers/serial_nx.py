"""nx-27017 as girok starts it: `python -m girok.servers.serial_nx` with nx-27017's own arguments.

As it comes (0.8.1), its updates by SQL store documents within arrays as text, those by Python read and then write with
nothing that keeps others away meanwhile, and an index over `_id` makes every insert fail. So here everything goes its
way through Python, which is right and slow, one command at a time; and indexes over `_id`, which is the primary key
anyway, are not made.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# nx-27017 leaves its types open.

import threading
from typing import Any

from neosqlite.collection.query_helper import set_force_fallback
from nx_27017 import daemon
from nx_27017.handler import NeoSQLiteHandler
from nx_27017.nx_27017 import main

__all__ = ["SerialHandler"]

Message = dict[str, Any]
Answer = tuple[int, dict[str, Any]]


class SerialHandler(NeoSQLiteHandler):
    """Answers one command at a time."""

    _turn = threading.RLock()

    def handle_command(self, msg: Message) -> Answer:
        """Any command but an insert."""
        for kind, section in msg["sections"]:
            if kind == "body" and "createIndexes" in section:
                section["indexes"] = [each for each in section["indexes"] if "_id" not in each["key"]]
        with self._turn:
            return super().handle_command(msg)

    def handle_insert(self, msg: Message) -> Answer:
        """An insert, and a bulk of writes."""
        with self._turn:
            return super().handle_insert(msg)


if __name__ == "__main__":
    set_force_fallback(force=True)
    setattr(daemon, NeoSQLiteHandler.__name__, SerialHandler)
    main()
