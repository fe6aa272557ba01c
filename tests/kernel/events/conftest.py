"""What several files of tests of events share."""

from collections.abc import AsyncIterator

import pytest

from girok.servers.nats import nats
from girok.servers.process import ServerProcess
from girok.testing.servers import started


@pytest.fixture
async def server() -> AsyncIterator[ServerProcess]:
    """A NATS server of its own for each test."""
    async with started(nats) as running:
        yield running
