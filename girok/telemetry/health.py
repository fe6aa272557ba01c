"""Whether this process lives, whether it can serve, and what it counts: /livez, /readyz, /metrics.

    health = Health(settings.get(Metrics))
    health.add("store", store_is_well, vital=True)

A probe gives None when all is well, else a sentence for the operator; raising or taking too long is not well either.
A vital check that fails makes the process unavailable (503): it can serve nothing. Any other only degrades it (200).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from girok import sections
from girok.errors import Forbidden
from girok.networks import Networks
from girok.telemetry.metrics import Metrics

__all__ = ["CheckResult", "Health", "Probe", "Report", "Status"]

Probe = Callable[[], Awaitable[str | None]]
Status = Literal["ready", "degraded", "unavailable"]
_PROBE_SECONDS = 2.0
_LOCAL = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""Loopback and private networks (RFC 1918, RFC 4193)."""
_log = logging.getLogger(__name__)


class CheckResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one check went; `detail` says what is wrong."""

    ok: bool
    vital: bool
    detail: str | None = None


class Report(msgspec.Struct, frozen=True):
    """All checks, and what they come to."""

    status: Status
    checks: dict[str, CheckResult]


class Health:
    """The checks of this process. Set `draining` when it is about to stop: it is unavailable from then on."""

    def __init__(self, section: sections.Metrics) -> None:
        self.draining = False
        self._probes: dict[str, tuple[Probe, bool]] = {}
        self._operators = Networks(section.allow or _LOCAL)
        self._last: Status = "ready"

    def add(self, name: str, probe: Probe, *, vital: bool = False) -> None:
        """Add a check. `vital`: without it this process can serve nothing."""
        self._probes[name] = (probe, vital)

    async def report(self) -> Report:
        """Run every check, all at once, two seconds at most."""
        results = await asyncio.gather(*(_check(probe, vital) for probe, vital in self._probes.values()))
        checks = dict(zip(self._probes, results, strict=True))
        if self.draining:
            checks["draining"] = CheckResult(ok=False, vital=True, detail="the process is stopping")
        report = Report(_status(checks), checks)
        if report.status != self._last:
            self._last = report.status
            failing = {name: check.detail for name, check in checks.items() if not check.ok}
            _log.log(logging.WARNING if failing else logging.INFO, "now %s", report.status, extra={"failing": failing})
        return report

    def routes(self, metrics: Metrics) -> Sequence[HTTPRouteHandler]:
        """The handlers of /livez, /readyz and /metrics."""

        @get("/livez", include_in_schema=False)
        async def livez() -> Response[bytes]:
            return _answer(b"ok", "text/plain")

        @get("/readyz", include_in_schema=False)
        async def readyz(request: Request[Any, Any, Any]) -> Response[bytes]:
            report = await self.report()
            body: object = report if self._for_operator(request) else {"status": report.status}
            return _answer(
                msgspec.json.encode(body), "application/json", 503 if report.status == "unavailable" else 200
            )

        @get("/metrics", include_in_schema=False)
        async def metrics_(request: Request[Any, Any, Any]) -> Response[bytes]:
            if not self._for_operator(request):
                raise Forbidden
            return _answer(*await metrics.render(request.headers.get("accept", "")))

        return [livez, readyz, metrics_]

    def _for_operator(self, request: Request[Any, Any, Any]) -> bool:
        """Whether the client, and everybody it says it speaks for, is an operator.

        A reverse proxy on this machine is on loopback itself: what it forwards for strangers must stay refused. A
        client can add hops to `X-Forwarded-For` but remove none, so that it only ever loses by it.
        """
        client = request.scope["client"]
        hops = request.headers.getall("x-forwarded-for", [])
        forwarded_for = ",".join(hops).split(",") if hops else ()
        return client is not None and all(hop.strip() in self._operators for hop in (client[0], *forwarded_for))


def _status(checks: dict[str, CheckResult]) -> Status:
    failing = [check for check in checks.values() if not check.ok]
    if any(check.vital for check in failing):
        return "unavailable"
    return "degraded" if failing else "ready"


async def _check(probe: Probe, vital: bool) -> CheckResult:  # noqa: FBT001
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            detail = await probe()
    except TimeoutError:
        detail = f"no answer within {_PROBE_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - a probe that breaks is a check that fails
        detail = f"{type(error).__name__}: {error}"
    return CheckResult(ok=detail is None, vital=vital, detail=detail)


def _answer(body: bytes, content_type: str, status: int = 200) -> Response[bytes]:
    media_type = content_type.removesuffix("; charset=utf-8")  # which Litestar adds to every text
    return Response(body, status_code=status, media_type=media_type, headers={"cache-control": "no-store"})
