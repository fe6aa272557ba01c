"""`girok config`: are the settings right, what are they, what is a key for."""

import os

import click

from girok.cli.options import load_settings, place_options, warn
from girok.manifest import discover
from girok.refusal import Refusal
from girok.settings_keys import ANY, Key, Schema
from girok.settings_load import SettingsError, config_file, load, schema_of

__all__ = ["UnknownKey", "config"]


class UnknownKey(Refusal):
    """No setting has this name."""


@click.group(no_args_is_help=False, short_help="Look at the settings.")
def config() -> None:
    """Look at the settings."""


@config.command()
@place_options
def check(data: str | None, config: str | None) -> None:
    """Are the settings right? Tells everything that is wrong."""
    warn(load_settings(data, config).settings)
    click.echo("the settings are right")


@config.command()
@place_options
def show(data: str | None, config: str | None) -> None:
    """Every value, and where it comes from; secrets are masked."""
    from girok.settings_text import shown

    settings, manifests = load_settings(data, config)
    warn(settings)
    click.echo(shown(schema_of(manifests), settings), nl=False)


@config.command()
@click.argument("key")
@place_options
def explain(key: str, data: str | None, config: str | None) -> None:
    """What a key is for, what it may be, and what it is: `http.port`, `GIROK_HTTP_PORT`, or the table `http`."""
    from girok.settings_text import explained, explained_table

    manifests = discover()
    schema = schema_of(manifests)
    if key in schema.sections and key:
        click.echo(explained_table(schema, key))
        return
    found = _find(schema, key)
    try:
        settings = load(manifests, config=config_file(config), env=os.environ, flags={"data": data})
    except SettingsError:
        click.echo("girok: warning: the settings are wrong, see `girok config check`", err=True)
        settings = None
    click.echo(explained(schema, found, settings))


@config.command()
@place_options
def sample(data: str | None, config: str | None) -> None:  # noqa: ARG001 - every command takes them
    """A girok.toml with every key and its default, commented out."""
    from girok.settings_text import sample as written

    click.echo(written(schema_of(discover())), nl=False)


def _find(schema: Schema, name: str) -> Key:
    path = tuple(name.split("."))
    if found := schema.find(path) or schema.find(tuple(ANY if each == "NAME" else each for each in path)):
        return found
    if by_variable := schema.of_variable(name.upper()):
        return by_variable[1]
    raise UnknownKey(f"there is no setting {name!r}{schema.like(path)}")
