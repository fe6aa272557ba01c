"""A process of a cluster: what a role has around it where `nats.url` is set.

NATS carries events and says who is there, gRPC carries calls, PostgreSQL is the store; Valkey and S3 are opened when a
role of this process needs them (`MANIFEST.needs`). Imported only there: all of it is heavy.
"""

import asyncio
import secrets
import socket
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast
from urllib.parse import urlsplit

from girok.db.database import Store
from girok.events.bus import Bus
from girok.events.consumer import Consumer
from girok.events.jetstream_bus import JetStreamBus
from girok.events.relay_outbox import RelayOutbox
from girok.events.streams import event_stream
from girok.keys import DerivedKeys
from girok.manifest import Limit, Manifest
from girok.nats import NatsConnection
from girok.needs import needed_servers
from girok.objects.port import ObjectStore
from girok.objects.s3 import S3Objects
from girok.port import Ports
from girok.ratelimit import Limits, LocalRateLimiter, limits_of
from girok.ratelimit_valkey import ValkeyRateLimiter
from girok.rpc.client import remote_port
from girok.rpc.contract import Contract, contract_of
from girok.rpc.listener import Listener
from girok.rpc.membership import Membership
from girok.rpc.peers import Peers
from girok.rpc.wire import client_tls
from girok.sections import Events
from girok.sections_cluster import S3, Cluster, Grpc, Nats
from girok.sections_cluster import Peers as PeersSection
from girok.sections_cluster import Valkey as ValkeySection
from girok.surroundings import Check, Part, Process, Surroundings
from girok.valkey import open_valkey

__all__ = ["Member"]


class Member(Surroundings):
    """See Surroundings. Made by `open`."""

    def __init__(self, process: Process, stack: AsyncExitStack) -> None:
        settings, manifests, plan, *_ = process
        secret = settings.get(Cluster).secret
        self._process = process
        self._stack = stack
        self._nats = NatsConnection(settings.get(Nats).url, name=f"girok {','.join(plan.local)}")
        self._peers = Peers(client_tls(settings.get(Cluster)))
        self._served = [contract for name in plan.local for contract in _contracts(manifests[name])]
        reached = [contract for name in plan.remote for contract in _contracts(manifests[name])]
        self.keys = DerivedKeys(secret)
        self.files = None
        self.objects = cast("ObjectStore", _NoObjects())
        self.valkey = None
        self.limiter = LocalRateLimiter(self._limits, enabled=settings.get(Limits).enabled)
        self.remote = {each.protocol: remote_port(each, self._peers, secret=secret) for each in reached}
        self.probes = {"nats": Check(self._nats.probe), "peers": Check(self._missing_peers)}

    @classmethod
    @asynccontextmanager
    async def open(cls, process: Process) -> AsyncGenerator["Member", None]:
        """Reach NATS, and the servers that the roles need. Raises Refusal."""
        needs = needed_servers(process.settings, process.manifests, process.plan)
        async with AsyncExitStack() as stack:
            made = cls(process, stack)
            stack.push_async_callback(made._peers.close)
            stack.push_async_callback(made._nats.close)
            await made._nats.open()
            if "valkey" in needs:
                await made._use_valkey()
            if "s3" in needs:
                s3 = await stack.enter_async_context(S3Objects.open(process.settings.get(S3), process.clock))
                made.objects, made.probes["s3"] = s3, Check(s3.health)
            yield made

    def bus(self, db: Store, consumers: Sequence[Consumer]) -> Bus:
        """See Surroundings."""
        settings, manifests, _, clock, ids = self._process
        db.outbox = outbox = RelayOutbox(clock, ids)
        return JetStreamBus(
            self._nats,
            db,
            outbox,
            consumers,
            clock=clock,
            settings=settings.get(Events),
            streams=[event_stream(name, days=each.events_days) for name, each in manifests.items() if each.events_days],
        )

    def parts(self, ports: Ports) -> Sequence[Part]:
        """The gRPC server, then the word that it is there."""
        settings = self._process.settings
        grpc, fixed = settings.get(Grpc), settings.get(PeersSection)
        port = grpc.port or self._process.plan.grpc_port
        membership = Membership(
            self._nats,
            self._peers,
            name=f"{socket.gethostname()}-{secrets.token_hex(4)}",
            roles=[each.role for each in self._served],
            grpc=f"{grpc.advertise or self._address()}:{port}" if self._served else "",
            fixed={name: getattr(fixed, name) for name in fixed.__struct_fields__},
        )
        self._stack.push_async_callback(membership.close)
        self.probes["cluster"] = Check(membership.probe_joined, vital=True)
        if not self._served:
            return [membership]
        served = [(each, ports[each.protocol]) for each in self._served]
        return [Listener(served, grpc.host, port, settings.get(Cluster)), membership]

    async def _use_valkey(self) -> None:
        settings = self._process.settings
        self.valkey = await self._stack.enter_async_context(open_valkey(settings.get(ValkeySection).url))
        self.probes["valkey"] = Check(self.valkey.health)
        self.limiter = ValkeyRateLimiter(
            self.valkey, self._limits, secret=settings.get(Cluster).secret, enabled=settings.get(Limits).enabled
        )

    @property
    def _limits(self) -> Mapping[str, Limit]:
        return limits_of(self._process.settings, self._process.manifests)

    async def _missing_peers(self) -> str | None:
        remote = self._process.plan.remote
        await asyncio.gather(*(self._peers.reach(name) for name in remote))
        missing = [name for name in remote if not self._peers.is_up(name)]
        return f"nobody answers for {', '.join(missing)}" if missing else None

    def _address(self) -> str:
        """Where others reach this process: the address that it listens on, or that of the way to NATS."""
        host = self._process.settings.get(Grpc).host
        if host not in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
            return f"[{host}]" if ":" in host else host
        nats = urlsplit(self._process.settings.get(Nats).url.split(",")[0])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((nats.hostname or "127.0.0.1", nats.port or 4222))
            return str(probe.getsockname()[0])


class _NoObjects:
    """In place of the objects of a process whose roles need none."""

    def __getattr__(self, name: str) -> Any:
        raise LookupError("no role of this process has 's3' in MANIFEST.needs, so it has no objects")


def _contracts(manifest: Manifest) -> Iterator[Contract]:
    for port in manifest.provides:
        yield contract_of(manifest.name, port)
