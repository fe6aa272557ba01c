"""Fixtures for tests of auth."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plugins.auth.ports import AuthService
from tests.plugins.auth.stage import Stage, stage_on


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Auth, fresh for the test."""
    async with stage_on(tmp_path) as opened:
        yield opened


@pytest.fixture
def port(stage: Stage) -> AuthService:
    """The port, in process."""
    return stage.port
