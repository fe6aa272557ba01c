"""`girok new-plugin`: a new domain."""

from pathlib import Path

import click

from girok.cli.options import place_options

__all__ = ["new_plugin"]


@click.command("new-plugin", short_help="Write a new domain with its tests.")
@click.argument("name")
@place_options
def new_plugin(name: str, data: str | None, config: str | None) -> None:  # noqa: ARG001 - every command takes them
    """Write a plugin with its migration and passing tests into the checkout that is the working directory."""
    from girok.scaffold import write_plugin

    root = Path.cwd()
    for path in write_plugin(name, root):
        click.echo(str(path.relative_to(root)))
