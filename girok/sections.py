"""The kernel's own sections of the settings. `[limits]` is made of the plugins' limits (girok/ratelimit.py)."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from girok.networks import parse_network
from girok.settings import Section, Settings, Wrong

__all__ = ["SECTIONS", "Core", "Drain", "Events", "Http", "Log", "Metrics", "Traces", "Web", "in_production"]

Origin = Annotated[
    str,
    Meta(
        pattern=r"^https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?\Z",
        extra={"form": "an origin like https://example.com, in small letters and without a path"},
    ),
]


class Core(Section, frozen=True):
    """Keys above the first table."""

    section: ClassVar[str] = ""

    mode: Annotated[
        Literal["development", "production"],
        Meta(description="`production` refuses settings that are only good on a developer's machine."),
    ] = "development"
    data: Annotated[str, Meta(min_length=1, description="The data directory: database, files, keys, lock.")] = "data"


def in_production(settings: Settings) -> bool:
    """For the rules of a plugin's settings, which `check` has; nothing else of a domain asks for the mode."""
    return settings.get(Core).mode == "production"


class Http(Section, frozen=True):
    """The HTTP listener."""

    section: ClassVar[str] = "http"

    host: Annotated[str, Meta(min_length=1, description="The address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="The port to listen on; 0 takes a free one.")] = 8787
    max_body: Annotated[int, Meta(ge=1024, description="The largest request body in bytes, uploads aside.")] = 1_048_576
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="Networks of proxies whose X-Forwarded-For, -Proto and -Host count: they must set all three."),
    ] = ()

    def check(self, settings: Settings) -> Iterator[Wrong]:  # noqa: ARG002 - rules of other sections need them
        """Every entry is a network or an address."""
        yield from _not_networks("trusted_proxies", self.trusted_proxies)


class Web(Section, frozen=True):
    """The web clients."""

    section: ClassVar[str] = "web"

    origins: Annotated[
        tuple[Origin, ...],
        Meta(
            min_length=1,
            description="Origins that may call with cookies; the first is where links lead. Production must set it.",
        ),
    ] = ("http://127.0.0.1:3000", "http://localhost:3000")

    def check(self, settings: Settings) -> Iterator[Wrong]:
        """Production must not trust whatever runs on a visitor's own machine."""
        if in_production(settings) and settings.source("web.origins") is None:
            yield Wrong("origins", "must be set in production: the origins of the web clients")


class Log(Section, frozen=True):
    """Logs, one line each on standard error."""

    section: ClassVar[str] = "log"

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least severe line that is written.")
    ] = "info"
    format: Annotated[Literal["auto", "json", "text"], Meta(description="`auto` is text on a terminal, else JSON.")] = (
        "auto"
    )
    access: Annotated[bool, Meta(description="Write a line for every request.")] = False


class Metrics(Section, frozen=True):
    """Prometheus metrics at /metrics."""

    section: ClassVar[str] = "metrics"

    allow: Annotated[
        tuple[str, ...],
        Meta(description="Networks that may read /metrics and the details of /readyz; none: loopback and private."),
    ] = ()

    def check(self, settings: Settings) -> Iterator[Wrong]:  # noqa: ARG002 - rules of other sections need them
        """Every entry is a network or an address."""
        yield from _not_networks("allow", self.allow)


class Traces(Section, frozen=True):
    """OpenTelemetry traces."""

    section: ClassVar[str] = "traces"

    endpoint: Annotated[
        str,
        Meta(
            pattern=r"^(?:https?://\S+)?\Z",
            extra={"form": "a URL like http://collector:4318, or empty"},
            description="The OTLP collector (HTTP), as http://collector:4318. Empty: no traces.",
        ),
    ] = ""
    ratio: Annotated[
        float, Meta(ge=0, le=1, description="Of traces that begin here, the part that is recorded; 1 is all.")
    ] = 1.0


class Drain(Section, frozen=True):
    """What happens between SIGTERM and the end."""

    section: ClassVar[str] = "drain"

    seconds: Annotated[float, Meta(gt=0, le=300, description="How long running requests and events may take.")] = 20.0


class Events(Section, frozen=True):
    """Delivery of events to consumers."""

    section: ClassVar[str] = "events"

    max_deliver: Annotated[
        int, Meta(ge=1, le=100, description="How often an event is delivered before it is a dead letter.")
    ] = 8
    retry_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="The wait before the second delivery; it doubles each time, to an hour.")
    ] = 1.0


SECTIONS: tuple[type[Section], ...] = (Core, Http, Web, Log, Metrics, Traces, Drain, Events)
"""In the order in which people read them."""


def _not_networks(key: str, names: Sequence[str]) -> Iterator[Wrong]:
    for name in names:
        try:
            parse_network(name)
        except ValueError:
            yield Wrong(key, f"{name!r} is not a network like 10.0.0.0/8")
