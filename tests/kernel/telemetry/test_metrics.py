"""What is counted, and how Prometheus reads it."""

import pytest
from prometheus_client import Counter
from prometheus_client.parser import text_string_to_metric_families

from girok.db.database import StoreUnavailable
from girok.events.bus import ConsumerStats
from girok.telemetry.metrics import Metrics


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="1.2.3", roles=["auth", "feed"])


async def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families((await metrics.render())[0].decode())
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


class TestRequests:
    async def test_are_counted_by_method_route_and_status_class(self, metrics: Metrics) -> None:
        for status in (200, 204, 404, 500, 0):
            metrics.observe("GET", "/posts/{id}", status, 0.01)
        found = await samples(metrics)
        labels = ("girok_http_requests_total", "method=GET", "route=/posts/{id}")
        counts = {key[3]: value for key, value in found.items() if key[:3] == labels}
        assert counts == {"status=2xx": 2, "status=4xx": 1, "status=5xx": 1, "status=none": 1}

    async def test_take_a_time_that_falls_into_buckets(self, metrics: Metrics) -> None:
        for seconds in (0.001, 0.0011, 0.3, 60.0):
            metrics.observe("GET", "/", 200, seconds)
        found = await samples(metrics)
        name = "girok_http_request_duration_seconds"
        buckets = {
            bound: found[f"{name}_bucket", f"le={bound}", "method=GET", "route=/"]
            for bound in ("0.001", "0.0025", "0.25", "0.5", "10.0", "+Inf")
        }
        assert buckets == {"0.001": 1, "0.0025": 2, "0.25": 2, "0.5": 3, "10.0": 3, "+Inf": 4}
        assert found[f"{name}_count", "method=GET", "route=/"] == 4
        assert found[f"{name}_sum", "method=GET", "route=/"] == pytest.approx(60.3021)

    async def test_of_invented_methods_share_one_label(self, metrics: Metrics) -> None:
        for method in ("BREW", "WHEN", "BREW"):
            metrics.observe(method, "(none)", 405, 0.01)
        assert (await samples(metrics))["girok_http_requests_total", "method=OTHER", "route=(none)", "status=4xx"] == 3


class TestReadings:
    async def test_are_read_at_every_scrape(self, metrics: Metrics) -> None:
        depth = [3, 4]
        metrics.watch({"girok_queue": depth.pop, "girok_db_units_total": lambda: 7})
        assert (await samples(metrics))["girok_queue",] == 4
        found = await samples(metrics)
        assert (found["girok_queue",], found["girok_db_units_total",]) == (3, 7)

    async def test_are_counters_or_gauges_by_their_name(self, metrics: Metrics) -> None:
        metrics.watch({"girok_queue": lambda: 1, "girok_db_units_total": lambda: 7, "girok_x": lambda: 1})
        kinds = {each.name: each.type for each in text_string_to_metric_families((await metrics.render())[0].decode())}
        assert (kinds["girok_queue"], kinds["girok_db_units"], kinds["girok_x"]) == ("gauge", "counter", "gauge")


class TestBus:
    async def test_has_a_figure_for_each_consumer(self, metrics: Metrics) -> None:
        async def stats() -> list[ConsumerStats]:
            return [ConsumerStats("feed.fan-out", delivered=5, failed=4, depth=3, dead=2, lag=1.5)]

        metrics.watch_bus(stats)
        found = await samples(metrics)
        assert {key[0]: value for key, value in found.items() if key[1:] == ("consumer=feed.fan-out",)} == {
            "girok_bus_delivered_total": 5,
            "girok_bus_failed_total": 4,
            "girok_bus_depth": 3,
            "girok_bus_dead": 2,
            "girok_bus_lag_seconds": 1.5,
        }

    async def test_that_cannot_be_asked_hides_nothing_else(self, metrics: Metrics) -> None:
        async def stats() -> list[ConsumerStats]:
            raise StoreUnavailable

        metrics.watch_bus(stats)
        metrics.watch({"girok_db_units_total": lambda: 7})
        assert (await samples(metrics))["girok_db_units_total",] == 7


class TestRender:
    async def test_says_what_runs_and_what_it_uses(self, metrics: Metrics) -> None:
        found = await samples(metrics)
        assert found["girok_info", "roles=auth,feed", "version=1.2.3"] == 1
        assert found["process_resident_memory_bytes",] > 1_000_000

    async def test_speaks_the_format_that_is_asked_for(self, metrics: Metrics) -> None:
        assert (await metrics.render())[1].startswith("text/plain")
        body, content_type = await metrics.render("application/openmetrics-text; version=1.0.0")
        assert content_type.startswith("application/openmetrics-text")
        assert body.endswith(b"# EOF\n")

    async def test_has_what_others_register(self, metrics: Metrics) -> None:
        Counter("girok_matches", "Pairs made.", registry=metrics.registry).inc()
        assert (await samples(metrics))["girok_matches_total",] == 1

    async def test_knows_nothing_of_another_app(self, metrics: Metrics) -> None:
        metrics.observe("GET", "/", 200, 0.01)
        assert not [
            key for key in (await samples(Metrics(version="1", roles=[]))) if key[0] == "girok_http_requests_total"
        ]
