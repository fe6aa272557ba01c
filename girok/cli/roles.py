"""`girok roles`: the graph of roles."""

from collections.abc import Iterator

import click

from girok.cli.options import place_options
from girok.manifest import Manifest, discover
from girok.roles import resolve

__all__ = ["roles"]


@click.command(short_help="Print the graph of roles.")
@place_options
def roles(data: str | None, config: str | None) -> None:  # noqa: ARG001 - every command takes them
    """Print every role after those it requires: what it is, needs, provides and listens to."""
    manifests = discover()
    for name in resolve(manifests).local:
        click.echo("\n".join(_lines(manifests[name])))


def _lines(manifest: Manifest) -> Iterator[str]:
    ports = [f"{kind} {port}" for kind, port in (("http", manifest.http_port), ("grpc", manifest.grpc_port)) if port]
    branches = [
        ("requires", "every role (an edge)" if manifest.edge else ", ".join(manifest.requires)),
        ("provides", ", ".join(manifest.provides)),
        ("consumes", ", ".join(manifest.consumes)),
        ("in a cluster", ", ".join(ports)),
    ]
    told = [(label, text) for label, text in branches if text]
    yield f"{manifest.name}: {manifest.summary}"
    for number, (label, text) in enumerate(told, start=1):
        yield f"{'└─' if number == len(told) else '├─'} {label:<12} {text}"
