"""Fixtures for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from girok.testing.box import TestBox, box_on


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[TestBox]:
    """A whole box, fresh for the test."""
    async with box_on(tmp_path / "data") as opened:
        yield opened
