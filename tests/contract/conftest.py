"""What the suites of ports share."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from girok.servers.nats import nats
from girok.testing.servers import started
from tests.kernel.events.consumers import Open
from tests.kernel.events.stage import stage


@asynccontextmanager
async def _no_server() -> AsyncGenerator[str, None]:
    yield ""


@asynccontextmanager
async def _nats() -> AsyncGenerator[str, None]:
    async with started(nats) as server:
        yield server.url


@pytest.fixture(params=[_no_server, _nats], ids=["one-box", "cluster"])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens a stage with the bus under test: `opened(consumers, settings=..., start=...)`."""
    async with request.param() as url:
        yield lambda consumers, **options: stage(tmp_path, consumers, nats=url, **options)
