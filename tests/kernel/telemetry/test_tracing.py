"""Spans: one trace for what belongs together, and next to nothing without a collector."""

from collections.abc import Generator
from pathlib import Path

import pytest

from girok.context import CallContext, current, use
from girok.errors import NotFound
from girok.sections import Traces
from girok.telemetry import tracing
from girok.telemetry.tracing import span
from girok.testing.box import box_on
from girok.testing.collector import Collector, collecting
from tests.scenarios.story import create_post, register

FRESH = f"00-{'a' * 32}-{'b' * 16}-00"
FOREIGN = f"00-{'c' * 32}-{'d' * 16}-01"


@pytest.fixture
def collector() -> Generator[Collector, None, None]:
    with collecting() as found:
        tracing.start(Traces(endpoint=found.url), ["auth", "feed"])
        yield found
        tracing.stop()


class TestSpan:
    def test_without_a_collector_changes_nothing(self) -> None:
        with use(CallContext(traceparent=FRESH)) as context, span("x", "server", root=True):
            assert current() is context

    def test_a_root_has_the_id_of_its_request_and_no_parent(self, collector: Collector) -> None:
        with use(CallContext(traceparent=FRESH)), span("x", "server", root=True):
            inside = current().traceparent
        tracing.stop()
        (found,) = collector.spans
        assert (found.name, found.kind, found.trace, found.parent) == ("x", "server", "a" * 32, "")
        assert inside[3:52] == f"{found.trace}-{found.id}"
        assert found.roles == ("auth", "feed")

    def test_the_parent_is_the_span_around_it(self, collector: Collector) -> None:
        with use(CallContext(traceparent=FRESH)), span("outer", root=True), span("inner"):
            pass
        tracing.stop()
        inner, outer = collector.spans
        assert (inner.name, inner.parent, inner.trace) == ("inner", outer.id, outer.trace)

    def test_the_parent_may_be_a_callers(self, collector: Collector) -> None:
        with use(CallContext(traceparent=FOREIGN)), span("x"):
            pass
        tracing.stop()
        (found,) = collector.spans
        assert (found.trace, found.parent) == ("c" * 32, "d" * 16)

    def test_what_a_caller_does_not_record_is_not_recorded(self, collector: Collector) -> None:
        with use(CallContext(traceparent=FRESH)), span("x"):
            assert current().traceparent.endswith("-00")
        tracing.stop()
        assert collector.spans == []

    @pytest.mark.parametrize(("error", "told"), [(NotFound(), "NOT_FOUND"), (ValueError("hush"), "ValueError")])
    def test_an_error_is_told_by_its_code_alone(self, collector: Collector, error: Exception, told: str) -> None:
        with pytest.raises(type(error)), use(CallContext(traceparent=FRESH)), span("x", root=True):
            raise error
        tracing.stop()
        assert [each.error for each in collector.spans] == [told]

    def test_a_collector_that_is_away_holds_nobody_up(self) -> None:
        tracing.start(Traces(endpoint="http://127.0.0.1:9"), [])
        with use(CallContext(traceparent=FRESH)), span("x", root=True):
            pass
        tracing.stop()


class TestOneBox:
    async def test_a_mutation_and_what_its_event_leads_to_are_one_trace(
        self, collector: Collector, tmp_path: Path
    ) -> None:
        async with box_on(tmp_path / "data") as box, box.browser() as ada:
            await register(ada, "ada")
            await create_post(ada, "hello")
            await box.settle()
        tracing.stop()
        fan_out = next(each for each in collector.spans if each.name == "feed.fan-out")
        names = {each.name for each in collector.trace(fan_out.trace)}
        assert names == {"POST", "graphql", "feed.fan-out"}
        by_id = {each.id: each for each in collector.spans}
        assert by_id[fan_out.parent].name == "graphql"
        assert by_id[by_id[fan_out.parent].parent].name == "POST"
