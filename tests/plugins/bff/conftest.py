"""Fixtures for tests of the bff."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.plugins.bff.stage import Stage, stage_on


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """The front door, fresh for the test."""
    async with stage_on(tmp_path) as opened:
        yield opened
