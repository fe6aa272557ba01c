"""What a process has around its roles: in one box, all of it inside (`Alone`); in a cluster, servers and other
processes (`girok.cluster.Member`). wiring.py opens one of the two and hands it to the roles."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from girok.clock import Clock, IdFactory
from girok.db.database import Store
from girok.events.bus import Bus
from girok.events.consumer import Consumer
from girok.events.local_bus import LocalBus
from girok.events.outbox import Outbox
from girok.keys import FileKeys, Keys
from girok.manifest import Manifest
from girok.objects.files import FileObjects
from girok.objects.port import ObjectStore
from girok.port import Ports
from girok.ratelimit import Limits, LocalRateLimiter, RateLimiter, limits_of
from girok.roles import Plan
from girok.sections import Events
from girok.settings import Settings
from girok.telemetry.health import Probe

if TYPE_CHECKING:
    from girok.valkey import Valkey

__all__ = ["Alone", "Check", "Part", "Process", "Surroundings"]


class Process(NamedTuple):
    """What this process is, before anything of it is open."""

    settings: Settings
    manifests: Mapping[str, Manifest]
    plan: Plan
    clock: Clock
    ids: IdFactory


class Check(NamedTuple):
    """A check for /readyz. Without a vital one the process can serve nothing."""

    probe: Probe
    vital: bool = False


class Part(Protocol):
    """Something that runs for as long as the process serves."""

    async def start(self) -> None:
        """Begin."""
        ...

    async def drain(self, seconds: float) -> None:
        """Take nothing new and finish what runs, for `seconds` at most. Twice is no error."""
        ...

    def counts(self) -> Mapping[str, int]:
        """What it has counted, by the name of a metric: see Store.counts."""
        ...


class Surroundings(ABC):
    """See the module. Open from the time that somebody has one."""

    keys: Keys
    objects: ObjectStore
    files: FileObjects | None
    """The objects, where they are files that this process serves itself."""
    limiter: RateLimiter
    valkey: "Valkey | None"
    remote: Mapping[type[Any], Any]
    """The ports of roles that run elsewhere, by their Protocol."""
    probes: dict[str, Check]
    """What /readyz looks at, the store aside."""

    @abstractmethod
    def bus(self, db: Store, consumers: Sequence[Consumer]) -> Bus:
        """The bus that delivers to `consumers`, on the outbox of `db`. Once."""

    @abstractmethod
    def parts(self, ports: Ports) -> Sequence[Part]:
        """What else is started after the bus, in order: it serves `ports` to others. Once."""


class Alone(Surroundings):
    """One box: everything is in `data`. `base_url` is where clients reach its files."""

    def __init__(self, process: Process, data: Path, base_url: str) -> None:
        settings = process.settings
        self._process = process
        self.valkey = None
        self.remote = {}
        self.probes = {}
        self.keys = FileKeys(data / "keys")
        self.objects = self.files = FileObjects(
            data / "objects", base_url=base_url, key=self.keys.get("objects"), clock=process.clock
        )
        self.limiter = LocalRateLimiter(limits_of(settings, process.manifests), enabled=settings.get(Limits).enabled)

    def bus(self, db: Store, consumers: Sequence[Consumer]) -> Bus:
        """See Surroundings."""
        clock = self._process.clock
        db.outbox = outbox = Outbox(clock, self._process.ids, consumers)
        return LocalBus(db, outbox, consumers, clock, self._process.settings.get(Events))

    def parts(self, ports: Ports) -> Sequence[Part]:  # noqa: ARG002 - nobody else calls them
        """None."""
        return ()
