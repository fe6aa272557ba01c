"""`girok up`: a cluster on this machine."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from girok.cli.options import load_settings, place_options, warn
from girok.sections import Core, Drain

__all__ = ["up"]


@click.command(short_help="Run a cluster on this machine: a process for each role, and its servers.")
@click.option("--port-offset", metavar="N", type=click.IntRange(0, 30_000), default=0, help="Add N to every port.")
@click.option("--mongo", is_flag=True, help="Keep the data of the roles that can do so on a MongoDB.")
@place_options
def up(port_offset: int, mongo: bool, data: str | None, config: str | None) -> int:
    """Run every role as a process of its own, with NATS, Valkey, PostgreSQL and S3 on this machine, until Ctrl-C."""
    loaded = load_settings(data, config)
    warn(loaded.settings)
    from girok.locks import DataDir
    from girok.up.cluster import run_cluster
    from girok.up.layout import lay_out

    arguments: Sequence[str] = ("--config", str(Path(config).absolute())) if config else ()
    with DataDir.open(Path(loaded.settings.get(Core).data)) as place:
        layout = lay_out(loaded.manifests, place.path, offset=port_offset, on_mongo=mongo, arguments=arguments)
        seconds = loaded.settings.get(Drain).seconds
        return asyncio.run(run_cluster(layout, click.echo, drain_seconds=seconds + 2.0))
