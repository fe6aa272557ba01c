"""What every command takes: `--data` and `--config`; and the settings they lead to."""

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import click

from girok.manifest import Manifest, discover
from girok.settings import Settings
from girok.settings_load import config_file, load

__all__ = ["Loaded", "load_settings", "place_options", "warn"]

F = TypeVar("F", bound=Callable[..., Any])


class Loaded(NamedTuple):
    """The settings, and the plugins that they are for."""

    settings: Settings
    manifests: Mapping[str, Manifest]


def place_options(command: F) -> F:
    """Give a command the parameters `data` and `config`: text, or None."""
    data = click.option("--data", metavar="DIR", help="The data directory (default: ./data).")
    config = click.option("--config", metavar="FILE", help="The settings (default: ./girok.toml, if there is one).")
    return data(config(command))


def load_settings(data: str | None, config: str | None, **flags: str | None) -> Loaded:
    """The settings of file, environment and flags; `http_port="80"` is the flag --port. Raises Refusal."""
    manifests = discover()
    given = {"data": data, **{name.replace("_", ".", 1): value for name, value in flags.items()}}
    return Loaded(load(manifests, config=config_file(config), env=os.environ, flags=given), manifests)


def warn(settings: Settings) -> None:
    """Tell the warnings of loading, for commands that write no log."""
    for each in settings.warnings:
        click.echo(f"girok: warning: {each}", err=True)
