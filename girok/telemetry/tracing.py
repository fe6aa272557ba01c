"""Traces: what a call did, where, and for how long, sent to an OTLP collector when `traces.endpoint` is set.

    with span("girok.feed.v1.FeedService/GetPost", "client", {"rpc.system": "grpc"}):
        ...

A span's parent is the `traceparent` of the call context, and within it the context has its own: so it travels on over
gRPC and in events, and one request is one trace, whatever processes it runs through. Without a collector a span is one
look at a variable. OpenTelemetry (20 MB, 0.2 s) is imported by `start` only.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import msgspec

from girok import __version__
from girok.context import current, use
from girok.errors import GirokError
from girok.sections import Traces

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

__all__ = ["Kind", "span", "start", "stop"]

Kind = Literal["internal", "server", "client", "producer", "consumer"]


class _State:
    """One tracer a process, as there is one log."""

    tracer: "Tracer | None" = None
    provider: "TracerProvider | None" = None


def start(traces: Traces, roles: Sequence[str]) -> None:
    """Record and send spans from now on, if there is a collector to send them to."""
    if not traces.endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    from girok.telemetry.trace_ids import RequestTraceIds

    resource = Resource({"service.name": "girok", "service.version": __version__, "girok.roles": tuple(roles)})
    sampler = ParentBased(TraceIdRatioBased(traces.ratio))
    provider = TracerProvider(
        resource=resource, sampler=sampler, id_generator=RequestTraceIds(), shutdown_on_exit=False
    )
    exporter = OTLPSpanExporter(f"{traces.endpoint.rstrip('/')}/v1/traces", timeout=5)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    _State.provider, _State.tracer = provider, provider.get_tracer("girok", __version__)


def stop() -> None:
    """Send what is left, for some seconds at most, and record no more. Twice is no error."""
    provider, _State.provider, _State.tracer = _State.provider, None, None
    if provider is not None:
        provider.shutdown()


@contextmanager
def span(
    name: str, kind: Kind = "internal", attributes: Mapping[str, str | int] | None = None, *, root: bool = False
) -> Generator[None, None, None]:
    """Record what the body does. `root`: the context's traceparent was made here, and is nobody's span."""
    tracer = _State.tracer
    if tracer is None:
        yield
        return
    from opentelemetry.trace import SpanKind, StatusCode

    from girok.telemetry.trace_ids import parent_of, traceparent_of

    context = current()
    made = tracer.start_span(
        name, parent_of("" if root else context.traceparent), SpanKind[kind.upper()], dict(attributes or {})
    )
    try:
        with use(msgspec.structs.replace(context, traceparent=traceparent_of(made))):
            yield
    except Exception as error:
        made.set_status(StatusCode.ERROR, error.reason if isinstance(error, GirokError) else type(error).__name__)
        raise
    finally:
        made.end()
