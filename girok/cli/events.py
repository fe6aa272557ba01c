"""`girok events`: the events that failed for good."""

import asyncio

import click
import msgspec

from girok.cli.box import act
from girok.cli.options import load_settings, place_options, warn
from girok.cli.table import table
from girok.refusal import Refusal

__all__ = ["NoDeadLetter", "events"]

_LIMIT = 1000


class NoDeadLetter(Refusal):
    """None of the ids is that of an event which failed for good."""


@click.group(no_args_is_help=False, short_help="Events that failed for good.")
def events() -> None:
    """Look at events that failed for good, and try them again."""


@events.command()
@place_options
def dead(data: str | None, config: str | None) -> None:
    """List the events that a consumer gave up, the one that waits longest first."""
    from girok.events.bus import DeadLetter

    loaded = load_settings(data, config)
    warn(loaded.settings)
    answer = asyncio.run(act(*loaded, "events.dead", {"limit": _LIMIT}))
    letters = msgspec.convert(answer.data, list[DeadLetter])
    if not letters:
        click.echo("no event has failed for good")
        return
    rows = [
        (
            each.event_id,
            each.consumer,
            each.subject,
            str(each.attempts),
            each.error,
            f"{each.dead_at:%Y-%m-%d %H:%M:%SZ}",
        )
        for each in letters
    ]
    click.echo(table(("id", "consumer", "subject", "attempts", "error", "since"), rows))
    if len(letters) == _LIMIT:
        click.echo(f"these are the first {_LIMIT}; there may be more", err=True)


@events.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@place_options
def retry(ids: tuple[str, ...], data: str | None, config: str | None) -> None:
    """Deliver dead events again as if for the first time: those with the ids, or all."""
    loaded = load_settings(data, config)
    warn(loaded.settings)
    answer = asyncio.run(act(*loaded, "events.retry", {"ids": ids} if ids else {}))
    retried: int = answer.data["retried"]
    if ids and not retried:
        raise NoDeadLetter(f"no dead event has the id {' or '.join(ids)}")
    when = "now" if answer.running else "when girok runs"
    click.echo(f"{retried} {'delivery' if retried == 1 else 'deliveries'} will be tried again {when}")
