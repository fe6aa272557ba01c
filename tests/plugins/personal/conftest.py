"""Who calls personal's REST."""

from collections.abc import AsyncIterator

import pytest

from girok.testing.box import TestBox
from tests.plugins.personal.visitors import Visitor, nobody, somebody


@pytest.fixture
async def ada(box: TestBox) -> AsyncIterator[Visitor]:
    async with somebody(box, "ada") as found:
        yield found


@pytest.fixture
async def ben(box: TestBox) -> AsyncIterator[Visitor]:
    async with somebody(box, "ben") as found:
        yield found


@pytest.fixture
async def guest(box: TestBox) -> AsyncIterator[Visitor]:
    """Who has no account, but maybe a link."""
    async with nobody(box) as found:
        yield found
