"""The wiring: the only place that decides what runs in this process and what it has around it.

`open_box` opens everything that one process needs, in order, and closes it in reverse: the data directory and its
lock, the store with its migrations, what is around (surroundings.py), then the services of the local roles, each behind
its port, and last their consumers on the bus. Domain code is given a Kit and never asks where it runs; where a plugin
has an adapter of its own for a server (auth for Valkey), its `build` takes it when the Kit has that server.
"""

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from girok.clock import SystemClock, Uuid7Factory
from girok.command import Command
from girok.db.commands import store_commands
from girok.db.database import Store
from girok.db.migrations import migrate
from girok.db.sqlite import SQLiteDatabase
from girok.events.bus import Bus
from girok.events.commands import events_commands
from girok.events.consumer import Consumer
from girok.export import export_commands
from girok.kit import Kit
from girok.locks import DataDir
from girok.mail.port import Mailer
from girok.mail.settings import MailSettings
from girok.manifest import Manifest, ManifestError, part
from girok.needs import needed_servers, stored_on_mongo
from girok.port import Ports, local_port
from girok.roles import Plan
from girok.sections import Core
from girok.sections_cluster import Database as Server
from girok.sections_cluster import Nats
from girok.settings import Settings
from girok.surroundings import Alone, Part, Process, Surroundings

if TYPE_CHECKING:
    from girok.db.postgres import PostgresDatabase
    from girok.mongo.opening import Documents

__all__ = ["Box", "open_box", "open_store", "open_store_alone", "store_domains"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Box:
    """One process' parts, open. `bus` delivers once it is started."""

    settings: Settings
    manifests: Mapping[str, Manifest]
    plan: Plan
    data: Path
    kit: Kit
    db: Store
    around: Surroundings
    bus: Bus
    parts: Sequence[Part]
    """What runs while the process serves, in the order in which it is started; the bus is one of them."""
    commands: Mapping[str, Command]
    """What the control socket answers."""


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncGenerator[tuple[Path, Store], None]:
    """The data directory under its lock, and the store as it is. Raises Refusal when one is in use or unusable."""
    with DataDir.open(Path(settings.get(Core).data)) as data:
        async with _opened(_store(settings, data.path)) as db:
            yield data.path, db


@asynccontextmanager
async def open_store_alone(settings: Settings) -> AsyncGenerator[Store, None]:
    """The same without a data directory where the store is a server: that has a lock of its own. Raises Refusal."""
    if settings.get(Server).url:
        async with _opened(_store(settings, Path())) as db:
            yield db
    else:
        async with open_store(settings) as (_, db):
            yield db


@asynccontextmanager
async def _opened(db: "SQLiteDatabase | PostgresDatabase") -> AsyncGenerator[Store, None]:
    await db.open()
    try:
        yield db
    finally:
        await db.close()


def _store(settings: Settings, data: Path) -> "SQLiteDatabase | PostgresDatabase":
    server = settings.get(Server)
    if not server.url:
        return SQLiteDatabase(data / "girok.db")
    from girok.db.postgres import PostgresDatabase

    return PostgresDatabase(server.url, connections=server.connections, alone=not settings.get(Nats).url)


def store_domains(plan: Plan) -> tuple[str, ...]:
    """Whose migrations the store has: the kernel's, then each role's."""
    return ("girok", *plan.local)


@asynccontextmanager
async def open_box(
    settings: Settings, manifests: Mapping[str, Manifest], plan: Plan, *, base_url: str = ""
) -> AsyncGenerator[Box, None]:
    """Open the process on the data directory of the settings; `base_url` is where clients reach a box's files.

    Raises Refusal when the directory is in use, of a newer version or unusable, or a server is missing.
    """
    needed_servers(settings, manifests, plan)
    clock = SystemClock()
    process = Process(settings, manifests, plan, clock, Uuid7Factory(clock))
    async with AsyncExitStack() as stack:
        data, db = await stack.enter_async_context(open_store(settings))
        domains = store_domains(plan)
        await migrate(db, domains)
        around = await stack.enter_async_context(_surroundings(process, data, base_url))
        documents = await _documents(stack, process, db)
        kit = _kit(process, db, around, _mailer(settings, data / "mail"), documents)
        for name in plan.local:
            await _add_service(stack, kit, manifests[name])
        bus = around.bus(db, [each for name in plan.local for each in _consumers(kit, manifests[name])])
        parts: tuple[Part, ...] = (bus, *around.parts(kit.ports))
        if documents:
            parts = (*parts, documents.relay)
            around.probes["mongo"] = documents.check
        own = {**events_commands(bus), **store_commands(db, domains), **export_commands(kit, plan.local)}
        commands = _commands(kit, plan, own)
        yield Box(settings, manifests, plan, data, kit, db, around, bus, parts, commands)


@asynccontextmanager
async def _surroundings(process: Process, data: Path, base_url: str) -> AsyncGenerator[Surroundings, None]:
    if not process.settings.get(Nats).url:
        yield Alone(process, data, base_url)
        return
    from girok.cluster import Member

    async with Member.open(process) as member:
        yield member


async def _documents(stack: AsyncExitStack, process: Process, db: Store) -> "Documents | None":
    roles = stored_on_mongo(process.settings, process.manifests, process.plan)
    if not roles:
        return None
    from girok.mongo.opening import open_documents

    return await stack.enter_async_context(open_documents(process, roles, db))


def _mailer(settings: Settings, folder: Path) -> Mailer:
    section = settings.get(MailSettings)
    if section.host:
        from girok.mail.smtp import SmtpMailer

        return SmtpMailer(section)
    from girok.mail.folder import FolderMailer

    if settings.get(Core).mode == "production":
        _log.warning("mail.host (GIROK_MAIL_HOST) is not set: mail is not sent, but kept as files in %s", folder)
    return FolderMailer(folder, sender=section.sender)


def _kit(process: Process, db: Store, around: Surroundings, mail: Mailer, documents: "Documents | None") -> Kit:
    ports = Ports()
    for protocol, port in around.remote.items():
        ports.add(protocol, port)
    return Kit(
        process.settings,
        db,
        around.objects,
        around.limiter,
        process.clock,
        process.ids,
        around.keys,
        ports,
        mail,
        around.valkey,
        documents.mongo if documents else None,
    )


async def _add_service(stack: AsyncExitStack, kit: Kit, manifest: Manifest) -> None:
    """Build a role's service and put it behind its ports; a service that has an `aclose` is closed at the end."""
    if not manifest.provides:
        return
    module, contract = part(manifest.name, "service"), part(manifest.name, "ports")
    if module is None or contract is None:
        raise ManifestError(f"plugin {manifest.name!r} provides ports, but has no service.py or ports.py")
    service: Any = module.build(kit)
    if hasattr(service, "aclose"):
        stack.push_async_callback(service.aclose)
    if hasattr(service, "start"):
        await service.start()
    for name in manifest.provides:
        protocol: type[Any] = getattr(contract, name)
        kit.ports.add(protocol, local_port(protocol, service))


def _consumers(kit: Kit, manifest: Manifest) -> Sequence[Consumer]:
    """A role's consumers. Raises ManifestError when they listen to other subjects than the manifest says."""
    module = part(manifest.name, "consumers")
    found: Sequence[Consumer] = module.consumers(kit) if module else ()
    subjects = {each.event.subject for each in found}
    if subjects != set(manifest.consumes):
        raise ManifestError(
            f"plugins/{manifest.name}: MANIFEST.consumes in plugin.py is {sorted(manifest.consumes)}, "
            f"but consumers.py listens to {sorted(subjects)}"
        )
    return found


def _commands(kit: Kit, plan: Plan, own: Mapping[str, Command]) -> Mapping[str, Command]:
    """The kernel's own commands and the roles', each by its full name: `auth.list`.

    Raises ManifestError for a role whose name makes one of its commands look like the kernel's.
    """
    found = {
        f"{name}.{command}": run
        for name in plan.local
        if (module := part(name, "commands"))
        for command, run in module.commands(kit).items()
    }
    if taken := sorted(found.keys() & own.keys()):
        name = taken[0].partition(".")[0]
        raise ManifestError(f"plugins/{name}/commands.py: {taken[0]} is a command of girok itself")
    return {**own, **found}
