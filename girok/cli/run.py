"""`girok run`: the roles of this process, until it is told to stop."""

import gc
import logging
from typing import NoReturn

import click

from girok.cli.options import Loaded, load_settings, place_options
from girok.needs import needed_servers
from girok.refusal import Refusal
from girok.roles import Plan, resolve
from girok.sections import Log
from girok.sections_cluster import Nats

__all__ = ["OneBoxOnly", "run"]

_log = logging.getLogger("girok.settings")


class OneBoxOnly(Refusal):
    """Only some roles, and no NATS that leads to the others."""


@click.command(short_help="Run roles in this process (the default).")
@click.option("--roles", metavar="A,B", help="The roles to run (default: all).")
@click.option("--host", metavar="H", help="The address to listen on (default: 127.0.0.1).")
@click.option("--port", metavar="P", help="The port to listen on; 0 takes a free one (default: 8787).")
@click.option("--grpc-port", metavar="P", help="The port for gRPC in a cluster (default: the first role's).")
@place_options
def run(
    *,
    roles: str | None,
    host: str | None,
    port: str | None,
    grpc_port: str | None,
    data: str | None,
    config: str | None,
) -> NoReturn:
    """Run roles in this process: all of them, or those that are named. A role's own ports are in `girok roles`."""
    loaded = load_settings(data, config, http_host=host, http_port=port, grpc_port=grpc_port)
    plan = _plan(loaded, roles)
    # Imports make little garbage; looking for it among them costs a tenth of the start.
    gc.disable()
    from girok.run import run_on_uvloop, serve
    from girok.telemetry.logs import configure

    gc.enable()
    configure(loaded.settings.get(Log))
    for each in loaded.settings.warnings:
        _log.warning(each)
    run_on_uvloop(serve(loaded.settings, loaded.manifests, plan))


def _plan(loaded: Loaded, roles: str | None) -> Plan:
    """The roles to run. Raises Refusal when they cannot be."""
    asked = [each.strip() for each in (roles or "").split(",") if each.strip()]
    if roles is not None and not asked:
        raise OneBoxOnly(f"--roles names no role; there are {', '.join(loaded.manifests)}")
    plan = resolve(loaded.manifests, asked)
    if not loaded.settings.get(Nats).url and len(plan.local) < len(loaded.manifests):
        raise OneBoxOnly(
            f"nats.url (GIROK_NATS_URL) is needed to run only some roles ({', '.join(plan.local)}): "
            "without it girok is one box, which runs all of them"
        )
    needed_servers(loaded.settings, loaded.manifests, plan)
    return plan
