"""Feed's tests run twice: with its data on SQL, and on MongoDB."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from girok.testing.box import TestBox
from girok.testing.carrier import CARRIERS
from tests.plugins.feed.stores import STORES, FeedBox


@pytest.fixture(params=STORES)
def feed_box(request: pytest.FixtureRequest) -> FeedBox:
    """`box_on` with feed on each store in turn, empty each time."""
    return STORES[request.param](request)


@pytest.fixture
async def box(feed_box: FeedBox, tmp_path: Path, carrier: str) -> AsyncIterator[TestBox]:
    """A whole box, fresh for the test."""
    async with feed_box(tmp_path / "data", over_grpc=carrier == CARRIERS[1]) as opened:
        yield opened
