"""`girok new-plugin`: a new domain."""

from pathlib import Path

import click

from girok.cli.options import place_options

__all__ = ["new_plugin"]

_NEXT = """\
Next:
  uv run girok config sample > girok.toml, now (a peer's address was added) and after every change of settings
  uv run pytest tests/plugins/{name} tests/architecture tests/contract/test_proto.py
  plugins/{name}/README.md says where to look first, and how to make it your own"""


@click.command("new-plugin", short_help="Write a new domain with its tests.")
@click.argument("name")
@place_options
def new_plugin(name: str, data: str | None, config: str | None) -> None:  # noqa: ARG001 - every command takes them
    """Write a plugin with its migration and passing tests into the checkout that is the working directory.

    Standard output is the files, one a line, standard error what to do next.
    """
    from girok.scaffold import write_plugin

    root = Path.cwd()
    for path in write_plugin(name, root):
        click.echo(str(path.relative_to(root)))
    click.echo(_NEXT.format(name=name), err=True)
