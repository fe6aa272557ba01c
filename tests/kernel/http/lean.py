"""Builds the application in a process of its own, so that a test can see what that loads."""

from girok.clock import SystemClock
from girok.http.app import build_http
from girok.http.cors import Origins
from girok.sections import Http, Log, Metrics
from girok.settings import Settings
from girok.telemetry import metrics
from girok.telemetry.health import Health
from girok.telemetry.logs import configure

configure(Log())
build_http(
    [],
    settings=Settings(Http(), Log(), Metrics()),
    roles={},
    health=Health(Metrics()),
    metrics=metrics.Metrics(version="1", roles=[]),
    origins=Origins((), development=True),
    clock=SystemClock(),
)
