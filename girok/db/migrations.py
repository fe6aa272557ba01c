"""The migrations runner: brings a database's schema forward, file by file.

    await migrate(db, ["girok", *plan.local])

The statements of a file and the record of it in `girok_migration` are one unit of work: killed at any instant, a file
has run and is recorded, or neither. The record comes first, so of two runners on one database the second waits at its
key and then finds the work done.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from piccolo.columns import Timestamptz, Varchar

from girok.clock import Clock, SystemClock
from girok.db.database import Database, StoreUnavailable
from girok.db.migration_files import Migration, MigrationFormat, MigrationNumbering, read_domain
from girok.db.postgres_locks import LOCKS, MIGRATION_LOCK
from girok.db.statement import Row, Sql, prepare
from girok.db.table import Table
from girok.db.unit import Unit, execute, rows
from girok.errors import Text, root_cause
from girok.refusal import Refusal
from girok.resources import resource

__all__ = [
    "AppliedMigration",
    "DomainStatus",
    "MigrationChanged",
    "MigrationFailed",
    "MigrationFormat",
    "MigrationNumbering",
    "MigrationStopped",
    "SchemaNewer",
    "migrate",
    "status",
]


class MigrationChanged(Refusal):
    """A file was changed after it ran: what it says is no longer what the schema is."""


class SchemaNewer(Refusal):
    """A migration was applied that this code does not have."""


class MigrationFailed(Refusal):
    """A statement of a file failed; nothing of the file remains. Earlier files do."""


class MigrationStopped(StoreUnavailable, Refusal):
    """The store cannot be read or written: the disk is full, the file damaged. Files that ran before remain."""

    def __init__(self, cause: StoreUnavailable) -> None:
        why = f"the database cannot be brought to this version's schema: {root_cause(cause)}"
        super().__init__(Text(why, why))


class AppliedMigration(Table, tablename="girok_migration"):
    """A file that ran. Key: (domain, name)."""

    domain = Varchar(100, primary_key=True)
    name = Varchar(200)
    checksum = Varchar(64)
    applied_at = Timestamptz()


_CREATE = """CREATE TABLE IF NOT EXISTS girok_migration (
    domain VARCHAR(100) NOT NULL,
    name VARCHAR(200) NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (domain, name)
)"""
_LOCK = Sql(f"SELECT pg_advisory_xact_lock({LOCKS}, {MIGRATION_LOCK})")
"""PostgreSQL alone needs it: two that make one table at once are an error there, IF NOT EXISTS or not."""
_EXISTS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'girok_migration'",
    "postgres": "SELECT relname FROM pg_class WHERE oid = to_regclass('girok_migration')",
}
_ALL = prepare(lambda _: AppliedMigration.raw("SELECT domain, name, checksum FROM girok_migration"))
_RECORD = prepare(
    lambda p: AppliedMigration.raw(
        "INSERT INTO girok_migration (domain, name, checksum, applied_at) VALUES ({}, {}, {}, {}) "
        "ON CONFLICT DO NOTHING RETURNING name",
        p.domain,
        p.name,
        p.checksum,
        p.now,
    )
)


class DomainStatus(msgspec.Struct, frozen=True):
    """Where a domain stands, by migration names in order.

    `changed` are those of `applied` whose file has another text now, `unknown` those that have no file here.
    """

    domain: str
    applied: tuple[str, ...]
    pending: tuple[str, ...]
    changed: tuple[str, ...]
    unknown: tuple[str, ...]


async def status(db: Database, domains: Sequence[str], root: Path | None = None) -> tuple[DomainStatus, ...]:
    """Where each of `domains` stands, in that order, then other domains with `unknown` migrations. Changes nothing.

    Raises MigrationFormat or MigrationNumbering when the files themselves are wrong.
    """
    root = root or resource("migrations")
    recorded = await _recorded(db)
    others = sorted(recorded.keys() - set(domains))
    asked = [_compare(each, read_domain(root, each, db.dialect), recorded.get(each, {})) for each in domains]
    rest = [_compare(each, read_domain(root, each, db.dialect), recorded[each]) for each in others]
    return (*asked, *(each for each in rest if each.unknown))


async def migrate(
    db: Database, domains: Sequence[str], root: Path | None = None, clock: Clock | None = None
) -> tuple[Migration, ...]:
    """Apply what is pending, domain by domain, each in the order of its numbers; what was applied now.

    Before anything runs, raises MigrationFormat, MigrationNumbering, MigrationChanged or SchemaNewer. Raises
    MigrationFailed at a statement that the store refuses, MigrationStopped when it cannot be read or written.
    """
    try:
        return await _migrate(db, domains, root or resource("migrations"), clock or SystemClock())
    except StoreUnavailable as error:
        raise MigrationStopped(error) from error


async def _migrate(db: Database, domains: Sequence[str], root: Path, clock: Clock) -> tuple[Migration, ...]:
    standing = await status(db, domains, root)
    for each in standing:
        _refuse(each)
    await db.run(lambda: _create(db.dialect))
    pending = {(each.domain, name) for each in standing for name in each.pending}
    waiting = [
        migration
        for domain in domains
        for migration in read_domain(root, domain, db.dialect)
        if (domain, migration.name) in pending
    ]
    return tuple([migration for migration in waiting if await _apply(db, migration, clock)])


def _create(dialect: str) -> Unit[None]:
    if dialect == "postgres":
        yield from execute(_LOCK)
    yield from execute(Sql(_CREATE))


async def _recorded(db: Database) -> dict[str, dict[str, str]]:
    """Checksums by name by domain."""
    found: dict[str, dict[str, str]] = {}
    if await db.fetch(Sql(_EXISTS[db.dialect])):
        for row in await db.fetch(_ALL()):
            found.setdefault(row["domain"], {})[row["name"]] = row["checksum"]
    return found


def _compare(domain: str, files: Sequence[Migration], recorded: dict[str, str]) -> DomainStatus:
    names = {each.name for each in files}
    return DomainStatus(
        domain=domain,
        applied=tuple(sorted(recorded)),
        pending=tuple(each.name for each in files if each.name not in recorded),
        changed=tuple(each.name for each in files if recorded.get(each.name, each.checksum) != each.checksum),
        unknown=tuple(sorted(recorded.keys() - names)),
    )


def _refuse(standing: DomainStatus) -> None:
    if standing.unknown:
        name = f"{standing.domain}/{standing.unknown[-1]}"
        raise SchemaNewer(
            f"the database has migration {name}, which this girok does not have: a newer version wrote it "
            f"(or a plugin was removed); run that version, or restore a backup from before"
        )
    if standing.changed:
        raise MigrationChanged(
            f"migration {standing.domain}/{standing.changed[0]} was changed after it ran: "
            f"restore the file, and put the change into a new migration"
        )
    if standing.pending and standing.applied and standing.pending[0] < standing.applied[-1]:
        raise MigrationNumbering(
            f"migration {standing.domain}/{standing.pending[0]} has not run, but {standing.applied[-1]} after it has: "
            f"give it the next free number"
        )


async def _apply(db: Database, migration: Migration, clock: Clock) -> bool:
    """Whether it was applied here; False when another runner was first."""
    now = clock.now()
    record = _RECORD(domain=migration.domain, name=migration.name, checksum=migration.checksum, now=now)

    def unit() -> Unit[bool]:
        recorded: list[Row] = yield from rows(record)
        if not recorded:
            return False
        for number, text in enumerate(migration.statements, start=1):
            try:
                yield from execute(Sql(text))
            except StoreUnavailable:
                raise
            except Exception as error:
                raise MigrationFailed(f"{migration.path}, statement {number}: {error}") from error
        return True

    return await db.run(unit)
