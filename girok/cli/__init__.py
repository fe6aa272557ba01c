"""The command line. `main` is the console script `girok`.

Exit codes: 0 done; 1 failed; 2 refused or wrong input, with one sentence on standard error and nothing changed.
"""

import sys
from pathlib import Path

import click

from girok import __version__
from girok.refusal import Refusal

__all__ = ["commands", "main"]


@click.group()
@click.version_option(__version__)
def commands() -> None:
    """The system that a career and social platform runs on."""


@commands.command()
def roles() -> None:
    """Print the graph of roles, each after those it requires."""
    from girok.manifest import discover
    from girok.roles import resolve

    manifests = discover()
    for name in resolve(manifests).local:
        each = manifests[name]
        click.echo(f"{name}: {each.summary}")
        for label, values in (("requires", each.requires), ("provides", each.provides), ("consumes", each.consumes)):
            if values:
                click.echo(f"  {label:<9} {', '.join(values)}")


@commands.command("new-plugin")
@click.argument("name")
def new_plugin(name: str) -> None:
    """Write a plugin with its migration and tests into this checkout."""
    from girok.scaffold import write_plugin

    for path in write_plugin(name, Path.cwd()):
        click.echo(str(path.relative_to(Path.cwd())))


def main() -> None:
    """Run the command line; a Refusal is one sentence and exit 2."""
    try:
        commands()
    except Refusal as refusal:
        sys.stderr.write(f"girok: {refusal}\n")
        sys.exit(2)
