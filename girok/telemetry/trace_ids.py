"""W3C trace context to OpenTelemetry's and back. Imported only where traces are recorded."""

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import INVALID_SPAN, Span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from girok.context import current

__all__ = ["RequestTraceIds", "parent_of", "traceparent_of"]

_propagator = TraceContextTextMapPropagator()


class RequestTraceIds(RandomIdGenerator):
    """A trace that begins here has the id that the request's context was given: the one in logs and answers."""

    def generate_trace_id(self) -> int:
        """The context's trace id, else a random one."""
        traceparent = current().traceparent
        return int(traceparent[3:35], 16) if traceparent else super().generate_trace_id()


def parent_of(traceparent: str) -> Context:
    """The context whose span has this traceparent; one without a span for an empty one."""
    nothing = set_span_in_context(INVALID_SPAN, Context())
    return _propagator.extract({"traceparent": traceparent}, nothing) if traceparent else nothing


def traceparent_of(span: Span) -> str:
    """The traceparent of a span."""
    ids = span.get_span_context()
    return f"00-{ids.trace_id:032x}-{ids.span_id:016x}-{ids.trace_flags:02x}"
