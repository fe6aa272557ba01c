"""The commands that plugins bring: `COMMANDS` in plugins/<domain>/cli.py, a tuple of click's commands and groups.

That file is imported for `--help` and, with all the others, for what is no command of girok itself. So it imports no
more than click, girok.cli and the domain's contract, and leaves the work to commands.py.
"""

from collections.abc import Collection
from typing import cast

import click

from girok.manifest import ManifestError, discover, part

__all__ = ["plugin_commands"]


def plugin_commands(own: Collection[str]) -> dict[str, click.Command]:
    """All of them by name. Raises ManifestError for a name that two plugins have, or that is one of girok's `own`."""
    found: dict[str, click.Command] = {}
    homes = dict.fromkeys(own, "girok itself")
    for plugin in discover():
        module = part(plugin, "cli")
        if module is None:
            continue
        commands: object = getattr(module, "COMMANDS", None)
        if not isinstance(commands, tuple):
            raise ManifestError(f"plugins/{plugin}/cli.py has no tuple COMMANDS")
        for each in cast("tuple[object, ...]", commands):
            if not isinstance(each, click.Command) or not each.name:
                raise ManifestError(f"plugins/{plugin}/cli.py: {each!r} in COMMANDS is no command of click with a name")
            if each.name in homes:
                raise ManifestError(
                    f"plugins/{plugin}/cli.py: the command `girok {each.name}` is one of {homes[each.name]} already"
                )
            homes[each.name] = f"plugins/{plugin}/cli.py"
            found[each.name] = each
    return found
