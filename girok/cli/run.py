"""`girok run`: the roles of this process, until it is told to stop."""

import gc
import logging
from typing import NoReturn

import click

from girok.cli.options import Loaded, load_settings, place_options
from girok.refusal import Refusal
from girok.roles import Plan, resolve
from girok.sections import Log
from girok.sections_cluster import Nats

__all__ = ["OneBoxOnly", "run"]

_log = logging.getLogger("girok.settings")


class OneBoxOnly(Refusal):
    """Roles and NATS do not fit together, or not yet."""


@click.command(short_help="Run roles in this process (the default).")
@click.option("--roles", metavar="A,B", help="The roles to run (default: all).")
@click.option("--host", metavar="H", help="The address to listen on (default: 127.0.0.1).")
@click.option("--port", metavar="P", help="The port to listen on; 0 takes a free one (default: 8787).")
@place_options
def run(roles: str | None, host: str | None, port: str | None, data: str | None, config: str | None) -> NoReturn:
    """Run roles in this process: all of them, or those that are named."""
    loaded = load_settings(data, config, http_host=host, http_port=port)
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
    url = loaded.settings.get(Nats).url
    if not url and len(plan.local) < len(loaded.manifests):
        raise OneBoxOnly(
            f"nats.url (GIROK_NATS_URL) is needed to run only some roles ({', '.join(plan.local)}): "
            "without it girok is one box, which runs all of them"
        )
    if url:
        raise OneBoxOnly(
            "nats.url (GIROK_NATS_URL) is set, but this version runs as one box only, without NATS: leave it empty"
        )
    return plan
