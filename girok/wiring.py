"""The wiring: the only place that decides what runs in this process and which adapter a port gets.

`open_box` opens everything that one process needs, in order, and closes it in reverse: the data directory and its
lock, keys, the store with its migrations, objects, the rate limiter, then the services of the local roles, each behind
its port, and last their consumers on the bus. Domain code is given a Kit and never asks where it runs.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from girok.clock import SystemClock, Uuid7Factory
from girok.db.migrations import migrate
from girok.db.sqlite import SQLiteDatabase
from girok.events.consumer import Consumer
from girok.events.local_bus import LocalBus
from girok.events.outbox import Outbox
from girok.keys import FileKeys
from girok.kit import Kit
from girok.locks import DataDir
from girok.manifest import Manifest, part
from girok.objects.files import FileObjects
from girok.port import Ports, local_port
from girok.ratelimit import LocalRateLimiter
from girok.roles import Plan
from girok.sections import Core, Events
from girok.settings import Settings

__all__ = ["Box", "open_box"]


@dataclass(frozen=True, slots=True)
class Box:
    """One process' parts, open. `bus` delivers once it is started."""

    settings: Settings
    manifests: Mapping[str, Manifest]
    plan: Plan
    data: Path
    kit: Kit
    db: SQLiteDatabase
    objects: FileObjects
    bus: LocalBus


@asynccontextmanager
async def open_box(
    settings: Settings, manifests: Mapping[str, Manifest], plan: Plan
) -> AsyncGenerator[Box, None]:
    """Open one box on the data directory of the settings. Raises Refusal when it is in use, newer or unusable."""
    async with AsyncExitStack() as stack:
        data = stack.enter_context(DataDir.open(Path(settings.get(Core).data)))
        clock = SystemClock()
        keys = FileKeys(data.path / "keys")
        db = SQLiteDatabase(data.path / "girok.db")
        await db.open()
        stack.push_async_callback(db.close)
        await migrate(db, _domains(plan))
        objects = FileObjects(data.path / "objects", base_url="", key=keys.get("objects"), clock=clock)
        kit = Kit(
            settings=settings,
            db=db,
            objects=objects,
            limiter=LocalRateLimiter(settings, manifests),
            clock=clock,
            ids=Uuid7Factory(clock),
            keys=keys,
            ports=Ports(),
        )
        for name in plan.local:
            await _add_service(stack, kit, manifests[name])
        consumers = [each for name in plan.local for each in _consumers(kit, manifests[name])]
        db.outbox = Outbox(clock, kit.ids, consumers)
        bus = LocalBus(db, db.outbox, consumers, clock, settings.get(Events))
        stack.push_async_callback(bus.drain)
        yield Box(settings, manifests, plan, data.path, kit, db, objects, bus)
