"""An OTLP collector in a test: it keeps the spans that are sent to it."""

import gzip
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

__all__ = ["Collector", "Span", "collecting"]


class Span(NamedTuple):
    """A span as it arrived. Ids are hex; `parent` is empty for the first of a trace. `roles` are the process'."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    error: str
    roles: tuple[str, ...]


class Collector:
    """`url` is `traces.endpoint`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[Span] = []

    def trace(self, trace: str) -> list[Span]:
        """The spans of one trace, in no order."""
        return [each for each in self.spans if each.trace == trace]

    def take(self, body: bytes) -> None:
        """What was posted to /v1/traces."""
        for each in ExportTraceServiceRequest.FromString(body).resource_spans:
            roles = next(item.value for item in each.resource.attributes if item.key == "girok.roles")
            names = tuple(value.string_value for value in roles.array_value.values)
            self.spans += [_span(one, names) for scope in each.scope_spans for one in scope.spans]


@contextmanager
def collecting() -> Generator[Collector, None, None]:
    """A collector on a free port of the loopback address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.take(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Nothing: a test has its own output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield collector
        server.shutdown()
        thread.join()


def _span(one: SpanMessage, roles: tuple[str, ...]) -> Span:
    kind = SpanMessage.SpanKind.Name(one.kind).removeprefix("SPAN_KIND_").lower()
    return Span(
        one.name, kind, one.trace_id.hex(), one.span_id.hex(), one.parent_span_id.hex(), one.status.message, roles
    )
