"""The command line. `main` is the console script `girok`; each group of commands is a file here, or a plugin's.

Exit codes: 0 done; 1 failed; 2 refused or wrong input, with one message on standard error and nothing changed. What is
heavy (Litestar, Piccolo, GraphQL) is imported inside the commands that need it, so that the others start at once.
"""

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NoReturn

import click

from girok import __version__
from girok.cli.config import config
from girok.cli.events import events
from girok.cli.found import plugin_commands
from girok.cli.migrate import migrate
from girok.cli.new_plugin import new_plugin
from girok.cli.roles import roles
from girok.cli.run import run
from girok.cli.schema import schema
from girok.cli.status import status
from girok.cli.up import up
from girok.control_client import CommandFailed
from girok.errors import GirokError, root_cause
from girok.refusal import Refusal

__all__ = ["commands", "main"]

_FAILED, _REFUSED, _INTERRUPTED = 1, 2, 130
_FAILURES = ("UNAVAILABLE", "INTERNAL")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class _Commands(click.Group):
    """Without a command's name in front, the options are those of `run`. Plugins' commands are found when needed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "--version")):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self._of_plugins])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or self._of_plugins.get(cmd_name)

    @cached_property
    def _of_plugins(self) -> Mapping[str, click.Command]:
        return plugin_commands(self.commands)


@click.group(cls=_Commands, no_args_is_help=False)
@click.version_option(__version__, prog_name="girok", message="%(prog)s %(version)s")
def commands() -> None:
    """The system that a career and social platform runs on.

    Without a command, `girok` is `girok run` and takes its options. Every command takes --data and --config after its
    name; `girok COMMAND --help` tells more.
    """


for _each in (run, status, up, config, roles, migrate, events, schema, new_plugin):
    commands.add_command(_each)


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (`sys.argv`) and exit."""
    sys.exit(_run(args))


def _run(args: Sequence[str] | None) -> int:
    """The exit code; what is refused or failed is told on standard error."""
    try:
        code: int | None = commands.main(args, prog_name="girok", standalone_mode=False)
        sys.stdout.flush()
    except (click.UsageError, Refusal, CommandFailed, GirokError) as error:
        message, code = _told(error)
        click.echo(f"girok: {message}", err=True)
    except click.Abort:
        code = _INTERRUPTED
    except OSError as error:
        if error.errno in _NO_ROOM:
            click.echo(f"girok: {error.strerror}", err=True)
        elif not isinstance(error, BrokenPipeError):  # who reads has enough
            raise
        # Python would try to write the rest once more at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = _FAILED
    return code or 0


def _told(error: click.UsageError | Refusal | CommandFailed | GirokError) -> tuple[str, int]:
    """The message and the exit code of an error that is no bug."""
    match error:
        case click.UsageError():
            help_of = error.ctx.command_path if error.ctx else "girok"
            return f"{error.format_message().rstrip('.')} (see `{help_of} --help`)", _REFUSED
        case Refusal():
            return str(error), _REFUSED
        case CommandFailed():
            return error.message, _FAILED if error.code in _FAILURES else _REFUSED
        case GirokError():
            cause = f" ({root_cause(error)})" if error.__cause__ else ""
            return f"{error}{cause}", _FAILED if error.category.code in _FAILURES else _REFUSED
