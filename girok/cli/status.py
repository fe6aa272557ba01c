"""`girok status`: is the girok on a data directory well?"""

import asyncio
from datetime import timedelta

import click
import msgspec

from girok.cli.box import data_directory
from girok.cli.options import load_settings, place_options, warn
from girok.control_client import CommandFailed, NotRunning, call
from girok.process_status import ProcessStatus

__all__ = ["status"]

_SECONDS = 10.0
"""The checks behind the answer take two at most."""


@click.command(short_help="Is the girok on the data directory well?")
@place_options
def status(data: str | None, config: str | None) -> int:
    """Tell what runs on the data directory, since when, and whether it is ready: 0 if it serves, 1 if not."""
    loaded = load_settings(data, config)
    warn(loaded.settings)
    try:
        answer = asyncio.run(call(data_directory(loaded.settings), "status", {}, seconds=_SECONDS))
    except NotRunning as error:
        raise CommandFailed("UNAVAILABLE", "NOT_RUNNING", str(error)) from None
    found = msgspec.convert(answer, ProcessStatus)
    click.echo(_told(found))
    return 1 if found.health == "unavailable" else 0


def _told(status: ProcessStatus) -> str:
    rows = [
        ("pid", str(status.pid)),
        ("roles", ", ".join(status.roles)),
        ("uptime", str(timedelta(seconds=int(status.uptime)))),
        *((f"! {name}", detail) for name, detail in status.failing.items()),
    ]
    width = max(len(label) for label, _ in rows)
    lines = [f"  {label:<{width}}  {text}" for label, text in rows]
    return "\n".join([f"girok {status.version} is {status.health}", *lines])
