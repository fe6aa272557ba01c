"""A whole box inside a test: the real wiring on a real data directory, its HTTP app called in process."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx

from girok.app import App, build
from girok.kit import Kit
from girok.manifest import discover, part
from girok.roles import resolve
from girok.settings_load import load
from girok.testing import carrier
from girok.testing.client import Browser
from girok.testing.events import Settling, settle
from girok.testing.store import store_url
from girok.wiring import Box, open_box

__all__ = ["TestBox", "box_on"]

CHEAP = {
    "GIROK_AUTH_ARGON2_MEMORY_KIB": "64",
    "GIROK_AUTH_ARGON2_PASSES": "1",
    "GIROK_LIMITS_ENABLED": "false",
}
"""Settings that make a test quick and change nothing that it looks at."""


class TestBox:
    """An open box with its bus running."""

    __test__ = False

    def __init__(self, box: Box, app: App) -> None:
        self.box = box
        self.app = app

    @property
    def kit(self) -> Kit:
        """What plugins are given."""
        return self.box.kit

    def browser(self, base_url: str = "http://127.0.0.1:8787") -> Browser:
        """A browser that calls the app in process, from the loopback address."""
        return Browser(base_url, httpx.ASGITransport(self.app.edge, client=("127.0.0.1", 50_000)))

    async def settle(self) -> None:
        """Wait until every event that is due has been handled."""
        for each in reversed(self.box.parts):  # the relay before the bus, as events go
            assert isinstance(each, Settling)
            await settle(each)


@asynccontextmanager
async def box_on(data: Path, *, over_grpc: bool = False, **env: Any) -> AsyncGenerator[TestBox, None]:
    """Open a box on `data`; `env` are settings as environment variables.

    With `over_grpc` the kit's ports call it as another process would; its own parts call one another directly.
    """
    manifests = discover()
    store = {"GIROK_DATABASE_URL": await store_url(data)}
    settings = load(manifests, env={**CHEAP, **store, **env}, flags={"data": str(data)})
    async with open_box(settings, manifests, resolve(manifests)) as box, AsyncExitStack() as running:
        for each in box.parts:
            await each.start()
            running.push_async_callback(each.drain, 0.0)
        async with _carried(box) if over_grpc else nullcontext():
            yield TestBox(box, build(box))


@asynccontextmanager
async def _carried(box: Box) -> AsyncGenerator[None, None]:
    protocols = {
        (name, port): getattr(part(name, "ports"), port)
        for name in box.plan.local
        for port in box.manifests[name].provides
    }
    async with carrier.over_grpc({key: box.kit.ports[each] for key, each in protocols.items()}) as remote:
        for protocol, port in zip(protocols.values(), remote, strict=True):
            box.kit.ports.add(protocol, port)
        yield
