"""The kit: what the kernel hands to a plugin's `build`, `routes`, `consumers` and `commands`.

A plugin takes from it what it needs and nothing else reaches it: no globals, no settings read on import.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from girok.clock import Clock, IdFactory
from girok.db.database import Database
from girok.keys import Keys
from girok.mail.port import Mailer
from girok.objects.port import ObjectStore
from girok.port import Ports
from girok.ratelimit import RateLimiter
from girok.settings import Settings

if TYPE_CHECKING:
    from girok.mongo import Mongo
    from girok.valkey import Valkey

__all__ = ["Kit"]


@dataclass(frozen=True, slots=True)
class Kit:
    """`settings.get(Section)` gives a section, `ports[Protocol]` a port of a required role."""

    settings: Settings
    db: Database
    objects: ObjectStore
    limiter: RateLimiter
    clock: Clock
    ids: IdFactory
    keys: Keys
    ports: Ports
    mail: Mailer
    valkey: "Valkey | None" = None
    """What processes share and may lose; None where there is one process."""
    mongo: "Mongo | None" = None
    """The store of roles that are told to keep their data on MongoDB; None where none of this process is."""
