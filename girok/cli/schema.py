"""`girok schema`: the contracts of every role, as this version publishes them. Needs no data directory, no server."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click
import msgspec

from girok.cli.options import place_options
from girok.manifest import discover, part
from girok.roles import resolve
from girok.settings_load import load

if TYPE_CHECKING:
    from girok.events.event import Event

__all__ = ["schema"]


@click.group(no_args_is_help=False, short_help="Print the published contracts.")
def schema() -> None:
    """Print the contracts of every role, as this version publishes them."""


@schema.command()
@place_options
def openapi(data: str | None, config: str | None) -> None:  # noqa: ARG001 - every command takes them
    """REST: OpenAPI 3.1, as JSON. A running girok has it at /schema/openapi.json."""
    _print_json(asyncio.run(_openapi()))


@schema.command()
@place_options
def graphql(data: str | None, config: str | None) -> None:  # noqa: ARG001 - every command takes them
    """GraphQL: the schema in its own language."""
    from girok.graphql.schema import assemble, print_sdl

    modules = [part(name, "graphql") for name in discover()]
    click.echo(print_sdl(assemble(module.PART for module in modules if module)), nl=False)


@schema.command()
@place_options
def proto(data: str | None, config: str | None) -> None:  # noqa: ARG001 - every command takes them
    """gRPC: the .proto files, each after a line that names it."""
    for name in discover():
        module = part(name, "plugin")
        for path in sorted(Path(module.__file__ or "").parent.glob("*.proto")) if module else ():
            click.echo(f"// plugins/{name}/{path.name}\n{path.read_text('utf-8')}")


@schema.command()
@place_options
def events(data: str | None, config: str | None) -> None:  # noqa: ARG001 - every command takes them
    """Events: the shape of `data` by type, as JSON Schema."""
    from girok.http.openapi.schemas import Schemas

    schemas = Schemas()
    found = {each.subject: schemas.outgoing(each) for each in sorted(_events(), key=lambda each: each.subject)}
    _print_json({"events": found, "components": {"schemas": schemas.components}})


async def _openapi() -> dict[str, Any]:
    """Of all roles in one box, which is opened on a folder of its own with nothing but defaults."""
    from girok.app import build
    from girok.wiring import open_box

    manifests = discover()
    with TemporaryDirectory(prefix="girok-schema-") as folder:
        settings = load(manifests, flags={"data": folder})
        async with open_box(settings, manifests, resolve(manifests)) as box:
            return build(box).openapi()


def _events() -> "list[type[Event]]":
    from girok.events.event import Event

    modules = [part(name, "events") for name in discover()]
    kinds = [each for module in modules if module for each in vars(module).values() if isinstance(each, type)]
    return [each for each in kinds if issubclass(each, Event) and each.subject]


def _print_json(document: dict[str, Any]) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
