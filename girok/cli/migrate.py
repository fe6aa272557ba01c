"""`girok migrate`: the schema of the store, brought forward or looked at."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from girok.cli.box import data_directory
from girok.cli.options import Loaded, load_settings, place_options, warn
from girok.cli.table import table
from girok.control_client import NotRunning, call
from girok.refusal import Refusal
from girok.roles import resolve
from girok.sections import Core
from girok.sections_cluster import Database

if TYPE_CHECKING:
    from girok.db.migrations import DomainStatus

__all__ = ["StoreInUse", "migrate"]


class StoreInUse(Refusal):
    """A girok runs on the store, and it is not up to date."""


@click.command(short_help="Bring the store to this version's schema.")
@click.argument("what", required=False, type=click.Choice(["status"]), metavar="[status]")
@place_options
def migrate(what: str | None, data: str | None, config: str | None) -> None:
    """Bring the store to this version's schema, as a start does; with `status`, tell where it stands."""
    loaded = load_settings(data, config)
    warn(loaded.settings)
    asyncio.run(_status(loaded) if what == "status" else _migrate(loaded))


async def _migrate(loaded: Loaded) -> None:
    data = Path(loaded.settings.get(Core).data)
    try:
        standing = await _standing_of_running(data)
    except NotRunning:
        for name in await _apply(loaded):
            click.echo(f"applied {name}")
    else:
        if waiting := [f"{each.domain}/{name}" for each in standing for name in each.pending]:
            raise StoreInUse(
                f"a girok runs on {data}: stop it, then migrate (its start does so too): {', '.join(waiting)}"
            )
    click.echo("the schema is up to date")


async def _status(loaded: Loaded) -> None:
    settings = loaded.settings
    data = Path(settings.get(Core).data) if settings.get(Database).url else data_directory(settings)
    try:
        standing = await _standing_of_running(data)
    except NotRunning:
        from girok.db.migrations import status
        from girok.wiring import open_store_alone, store_domains

        async with open_store_alone(settings) as db:
            standing = await status(db, store_domains(resolve(loaded.manifests)))
    click.echo(table(("domain", "migration", "state"), list(_rows(standing))))


async def _standing_of_running(data: Path) -> "Sequence[DomainStatus]":
    """Where the store of the girok on `data` stands. Raises NotRunning, CommandFailed."""
    answer = await call(data, "migrate.status", {})
    from girok.db.migrations import DomainStatus

    return msgspec.convert(answer, tuple[DomainStatus, ...])


async def _apply(loaded: Loaded) -> list[str]:
    """The migrations applied now, as domain/name."""
    from girok.db.migrations import migrate
    from girok.wiring import open_store_alone, store_domains

    async with open_store_alone(loaded.settings) as db:
        applied = await migrate(db, store_domains(resolve(loaded.manifests)))
    return [f"{each.domain}/{each.name}" for each in applied]


def _rows(standing: "Sequence[DomainStatus]") -> Iterator[tuple[str, str, str]]:
    for each in standing:
        for name in sorted({*each.applied, *each.pending}):
            if name in each.unknown:
                state = "applied by a newer girok"
            elif name in each.changed:
                state = "applied, but its file was changed since"
            else:
                state = "pending" if name in each.pending else "applied"
            yield each.domain, name, state
