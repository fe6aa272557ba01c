"""Prometheus metrics of one process.

Requests are counted in plain lists on the event loop's thread, which costs a microsecond; prometheus-client, 40 ms and
2.5 MB to import, is loaded at the first scrape and turns them into its text. Labels are bounded: a route's template, a
known method, a status class.

    metrics = Metrics(version=__version__, roles=plan.local)
    metrics.watch({"girok_db_units_total": lambda: db.units, "girok_db_reads_total": lambda: db.reads})
    metrics.watch_bus(bus.stats)
    body, content_type = await metrics.render(accept)
"""

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from girok.errors import Unavailable
from girok.events.bus import ConsumerStats

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

__all__ = ["BusStats", "Metrics", "Reading"]

Reading = Callable[[], float]
"""Gives a number at a scrape: quickly, and without awaiting."""
BusStats = Callable[[], Awaitable[Sequence[ConsumerStats]]]
"""What `Bus.stats` is."""

_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HELP = {
    "girok_db_units_total": "Units of work that were committed.",
    "girok_db_units_rerun_total": "Times that a unit of work had to run again.",
    "girok_db_connections_in_use": "Connections to the database that somebody works with.",
    "girok_db_groups_total": "Group commits: one fsync each.",
    "girok_db_reads_total": "Reads.",
    "girok_db_reads_offloaded_total": "Reads that were too long for the event loop and went to a thread.",
    "girok_grpc_connections": "gRPC connections of other processes.",
    "girok_http_requests_in_flight": "HTTP requests that are being answered.",
    "girok_members": "Processes of the cluster that this one knows, itself included.",
    "girok_mongo_relay_moved_total": "Documents that this process took events out of.",
    "girok_mongo_relay_waiting": "Documents that this process is still to take events out of.",
    "girok_relay_published_total": "Events that this process brought to JetStream.",
    "girok_relay_waiting": "Events that this process is still to bring to JetStream.",
}
_BUS: tuple[tuple[str, str, Callable[[ConsumerStats], float]], ...] = (
    ("girok_bus_delivered_total", "Deliveries that a consumer took, since the start.", lambda each: each.delivered),
    ("girok_bus_failed_total", "Deliveries that failed, since the start.", lambda each: each.failed),
    ("girok_bus_depth", "Events that a consumer has not done yet.", lambda each: each.depth),
    ("girok_bus_dead", "Events that failed for good and wait for an operator.", lambda each: each.dead),
    ("girok_bus_lag_seconds", "For how long the oldest event of a consumer has been due.", lambda each: each.lag),
)


class _Route:
    """One method of one route. `statuses` counts by class; the first, requests that were never answered."""

    __slots__ = ("buckets", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses = [0] * 6
        self.buckets = [0] * (len(_BOUNDS) + 1)
        self.seconds = 0.0


class Metrics:
    """What this process counts, and its Prometheus text."""

    def __init__(self, *, version: str, roles: Sequence[str]) -> None:
        self._info = {"version": version, "roles": ",".join(roles)}
        self._routes: dict[tuple[str, str], _Route] = {}
        self._readings: dict[str, Reading] = {}
        self._bus_stats: BusStats | None = None
        self._consumers: Sequence[ConsumerStats] = ()
        self._registry: CollectorRegistry | None = None

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is a template (`/v1/users/{id}`), `status` 0 when there was no answer."""
        series = self._routes.get((method, route))
        if series is None:
            key = (method if method in _METHODS else "OTHER", route)
            series = self._routes.setdefault(key, _Route())
        series.statuses[status // 100] += 1
        series.buckets[bisect_left(_BOUNDS, seconds)] += 1
        series.seconds += seconds

    def watch(self, readings: Mapping[str, Reading]) -> None:
        """Read these at every scrape. A name that ends with `_total` is a counter, any other a gauge."""
        self._readings.update(readings)

    def watch_bus(self, stats: BusStats) -> None:
        """Ask this for the consumers at every scrape; their names become a label."""
        self._bus_stats = stats

    async def render(self, accept: str = "") -> tuple[bytes, str]:
        """The text that Prometheus reads and its media type, as the `Accept` header asks for."""
        from prometheus_client.exposition import choose_encoder

        encode, content_type = choose_encoder(accept)
        self._consumers = await self._ask_bus()
        return encode(self.registry), content_type

    async def _ask_bus(self) -> Sequence[ConsumerStats]:
        """The consumers; none while the store cannot say, when all else is still worth reading."""
        try:
            return await self._bus_stats() if self._bus_stats is not None else ()
        except Unavailable:
            return ()

    @property
    def registry(self) -> "CollectorRegistry":
        """This app's own registry; a plugin may register metrics of its own."""
        if self._registry is None:
            from prometheus_client import CollectorRegistry, ProcessCollector

            self._registry = CollectorRegistry()
            self._registry.register(self)
            ProcessCollector(registry=self._registry)
        return self._registry

    def collect(self) -> "Iterator[Metric]":
        """The families of a scrape: prometheus-client's protocol of a collector."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        info = GaugeMetricFamily("girok_info", "What runs in this process.", labels=list(self._info))
        info.add_metric(list(self._info.values()), 1)
        yield info
        yield from self._requests()
        for name, read in self._readings.items():
            family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            yield family(name, _HELP.get(name, name), value=read())
        for name, about, value in _BUS if self._consumers else ():
            family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            metric = family(name, about, labels=("consumer",))
            for each in self._consumers:
                metric.add_metric((each.consumer,), value(each))
            yield metric

    def _requests(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily(
            "girok_http_requests", "HTTP requests that were answered.", labels=("method", "route", "status")
        )
        durations = HistogramMetricFamily(
            "girok_http_request_duration_seconds", "From the request's head to its answer.", labels=("method", "route")
        )
        for (method, route), series in self._routes.items():
            for number, count in enumerate(series.statuses):
                if count:
                    requests.add_metric((method, route, f"{number}xx" if number else "none"), count)
            durations.add_metric((method, route), _cumulative(series.buckets), series.seconds)
        yield requests
        yield durations


def _cumulative(buckets: Iterable[int]) -> list[tuple[str, float]]:
    return list(zip([*map(str, _BOUNDS), "+Inf"], accumulate(buckets), strict=True))
