"""Fixtures for tests of auth."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from girok.testing.carrier import CARRIERS, over_grpc
from plugins.auth.ports import AuthService
from tests.plugins.auth.stage import Stage, stage_on


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Auth, fresh for the test."""
    async with stage_on(tmp_path) as opened:
        yield opened


@pytest.fixture
async def port(stage: Stage, carrier: str) -> AsyncIterator[AuthService]:
    """The port, as the carrier says."""
    if carrier == CARRIERS[0]:
        yield stage.port
        return
    async with over_grpc({("auth", "AuthService"): stage.port}) as (remote,):
        yield remote
